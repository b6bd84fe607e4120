"""How far a long computation has come, for the person who waits: on standard error, from two seconds on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import perf_counter
from typing import TYPE_CHECKING

from pipeline.cli.safe_text import visible
from pipeline.workflow.stages import Stages

if TYPE_CHECKING:
    from rich.text import Text

PATIENCE = 2.0
"""Seconds that a person waits without wondering."""


class Line(Stages):
    """One line that says what is being done, shown from two seconds on, however long a stage says nothing."""

    def __init__(self) -> None:
        """Begin to wait."""
        from rich.console import Console

        self._words, self._shown, self._lock = "Starting ...", False, Lock()
        self._line = Console(stderr=True).status(_as_it_is(self._words))
        self._timer = Timer(PATIENCE, self._show)
        self._timer.daemon = True
        self._timer.start()

    def say(self, words: str) -> None:
        """Say what is being done from now on."""
        with self._lock:
            self._words = words
            if self._shown:
                self._line.update(_as_it_is(words))

    def _show(self) -> None:
        with self._lock:
            if not self._timer.finished.is_set():
                self._shown = True
                self._line.update(_as_it_is(self._words))
                self._line.start()

    def close(self) -> None:
        """Wait no longer, and take the line away."""
        self._timer.cancel()
        with self._lock:
            if self._shown:
                self._line.stop()


def _as_it_is(words: str) -> Text:
    """The words without markup, which rich would see in a path with brackets."""
    from rich.text import Text

    return Text(visible(words))


@contextmanager
def telling() -> Iterator[Stages]:
    """What a run is told to, stage by stage, while a person waits for it."""
    stages = Line()
    try:
        yield stages
    finally:
        stages.close()


@contextmanager
def counting(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """A function to be called after each of ``steps``; shows a bar while it is called."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

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
