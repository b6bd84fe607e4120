"""How a kernel is compiled, once; :mod:`pipeline.flow.code_cache` keeps it for every later process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from pipeline.flow.code_cache import kept, kernel_cache

Function = TypeVar("Function", bound=Callable[..., Any])


def entry_point(function: Function) -> Function:
    """Compile ``function``, which Python calls, with numba on its first call; keep the machine code on disk."""
    return kept(function, kernel_cache(), nogil=True)


def jitted(function: Function) -> Function:
    """Compile ``function``, which only other kernels call: it becomes a part of each entry's machine code.

    A kernel writes into the arrays that it is given: it makes none, and returns only numbers. So it need not count
    who uses an array: those counts, atomic instructions for each of a tuple's fifteen arrays at each call, took
    two thirds of a whole run. And it has no wrapper for Python (to unpack the named tuples in forty wrappers that
    nobody calls took a third of the compilation), and no file of its own.
    """
    return _compiled(function, _nrt=False)


def llvm_inlined(function: Function) -> Function:
    """A kernel of every step: written out where it is called, by LLVM.

    An array is handed on as seven words or more, a tuple of thirty as 250: a third of a step went into pushing
    them on the stack. Not for everything: what is called once a step and large (``try_step``) is compiled much
    faster alone.
    """
    return _compiled(function, _nrt=False, forceinline=True)


def allocating(function: Function) -> Function:
    """A kernel that makes arrays or returns them: called once in many steps, or where its work is large."""
    return _compiled(function, _nrt=True)


def _compiled(function: Function, **options: Any) -> Function:
    njit: Any = numba.njit
    # Unless said, ``forceinline`` is that of the caller that was compiled first, and so on down to Numba's own
    # functions: the texts of errors of shapes, which never occur, were nine tenths of ``try_step``.
    options = {"forceinline": False} | options
    compiled: Function = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(
        function
    )
    return compiled


def inlined(function: Function) -> Function:
    """A kernel that is tiny, or called in one place: written out there before anything is compiled.

    A kernel of its own is optimised and emitted before it is taken into its caller and optimised again;
    for these this is a quarter of the whole compilation.
    """
    return _compiled(function, inline="always")
