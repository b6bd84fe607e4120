"""Validation of the numbers that a caller gives to a catalog: an invalid one is refused in one line."""

from __future__ import annotations

from math import nan
from numbers import Real
from typing import Any

from catalog.errors import CatalogError

LONGEST_SHOWN = 60
"""Characters of a value that a message repeats."""


def refuse_below(name: str, value: Any, least: float, what: str) -> None:
    """Raise unless ``value`` is a number of at least ``least``; a truth value or NaN is none.

    Raises
    ------
    CatalogError
    """
    number: Any = nan if isinstance(value, bool) or not isinstance(value, Real) else value
    if not number >= least:  # not float(number): a whole number may be beyond every float
        shown = " ".join(repr(value).split())
        shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."
        raise CatalogError(f"{name} = {shown}: {what} of at least {least:g} is allowed")
