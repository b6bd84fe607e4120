"""Who has a sweep computed: what it is told on the way, and how it asks for the end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


def _nothing(*_: object) -> None:
    """Take note of nothing, and let the sweep go on."""


@dataclass(frozen=True)
class Caller:
    """What a sweep tells its caller, and asks it.

    Attributes
    ----------
    progress
        Told now and then how many cells are done, and how many were to do.
    deserted
        Called once if the scheduler has had no worker for a while.
    check
        Called between two pieces of work, where nothing is left half done; what it raises ends the sweep.
    """

    progress: Callable[[int, int], None] = _nothing
    deserted: Callable[[], None] = _nothing
    check: Callable[[], None] = _nothing


@dataclass
class Interruption:
    """Whether Ctrl-C or SIGTERM has come.

    Python raises KeyboardInterrupt wherever the main thread happens to be. In a callback, in a destructor or while
    a module is imported, such an exception is printed or dropped: one Ctrl-C in 94 did nothing. No flag is lost.

    Attributes
    ----------
    status
        The exit status with which the second signal ends the process.
    asked
        Set by the first signal.
    """

    status: int
    asked: bool = False  # not an Event: a handler that waits for its lock, held by what it interrupts, never ends

    def check(self) -> None:
        """Raise KeyboardInterrupt, here where it is not lost, if a signal has come."""
        if self.asked:
            raise KeyboardInterrupt

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal: the first is noted, the second ends the process."""
        if self.asked:
            if sys.stderr.isatty():
                os.write(2, b"\x1b[?25h")  # the cursor, which a progress bar hides
            os._exit(self.status)
        self.asked = True


@contextmanager
def interruptible(status: int) -> Iterator[Interruption]:
    """Have Ctrl-C and SIGTERM noted instead of raised; if one has come, KeyboardInterrupt is raised at the end.

    The second ends the process at once, with ``status``. A signal that is ignored stays so, as a shell has it for
    what it starts in the background. In another thread than the main one no signal comes, and nothing is changed.
    """
    interruption = Interruption(status)
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, interruption)
    try:
        yield interruption
        interruption.check()
    finally:
        if not interruption.asked:  # else the command is ending, and a second signal is to end it at once
            for number, handler in before.items():
                signal.signal(number, handler)
