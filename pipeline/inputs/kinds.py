"""What a caller gives that is no number: a truth value, a text, a function, a Dataset; refused in one line.

A stage reads a Dataset by the names of its variables, and Python raises a bare KeyError or AttributeError where
one of another stage was given. So each argument of a public function passes here, or through
:func:`catalog.schema.validate`, before it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.inputs.arguments import shown
from pipeline.inputs.errors import RequestError

if TYPE_CHECKING:
    import xarray as xr

T = TypeVar("T")

_IN_WORDS = {"point": "points", "coord": "coordinates", "neuron": "neurons"}
"""The dimensions that all datasets of one run share."""


def truth(name: str, value: Any) -> bool:
    """Convert what is plainly true or false: Python's, NumPy's, or an array of no dimension.

    Raises
    ------
    RequestError
        If it is neither; a number or a text is none, whatever Python makes of it.
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, bool):
        raise RequestError(f"{name} = {shown(value)}: true or false is allowed")
    return value


def text(name: str, value: Any, such_as: str) -> str:
    """Return a text; ``such_as`` is one that is allowed, for the message.

    Raises
    ------
    RequestError
        If it is none.
    """
    if not isinstance(value, str):
        raise RequestError(f"{name} is a {type(value).__name__}: allowed is a text such as {such_as!r}")
    return value


def folder(name: str, value: Any) -> Path:
    """Return the path of a folder of this machine; it need not be there yet.

    Raises
    ------
    RequestError
        If it is none. An empty text would mean the folder in which Python runs.
    """
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise RequestError(f"{name} = {shown(value)}: allowed is the path of a folder")
    return Path(value)


def function(name: str, value: Callable[..., T] | None) -> Callable[..., T] | None:
    """Return what can be called, or None.

    Raises
    ------
    RequestError
        If it is neither.
    """
    if value is not None and not callable(value):
        raise RequestError(f"{name} = {shown(value)}: a function or None is allowed")
    return value


def instance(name: str, value: Any, kind: type[T], allowed: str) -> T:
    """Return an object of a class of ours; ``allowed`` says what that is.

    Raises
    ------
    RequestError
        If it is another one.
    """
    if not isinstance(value, kind):
        raise RequestError(f"{name} is a {type(value).__name__}: allowed is {allowed}")
    return value


def dataset(name: str, value: Any, source: str, *variables: str) -> xr.Dataset:
    """Return a Dataset, or a group of a run, that has these variables; ``source`` says what makes one.

    Raises
    ------
    RequestError
        If it is none, or lacks one of them.
    """
    import xarray as xr  # takes half a second, and a configuration is read without it

    if not isinstance(value, xr.Dataset | xr.DataTree):
        raise RequestError(f"{name} is a {type(value).__name__}: allowed is the Dataset that {source} returns")
    for variable in variables:
        if variable not in value.variables:
            raise RequestError(f"{name}/{variable} is missing: allowed is the Dataset that {source} returns")
    return value.to_dataset() if isinstance(value, xr.DataTree) else value


def refuse_other_sizes(**datasets: xr.Dataset | None) -> None:
    """Refuse Datasets that are not of one run: as many points, coordinates and neurons each.

    Parameters
    ----------
    datasets
        By the names of their arguments; the first that has a dimension says how large it is.

    Raises
    ------
    RequestError
        Naming the first that differs, and from which.
    """
    seen: dict[str, tuple[str, int]] = {}
    for name, found in datasets.items():
        for dim, words in _IN_WORDS.items():
            size = None if found is None else found.sizes.get(dim)
            if size is None:
                continue
            other, expected = seen.setdefault(dim, (name, size))
            if size != expected:
                raise RequestError(f"{name} has {size} {words}: allowed are {expected}, as {other} has")
