"""Validation of the numbers that a caller gives to a catalog: an invalid one is refused in one line."""

from __future__ import annotations

from numbers import Real

from catalog.errors import CatalogError


def refuse_below(name: str, value: object, least: float, what: str) -> None:
    """Raise unless ``value`` is a number of at least ``least``; a truth value or NaN is none.

    Raises
    ------
    CatalogError
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) >= least:
        raise CatalogError(f"{name} = {value!r}: {what} of at least {least:g} is allowed")
