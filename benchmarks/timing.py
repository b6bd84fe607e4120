"""How long something takes on a machine that others use too, and when to give up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

Result = TypeVar("Result")

ENOUGH = 0.5
"""Seconds for which a measurement is repeated: the fastest is kept, the others measure the neighbours."""


class TooLong(Exception):  # noqa: N818 (a state, not an error)
    """A solver that has not finished within its time."""


class Failed(Exception):  # noqa: N818
    """A solver that has given up."""


def fastest(work: Callable[[], Result], enough: float = ENOUGH) -> tuple[float, Result]:
    """Repeat ``work`` until ``enough`` seconds have passed; the least that it took, and what it returned."""
    best, started = float("inf"), perf_counter()
    while True:
        before = perf_counter()
        result = work()
        now = perf_counter()
        best = min(best, now - before)
        if now - started >= enough:
            return best, result


def deadline(seconds: float) -> Callable[[], None]:
    """A function that raises :class:`TooLong` once ``seconds`` from now have passed."""
    until = perf_counter() + seconds

    def check() -> None:
        if perf_counter() > until:
            raise TooLong

    return check


def tell(what: str) -> None:
    """Say on standard error what is being measured."""
    print(f"  {what}", file=sys.stderr, flush=True)


def spoken(seconds: float) -> str:
    """Seconds with three digits in the unit in which they are read."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit or name == "µs":
            value = seconds / unit
            return f"{value:.0f} {name}" if value >= 100 else f"{value:.3g} {name}"
    raise AssertionError
