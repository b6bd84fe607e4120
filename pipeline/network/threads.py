"""How many threads the linear algebra library may have."""

from __future__ import annotations

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
    with loaded_libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def loaded_libraries() -> Any:
    """The linear algebra libraries: to look through all that is loaded takes 2 ms, some runs 10."""
    import scipy.linalg  # noqa: F401  the kernels' one; NumPy's own is loaded
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
