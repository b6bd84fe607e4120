"""How long something takes on a machine that others use too, and when to give up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TypeVar

Result = TypeVar("Result")

ENOUGH = 0.5
"""Seconds for which a measurement is repeated: the fastest is kept, the others measure the neighbours."""


class TooLong(Exception):  # noqa: N818 (a state, not an error)
    """A solver that has not finished within its time."""


class Failed(Exception):  # noqa: N818
    """A solver that has given up."""


@dataclass(frozen=True)
class Patience:
    """How a solver is measured.

    Attributes
    ----------
    limit
        Seconds after which a run is given up.
    enough
        Seconds for which a run is repeated.
    clock
        What tells the seconds: the wall's clock, or the processor's, which other work on the machine leaves alone.
    growth
        How many times as long a solver's next setting takes at least, once one has taken longer than the one
        before: one that is foretold to take too long is not tried.
    tries
        How many settings may take too long before any has not: the coarsest ones of some are unstable.
    """

    limit: float
    enough: float = ENOUGH
    clock: Callable[[], float] = perf_counter
    growth: float = 1.0
    tries: int = 1


def fastest(
    work: Callable[[], Result], enough: float = ENOUGH, clock: Callable[[], float] = perf_counter
) -> tuple[float, Result]:
    """Repeat ``work`` until ``enough`` seconds have passed; the least that it took, and what it returned."""
    best, started = float("inf"), clock()
    while True:
        before = clock()
        result = work()
        now = clock()
        best = min(best, now - before)
        if now - started >= enough:
            return best, result


def deadline(seconds: float) -> Callable[[], None]:
    """A function that raises :class:`TooLong` once the processor has worked ``seconds`` from now."""
    until = process_time() + seconds

    def check() -> None:
        if process_time() > until:
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
