"""How a kernel is compiled, once, and kept on disk for every later process.

Numba's own cache looks only at the file of the function that is called, not at the files of the kernels
inside it: after an edit of ``boost.py`` it would go on running the old ``integrate`` (numba issue 6061). So
the cache lives in a folder named by a digest of all kernel sources, of Python's version and of Numba's; another
version of the code is another folder, and two clones with the same code share theirs.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import UserProvidedCacheLocator
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

CACHE_VARIABLE = "RELUFLOW_KERNEL_CACHE"
"""The environment variable that moves the compiled kernels elsewhere."""


@cache
def kernel_cache() -> Path:
    """The folder of this source code's kernels, as compiled here, in the first place that can be written."""
    # Another Python's machine code counted as this one's would let the first run compile for minutes unannounced.
    digest = hashlib.sha256(f"{sys.implementation.cache_tag} {numba.__version__}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    given = os.environ.get(CACHE_VARIABLE)
    places = [Path(given)] if given else []
    places += [user_cache_path("reluflow") / "kernels", Path(tempfile.gettempdir()) / f"reluflow-{os.getuid()}"]
    for place in places:
        folder = place / digest.hexdigest()[:16]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    raise OSError(f"no place for the compiled solver can be written: {', '.join(map(str, places))}")


def entry(function: Function) -> Function:
    """Compile ``function``, which Python calls, with numba on its first call; keep the machine code on disk.

    No ``fastmath``: the step control relies on NaN and infinity comparing as IEEE says.
    """
    njit: Any = numba.njit
    with kept_in(kernel_cache()):
        compiled: Function = njit(cache=True, error_model="numpy", nogil=True)(function)
    return compiled


class ByContent(UserProvidedCacheLocator):
    """Where numba looks for the machine code of a function: in the folder that says what its source is.

    Numba's own locators add a folder named by the source file's path. A second clone would find the machine code
    there, by :func:`kernel_cache`, and yet compile it, for minutes, in every process at once.
    """

    def __init__(self, py_func: Any, py_file: str) -> None:
        super().__init__(py_func, py_file)
        settings: Any = numba.config
        self._cache_path = settings.CACHE_DIR

    def get_source_stamp(self) -> str:
        """Return the folder's name: it is a digest of the source."""
        return Path(self._cache_path).name


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Have numba keep the machine code of what is declared meanwhile in ``folder``."""
    settings: Any = numba.config
    before = settings.CACHE_DIR, settings.CACHE_LOCATOR_CLASSES
    settings.CACHE_DIR = str(folder)
    settings.CACHE_LOCATOR_CLASSES = f"{ByContent.__module__}.{ByContent.__name__}"
    try:
        yield
    finally:
        settings.CACHE_DIR, settings.CACHE_LOCATOR_CLASSES = before


def kernel(function: Function) -> Function:
    """Compile ``function``, which only other kernels call: it becomes a part of each entry's machine code.

    A kernel writes into the arrays that it is given: it makes none, and returns only numbers. So it need not count
    who uses an array: those counts, atomic instructions for each of a tuple's fifteen arrays at each call, took
    two thirds of a whole run. And it has no wrapper for Python (to unpack the named tuples in forty wrappers that
    nobody calls took a third of the compilation), and no file of its own.
    """
    return _compiled(function, _nrt=False)


def hot(function: Function) -> Function:
    """A kernel of every step: written out where it is called, by LLVM.

    An array is handed on as seven words or more, a tuple of thirty as 250: a third of a step went into pushing
    them on the stack. Not for everything: what is called once a step and large (``attempt``) is compiled much
    faster alone.
    """
    return _compiled(function, _nrt=False, forceinline=True)


def allocating(function: Function) -> Function:
    """A kernel that makes arrays or returns them: called once in many steps, or where its work is large."""
    return _compiled(function, _nrt=True)


def _compiled(function: Function, **options: Any) -> Function:
    njit: Any = numba.njit
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
