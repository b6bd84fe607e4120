"""How far a computation has come, in the output of a notebook's cell."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from pipeline.workflow.stages import NOBODY, Stages

PATIENCE_SECONDS = 2.0
"""A computation that ends before says nothing, so that its result is the cell's only output."""
EVERY_SECONDS = 0.1
"""How often the line changes at most."""
QUIET = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.FunctionDef, ast.ClassDef)
"""Statements that show nothing."""


def in_notebook() -> bool:
    """Whether this process is a Jupyter kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def shows_a_fit_alone(cell: str) -> bool:
    """Whether a cell ends with ``fit(...)``, whose result Jupyter shows, and shows nothing before it.

    Parameters
    ----------
    cell
        Its code; where it is no Python the answer is no.
    """
    try:
        *before, last = ast.parse(cell).body
    except (SyntaxError, ValueError):  # ValueError: an empty cell too
        return False
    quiet = all(isinstance(statement, QUIET) for statement in before)
    if not (quiet and isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)):
        return False
    function = last.value.func
    return getattr(function, "attr", getattr(function, "id", "")) == "fit"


class CellLine(Stages):
    """One line below the cell, replaced as the computation goes on; in the end it says how long that took.

    Jupyter can't take one output away: emptied, the line would leave a gap, and to clear the cell takes along what
    it has shown before. So that is done where it has shown nothing, and its result is about to come.
    """

    def __init__(self) -> None:
        """Begin to wait."""
        self._started = self._said = perf_counter()
        self._handle: Any = None

    def say(self, words: str) -> None:
        """Show the words, unless others were shown just now."""
        now = perf_counter()
        if now - self._started < PATIENCE_SECONDS or (
            self._handle is not None and now - self._said < EVERY_SECONDS
        ):
            return
        self._said = now
        if self._handle is None:
            from IPython.display import DisplayHandle

            self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
            self._handle.display({"text/plain": words}, raw=True)
        else:
            self._handle.update({"text/plain": words}, raw=True)

    def close(self, ending: str) -> None:
        """Say how it ended, and after how long."""
        if self._handle is not None:
            words = f"{ending} {perf_counter() - self._started:.1f} s."
            self._handle.update({"text/plain": words}, raw=True)

    def make_way(self) -> None:
        """Let the result take the line's place, if the cell shows nothing else."""
        if self._handle is not None and shows_a_fit_alone(_cell()):
            from IPython.display import clear_output

            clear_output(wait=True)  # type: ignore[no-untyped-call]


def _cell() -> str:
    """The code of the cell that is being executed."""
    from IPython import get_ipython

    return str(get_ipython().user_ns["In"][-1])


@contextmanager
def notebook_progress(wanted: bool | None) -> Iterator[Stages]:
    """What a run is told to, stage by stage: a line in a notebook, or nobody.

    Parameters
    ----------
    wanted
        None: where there is a notebook.
    """
    if wanted is False or not in_notebook():
        yield NOBODY
        return
    line = CellLine()
    try:
        yield line
    except BaseException:  # an interrupt too
        line.close("Ended after")
        raise
    line.close("Computed in")
    line.make_way()
