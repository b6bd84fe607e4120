"""How far a long computation has come, for the person who waits: on standard error, from two seconds on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.status import Status

PATIENCE = 2.0
"""Seconds that a person waits without wondering."""


@contextmanager
def telling() -> Iterator[Callable[[float, int], None]]:
    """A function to be told the time t reached and the number of steps; shows them while it is called."""
    started = perf_counter()
    shown: list[Status] = []
    with ExitStack() as stack:

        def tell(time: float, steps: int) -> None:
            if perf_counter() - started < PATIENCE:
                return
            if not shown:
                shown.append(stack.enter_context(Console(stderr=True).status("")))
            shown[0].update(f"The flow has reached t = {time:.4g} in {steps:,} steps ...")

        yield tell


@contextmanager
def counting(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """A function to be called after each of ``steps``; shows a bar while it is called."""
    started = perf_counter()
    columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    bar = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    task = bar.add_task(what, total=steps)

    def advance() -> None:
        bar.advance(task)
        if perf_counter() - started >= PATIENCE and not bar.live.is_started:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()
