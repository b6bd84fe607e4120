"""Processes that compute for pages: each does one computation at a time and can be ended at any moment.

A thread can't be ended, and a stage in machine code does not check whether its result is still wanted. A
process can be ended, and its memory, files and share of the CPU are freed with it. The processes are forked
from one that has imported what they need, which takes milliseconds, and results return through a pipe: 300 kB
for the paper's experiment.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from catalog import CatalogError
from pipeline import RequestError

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PRELOADED = "dashboards.process_startup"
"""The module that the process from which the others are forked imports once."""
YIELDING = 10
"""The niceness of long computations, so that short ones run first."""

_outward: list[Connection] = []


def prepare_processes() -> None:
    """Start the process from which the others are forked, in the background; Ctrl-C does not reach it."""
    if METHOD != "forkserver" or threading.current_thread() is not threading.main_thread():
        return  # signals are the main thread's; the processes then import for themselves
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        multiprocessing.set_forkserver_preload([PRELOADED])
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, handler)


def tell(words: str) -> None:
    """Report the progress of a computation; outside of such a process this does nothing."""
    for connection in _outward:
        connection.send(("progress", words))


def flow_reached(time: float, steps: int) -> None:
    """Report the progress of the solver: the pipeline's ``progress`` callback."""
    tell(f"The flow has reached t = {time:.4g} in {steps:,} steps")


class Worker:
    """A process that waits for computations.

    Attributes
    ----------
    yielding
        Whether it runs at low priority.
    last
        A weak reference to the visitor for whom it computed last: its caches, such as the last flow, are of
        use for the same visitor.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context(METHOD)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()
        self.yielding = False
        self.last: Callable[[], Any] = lambda: None

    def ask(self, function: Callable[..., Any], *args: Any) -> None:
        """Start to compute ``function(*args)``; both must be picklable."""
        self.connection.send((function, args))

    def answer(self, seconds: float) -> tuple[str, Any] | None:
        """Wait for ("progress", text), ("result", value) or ("error", exception); None if none comes in time."""
        if not wait([self.connection], seconds):
            return None
        try:
            news: tuple[str, Any] = self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join(1.0)
            code = self.process.exitcode
            return "error", RuntimeError(f"the process of the computation ended unexpectedly (exit status {code})")
        return news

    def give_way(self) -> None:
        """Run at low priority from now on."""
        self.yielding = True
        with suppress(OSError, AttributeError):
            assert self.process.pid is not None
            os.setpriority(os.PRIO_PROCESS, self.process.pid, YIELDING)

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join(5.0)
        self.connection.close()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return bool(self.process.is_alive())


def serve(connection: Connection) -> None:
    """Compute what is requested, one after the other, until the parent process has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    _outward.append(connection)
    while True:
        try:
            function, args = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            news = "result", function(*args)
        except Exception as error:
            news = "error", transferable(error)
        try:
            connection.send(news)
        except (BrokenPipeError, ConnectionError):
            return
        except Exception as error:  # what can't be pickled
            connection.send(("error", transferable(error)))


def end_with_parent() -> None:
    """End this process when its parent has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(0)


def transferable(error: Exception) -> Exception:
    """Return an exception that keeps its type through a pipe, with its traceback as a note."""
    note = "".join(traceback.format_exception(error))
    found: Exception = RuntimeError(f"{type(error).__name__}: {error}")
    for kind in (RequestError, CatalogError, OSError):
        if isinstance(error, kind):
            found = kind(str(error))
    with suppress(Exception):
        arrived = pickle.loads(pickle.dumps(error))
        if type(arrived) is type(error) and str(arrived) == str(error):
            found = error
    found.add_note(note)
    return found


def usable_cpus() -> int:
    """Count the CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
