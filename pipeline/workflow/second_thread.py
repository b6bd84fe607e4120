"""Work that needs nothing of what is computed meanwhile, in a second thread of the program.

Compiled kernels and the interior-point method run without the interpreter's lock, so that two cores are used. What
is computed is the same to the bit, for neither thread reads what the other writes.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


class _GivenUp(SystemExit):
    """Raised in the second thread where its result is wanted no more; of this kind, Python says nothing of it."""


@contextmanager
def in_second_thread(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin with ``work``, and yield what waits for its result, or raises its error.

    Beside the main thread alone: a server's and a scheduler's threads share the cores already, and there the work
    is done when its result is asked for. If the block ends without it, by Ctrl-C for instance, it is given up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield work
        return
    outcome: list[tuple[Any, BaseException | None]] = []
    done = threading.Event()
    context = copy_context()  # NumPy's error state is part of it

    def run() -> None:
        try:
            outcome.append((context.run(work), None))
        except BaseException as error:  # raised again in the thread that asks
            outcome.append((None, error))
        finally:
            done.set()

    def result() -> Result:
        done.wait()
        found, error = outcome[0]
        if error is not None:
            raise error
        return found  # type: ignore[no-any-return]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield result
    finally:
        # Python must not end while the thread is in a library's code: it would be torn out of it, and crash.
        if not done.is_set():
            _interrupt(thread)
            thread.join()


def _interrupt(thread: threading.Thread) -> None:
    """Have a thread raise between two of its instructions, as Ctrl-C has the main one."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_GivenUp))
