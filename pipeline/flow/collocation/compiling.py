"""How these kernels become machine code: as the grouped path's do, in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

from pipeline.flow.code_cache import code_folder, kept

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def folder() -> Path:
    """The folder of the machine code of this source."""
    return code_folder("collocation-", sorted(Path(__file__).parent.glob("*.py")))


def entry_point(function: Function) -> Function:
    """Compile ``function``, which Python calls, on its first call; keep the machine code on disk."""
    return kept(function, folder(), nogil=True)


def inner(function: Function) -> Function:
    """Compile ``function``, which only other kernels call: it makes no array, so nobody counts who uses one."""
    return _compiled(function, _nrt=False)


def inlined(function: Function) -> Function:
    """The same for one that is called for each pair or crossing: to hand over some thirty arrays takes 100 ns."""
    return _compiled(function, _nrt=False, forceinline=True)


def counting(function: Function) -> Function:
    """The same for one that asks the linear algebra library, for which Numba counts who uses an array.

    Nobody else does: each of these counts is an atomic operation, and of the hundred arrays that a step hands from
    function to function they took half the time of a step of a thousand pairs.
    """
    return _compiled(function, _nrt=True)


def summing(function: Function) -> Function:
    """The same for long sums, which become vector instructions if their terms may be added in another order.

    Of ``fastmath`` this one licence: that nothing is NaN or infinite is not assumed.
    """
    return _compiled(function, fastmath={"reassoc", "contract"}, _nrt=False)


def _compiled(function: Function, **options: Any) -> Function:
    njit: Any = numba.njit
    # A product and a sum in one instruction: nothing is assumed. Unless said, ``forceinline`` is that of the
    # caller that was compiled first.
    options = {"fastmath": {"contract"}, "forceinline": False} | options
    compiled: Function = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(
        function
    )
    return compiled
