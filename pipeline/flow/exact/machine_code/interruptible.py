"""A kernel at work while Python goes on listening: to Ctrl-C, and to how far it has come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

POLLS_PER_SECOND = 20.0


def run_interruptibly(
    work: Callable[[], Any], watch: np.ndarray, tell: Callable[[float, int], None] | None = None
) -> Any:
    """Run ``work`` and return its result; on Ctrl-C ask it to stop, wait for it, and pass the interrupt on.

    The machine code runs in a thread of its own, without the interpreter's lock. In the main thread an interrupt
    would wait until it returns, and numba builds the tuples that it returns with the interpreter's own calls,
    which a pending interrupt makes fail halfway: the process would crash.

    Parameters
    ----------
    work
        Looks at ``watch[0]`` now and then and stops if it is not 0; writes time and steps to the others.
    tell
        Called now and then with the time reached and the number of steps.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # signals don't come here
    outcome: list[Any] = []
    done = threading.Event()  # not the thread's join: an interrupt there has Python 3.11 take it for ended

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as error:  # raised again below, in the thread that asked
            outcome.append((None, error))
        finally:
            done.set()

    interrupts: list[int] = []

    def interrupt(*_: Any) -> None:
        interrupts.append(1)
        watch[0] = 1.0

    with interrupts_told_to(interrupt):
        threading.Thread(target=run, daemon=True).start()
        while not done.is_set():
            try:
                if not done.wait(1.0 / POLLS_PER_SECOND) and tell is not None:
                    tell(float(watch[1]), int(watch[2]))
            except KeyboardInterrupt:  # from a handler that is not Python's own
                interrupt()
    if interrupts:
        raise KeyboardInterrupt
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


@contextmanager
def interrupts_told_to(told: Callable[..., None]) -> Iterator[None]:
    """Have Ctrl-C call ``told`` where Python would raise KeyboardInterrupt between any two instructions.

    So none is lost between the start of a thread and the waiting for it. Who has a handler of his own keeps it.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, told)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
