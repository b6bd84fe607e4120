"""The numbers that a caller gives: converted to Python's own, checked, or refused in one line.

A compiled solver is compiled anew for every type that it has not seen: an integer where a float is meant would
cost minutes. So each number of a public function passes here before anything is done with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import inf, isfinite, isnan
from numbers import Real
from typing import TYPE_CHECKING, Any

from pipeline.inputs.errors import RequestError
from pipeline.inputs.remedies import remedy

if TYPE_CHECKING:  # a configuration is read without NumPy
    import numpy as np


@dataclass(frozen=True)
class Allowed:
    """Which numbers are allowed.

    Attributes
    ----------
    least, most
        The bounds that are allowed themselves.
    above, below
        The bounds that are not.
    infinite
        Whether an infinite number within the bounds is allowed.
    """

    least: float = -inf
    most: float = inf
    above: float = -inf
    below: float = inf
    infinite: bool = False

    def __contains__(self, value: float) -> bool:
        if isnan(value) or (not isfinite(value) and not self.infinite):
            return False
        inside = self.least <= value <= self.most
        return inside and (value > self.above or self.above == -inf) and (value < self.below or self.below == inf)

    def in_words(self, noun: str) -> str:
        """What is allowed, for a message: ``a number from 1e-11 to 0.1 is allowed``."""
        bounds = []
        if isfinite(self.least):
            bounds.append(
                f"from {self.least:g} to {self.most:g}" if isfinite(self.most) else f"of at least {self.least:g}"
            )
        elif isfinite(self.above):
            bounds.append(f"above {self.above:g}")
        if isfinite(self.below):
            bounds.append(f"below {self.below:g}")
        elif isfinite(self.most) and not isfinite(self.least):
            bounds.append(f"up to {self.most:g}")
        limits = f" {' and '.join(bounds)}" if bounds else ""
        adjective = "" if self.infinite or "whole" in noun else "finite "
        return f"a {adjective}{noun}{limits} is allowed"


ANY = Allowed()
POSITIVE = Allowed(above=0.0)
TIME = Allowed(above=0.0, infinite=True)
"""An instant to stop at; infinity: when the flow rests."""
TOLERANCE = Allowed(least=1e-11, most=1e-1)
"""Of the exact method: below, rounding is all that is left to control."""
FINER_TOLERANCE = Allowed(least=1e-14, most=1e-1)
"""Of a library's steps."""
SLOPE = Allowed(least=-1e3, most=1e3)
"""Of the leaky ReLU; why not more: :class:`pipeline.configuration.FlowConfig`."""
OUTPUT_SPEED = Allowed(least=1e-6, most=1e6)
"""Of the output layer against the hidden one. At 0 and infinity one layer rests, which is another flow."""
PROPER_SHARE = Allowed(above=0.0, below=1.0)
"""The paper's epsilon."""
MANY = 10_000_000
"""A bound on every count: a thousand times it, and the system kills the process before NumPy can say why."""
COUNT = Allowed(least=1, most=MANY)
PAIRS = Allowed(least=2, most=MANY)
"""Of points or neurons, of which there must be some of each sign."""
SAMPLES = Allowed(least=2, most=MANY)


def number(name: str, value: Any, allowed: Allowed = ANY) -> float:
    """Convert what is plainly one real number: Python's, NumPy's, or an array of no dimension.

    Parameters
    ----------
    name
        Of the argument, for the message.
    value
        What the caller gave. A truth value or a text is no number, whatever Python makes of it.
    allowed
        Which numbers are.

    Raises
    ------
    RequestError
        If it is none, or is not allowed.
    """
    plain = _plain(value)
    if plain is None or plain not in allowed:
        raise RequestError(f"{name} = {shown(value)}: {allowed.in_words('number')}")
    return plain


def whole(name: str, value: Any, allowed: Allowed = COUNT) -> int:
    """Convert what is plainly one whole number; 60.0 is 60.

    Raises
    ------
    RequestError
        If it is none, or is not allowed.
    """
    plain = _plain(value)
    if plain is None or plain not in allowed or not plain.is_integer():
        raise RequestError(f"{name} = {shown(value)}: {allowed.in_words('whole number')}")
    return int(plain)


def numbers(name: str, values: Any, allowed: Allowed = ANY) -> np.ndarray:
    """Convert a list, an array or a DataArray of real numbers to float64[any], contiguous.

    Raises
    ------
    RequestError
        If it is no such list, or names the first number that is not allowed.
    """
    import numpy as np

    try:
        found = np.asarray(
            list(values) if isinstance(values, Iterable) and not hasattr(values, "dtype") else values
        )
    except (TypeError, ValueError):  # rows of different lengths
        found = np.empty((0, 0))
    if found.size == 0 and found.ndim == 1:
        return np.empty(0)
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        raise RequestError(f"{name} = {shown(values)}: a list of numbers is allowed")
    plain = np.array(found, dtype=float)
    for i, value in enumerate(plain.tolist()):
        if value not in allowed:
            raise RequestError(f"{name}[{i}] = {value:g}: {allowed.in_words('number')}")
    return plain


def at_least_one(name: str, values: Any, allowed: Allowed = ANY) -> np.ndarray:
    """Convert a list of real numbers as :func:`numbers` does, and refuse an empty one.

    Raises
    ------
    RequestError
    """
    found = numbers(name, values, allowed)
    if not len(found):
        raise RequestError(f"{name} = []: at least one number is allowed")
    return found


def one_or_several(values: Any) -> Any:
    """A list of one number, or the numbers as they are; what is neither stays, for its message."""
    single = getattr(values, "shape", None) == () or not isinstance(values, Iterable)
    return [values] if single else values


def matrix(name: str, values: Any) -> np.ndarray:
    """Convert a table of finite real numbers to float64[row, column]: one number a row is one column.

    Parameters
    ----------
    values
        An array of any library, a DataFrame, a DataArray, or lists.

    Raises
    ------
    RequestError
        If it is no such table, is empty, or names the first number that is not finite.
    """
    import numpy as np

    if hasattr(values, "detach"):  # a tensor that may ask for gradients, of a type that NumPy may not know
        values = values.detach().cpu()
        values = values.double() if values.is_floating_point() else values
    values = list(values) if isinstance(values, Iterator) else values
    try:
        found = np.asarray(values)
    except (TypeError, ValueError):
        found = np.array(None)
        if isinstance(values, list | tuple):
            raise RequestError(f"{name} has rows of different lengths: a table of numbers is allowed") from None
    if found.ndim == 0 and found.dtype.kind == "O":  # a sparse matrix, a dictionary, nothing at all
        kind = type(values).__name__
        raise RequestError(
            f"{name} is of the type {kind}: a table of numbers is allowed{remedy(name, values, found)}"
        )
    hidden = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else np.zeros(0)
    for place in np.argwhere(hidden)[:1]:
        raise RequestError(f"{name}{_place(place)} is masked: a finite number is allowed")
    if found.dtype.kind == "O" and found.ndim <= 2:
        found = _floats_of_objects(name, found)
    flat = found.ndim == 1
    table = found[:, None] if flat else found
    if table.dtype.kind not in "iuf" or table.ndim != 2 or not table.size:
        what = f"{name} has the shape {found.shape} and the type {found.dtype}"
        allowed = "a table of real numbers, (rows, columns) or (rows,), is allowed"
        raise RequestError(f"{what}: {allowed}{remedy(name, values, found)}")
    plain = np.ascontiguousarray(table, dtype=np.float64)
    for row, column in np.argwhere(~np.isfinite(plain))[:1]:
        place = _place([row] if flat else [row, column])
        raise RequestError(f"{name}{place} = {plain[row, column]}: a finite number is allowed")
    return plain


def _place(indices: Iterable[int]) -> str:
    return "".join(f"[{i}]" for i in indices)


def _floats_of_objects(name: str, found: np.ndarray) -> np.ndarray:
    """An array of Python's own numbers, as a data frame of several types makes it, as floats.

    Raises
    ------
    RequestError
        Naming the first entry that is no number: a text, a truth value, something missing.
    """
    import numpy as np

    plain = np.empty(found.shape)
    for place, value in np.ndenumerate(found):
        number = float(value) if isinstance(value, Decimal) else _plain(value)
        if number is None:
            what = f"{name}{_place(place)} = {shown(value)}: a number is allowed"
            raise RequestError(
                f"{what}; {name}.astype(float) makes 0 and 1 of it" if isinstance(value, bool) else what
            )
        plain[place] = number
    return plain


def counts(name: str, values: Any, allowed: Allowed = COUNT) -> list[int]:
    """Convert a list of whole numbers, at least one.

    Raises
    ------
    RequestError
        If it is none, or names the first that is not allowed.
    """
    found = numbers(name, values).tolist()
    if not found:
        raise RequestError(f"{name} = []: at least one whole number is allowed")
    return [whole(f"{name}[{i}]", value, allowed) for i, value in enumerate(found)]


def instants(name: str, values: Any, until: float = inf, *, empty: bool = False) -> np.ndarray:
    """Convert the times of samples: increasing from 0 on, up to ``until``.

    Raises
    ------
    RequestError
        If they are not, or there is none and ``empty`` does not allow it.
    """
    import numpy as np

    times = numbers(name, values, Allowed(least=0.0))
    if not len(times) and not empty:
        raise RequestError(f"{name} = []: at least one time is allowed")
    for i in np.flatnonzero(np.diff(times) < 0):
        raise RequestError(
            f"{name}[{i + 1}] = {times[i + 1]:g} comes after {times[i]:g}: increasing times are allowed"
        )
    for i in np.flatnonzero(times > until):
        raise RequestError(f"{name}[{i}] = {times[i]:g}: at most end_time = {until:g} is allowed")
    return times


def _plain(value: Any) -> float | None:
    """The value as Python's float; None if it is no real number."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # NumPy's, torch's, a DataArray
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    real: Any = value
    try:
        return float(value)
    except OverflowError:  # a whole number beyond every float
        return inf if real > 0 else -inf


def shown(value: Any) -> str:
    """The value on one line, cut where nobody reads on."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # more digits, or lists in lists, than Python writes
        text = "a value too long to be written"
    return text if len(text) <= 60 else f"{text[:57]}..."
