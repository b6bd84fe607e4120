"""How many threads the linear algebra library may have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
    from threadpoolctl import threadpool_limits  # looks through all loaded libraries: not for a run of 1 ms

    with threadpool_limits(limits=1, user_api="blas"):
        yield
