"""A kernel at work while Python goes on listening: to Ctrl-C, and to how far it has come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

LOOKS_A_SECOND = 20.0


def watched(work: Callable[[], Any], watch: np.ndarray, tell: Callable[[float, int], None] | None = None) -> Any:
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

    threading.Thread(target=run, daemon=True).start()
    interrupted = False
    while not done.is_set():
        try:
            if not done.wait(1.0 / LOOKS_A_SECOND) and tell is not None:
                tell(float(watch[1]), int(watch[2]))
        except KeyboardInterrupt:
            interrupted = True
            watch[0] = 1.0
    if interrupted:
        raise KeyboardInterrupt
    result, error = outcome[0]
    if error is not None:
        raise error
    return result
