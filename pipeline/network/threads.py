"""How many threads the linear algebra library may have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

SMALL = 16
"""The number of points up to which no kernel asks the linear algebra library."""


@contextmanager
def one_thread(points: int) -> Iterator[None]:
    """Keep the linear algebra library to one thread where it is used at all.

    Its matrices here are small, and its threads wait for one another by spinning: while another process has a
    core, ``high-dimensional`` took four times as long with them.
    """
    if points <= SMALL:
        yield
        return
    _limit.begin()
    try:
        yield
    finally:
        _limit.end()


class _Limit:
    """One limit for all who ask for it at a time: the libraries know one number of threads for a whole process.

    Were each thread of a server to restore what it found, the first to end would lift the limit for the others,
    and the last would leave it behind.
    """

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._limiter: Any = None

    def begin(self) -> None:
        """Set the limit, if nobody has."""
        with self._lock:
            if self._users == 0:
                self._limiter = loaded_libraries().limit(limits=1, user_api="blas")
            self._users += 1

    def end(self) -> None:
        """Restore what was before, if nobody else needs the limit."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()


_limit = _Limit()


@cache
def loaded_libraries() -> Any:
    """The linear algebra libraries: to look through all that is loaded takes 2 ms, some runs 10."""
    import scipy.linalg  # noqa: F401  the kernels' one; NumPy's own is loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
