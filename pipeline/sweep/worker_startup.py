"""The process from which local workers are forked: it imports what they need, once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing import forkserver, resource_tracker

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What a linear algebra library reads: one worker process has one core."""


def warm_up() -> None:
    """Start that process; it imports :mod:`pipeline.sweep.worker_imports`, and a Ctrl-C does not reach it."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals are the main thread's; the workers then import for themselves
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    # Started first: it lets through, at its own start, the signals that are held back below.
    resource_tracker.ensure_running()
    # Held back, not ignored: a Ctrl-C of just now reaches this process afterwards. The new one inherits that.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        multiprocessing.set_forkserver_preload(["pipeline.sweep.worker_imports"])
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def usable_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
