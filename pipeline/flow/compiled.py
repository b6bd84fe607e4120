"""How a kernel is compiled, once, and kept on disk for every later process.

Numba's own cache looks only at the file of the function that is called, not at the files of the kernels
inside it: after an edit of ``boost.py`` it would go on running the old ``integrate`` (numba issue 6061). So
the cache lives in a folder named by a digest of all kernel sources; another version of the code is another
folder, and two clones with the same code share theirs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

CACHE_VARIABLE = "RELUFLOW_KERNEL_CACHE"
"""The environment variable that moves the compiled kernels elsewhere."""


def kernel_cache() -> Path:
    """Where the compiled kernels of exactly this source code are kept."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    root = os.environ.get(CACHE_VARIABLE)
    base = Path(root) if root else user_cache_path("reluflow") / "kernels"
    return base / digest.hexdigest()[:16]


_CACHE = str(kernel_cache())


def _compile(function: Function, **options: bool) -> Function:
    settings: Any = numba.config
    njit: Any = numba.njit
    before = settings.CACHE_DIR
    settings.CACHE_DIR = _CACHE
    try:
        compiled: Function = njit(cache=True, error_model="numpy", **options)(function)
    finally:
        settings.CACHE_DIR = before
    return compiled


def entry(function: Function) -> Function:
    """Compile ``function``, which Python calls, with numba on its first call; keep the machine code on disk.

    No ``fastmath``: the step control relies on NaN and infinity comparing as IEEE says.
    """
    return _compile(function)


def kernel(function: Function) -> Function:
    """Compile ``function``, which only other kernels call: without the wrappers that Python would need.

    Unpacking the named tuples of arrays from Python objects, in each of forty wrappers that nobody calls,
    took a third of the compilation.
    """
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)
