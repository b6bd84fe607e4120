"""What to type where a value is no table of numbers: the end of a message, for the kinds that people have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def remedy(name: str, values: Any, found: np.ndarray) -> str:
    """Say what makes a table of numbers of a value; empty if nothing is known of its kind.

    Parameters
    ----------
    name
        Of the argument.
    values, found
        The value, and the array that NumPy makes of it.
    """
    if isinstance(values, str):
        return f"; reluflow.run({values!r}) reads a file"
    if isinstance(values, Mapping):
        return f"; pandas.DataFrame({name}) makes one of columns"
    for method in ("toarray", "to_dense"):  # of SciPy's and of torch's sparse ones
        if found.ndim == 0 and hasattr(values, method):
            return f"; {name}.{method}() makes one"
    if hasattr(values, "tensors"):
        return f"; {name}.tensors has the arrays of a torch data set"
    if found.ndim > 2:
        return f"; {name}.reshape(len({name}), -1) makes one row of each"
    if found.dtype.kind == "b":
        return f"; 2.0 * {name} - 1.0 makes 1 and -1 of truth values"
    if found.size and isinstance(found.flat[0], str | bytes):
        return _of_texts(name, found.flat[0])
    return ""


def _of_texts(name: str, first: str | bytes) -> str:
    try:
        float(first)
    except ValueError:
        return f"; 2.0 * (numpy.array({name}) == {str(first)[:40]!r}) - 1.0 makes 1 and -1 of two classes"
    return f"; numpy.array({name}, dtype=float) makes one of texts"
