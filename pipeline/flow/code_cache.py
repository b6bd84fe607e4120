"""Machine code on disk: in a folder that nobody else can write, and never read without its digest.

Numba looks only at the file of the function that is called, not at those of the kernels inside it: after an edit
of ``boost.py`` it would go on running the old ``integrate`` (numba issue 6061). So a folder's name is a digest of
the sources, of Python's version and of Numba's; two clones with the same code share theirs.

What Numba reads there is a pickle and machine code: whoever can write it runs code as this user, and a flipped bit
ends the process without a word. So a folder that others may write is not used, and each file ends with the SHA-256
of its name and content, which is compared before anything of it is unpickled. A file that fails is removed; what
was in it is compiled again.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import llvmlite.binding
import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator
from numba.core.runtime.nrt import rtsys
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

CACHE_VARIABLE = "RELUFLOW_KERNEL_CACHE"
"""The environment variable that moves the compiled kernels elsewhere."""
FORMAT = "2"
"""Of the files here: since 2 they end with their digest. Another one lies in another folder."""
ROOT, NOBODY = 0, 65534
"""Who may own the folders above ours. In a container of a plain user the system's folders are nobody's."""

_from_disk_only: ContextVar[bool] = ContextVar("from_disk_only", default=False)


class NotOnDiskError(Exception):
    """The machine code of a function is not on disk, and was not to be compiled."""


@cache
def kernel_cache() -> Path:
    """The folder of the exact solver's machine code, for this source code as compiled here."""
    return code_folder("", sorted(Path(__file__).with_name("exact").rglob("*.py")))


def code_folder(prefix: str, sources: list[Path]) -> Path:
    """Make the folder of what is compiled from these files; its name begins with ``prefix``.

    Raises
    ------
    OSError
        If no place can be used; the text says why.
    """
    # Another Python's machine code counted as this one's would let the first run compile for minutes unannounced.
    digest = hashlib.sha256(f"{FORMAT} {sys.implementation.cache_tag} {numba.__version__}".encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return own_folder(prefix + digest.hexdigest()[:16])


def own_folder(name: str) -> Path:
    """Make the folder ``name`` in the first place that can be written, and by nobody else.

    Raises
    ------
    OSError
    """
    given = os.environ.get(CACHE_VARIABLE)
    places = [user_cache_path("reluflow") / "kernels", Path(tempfile.gettempdir()) / f"reluflow-{os.getuid()}"]
    reasons = []
    for place in ([Path(given)] if given else []) + places:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Resolved: a link that somebody else owns could lead elsewhere after it was looked at.
            folder = place.resolve(strict=True) / name
            folder.mkdir(mode=0o700, exist_ok=True)
            refuse_foreign(folder)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
            continue
        if given and reasons:
            _say(f"${CACHE_VARIABLE} is not used for the compiled solver: {reasons[0]}")
        return folder
    raise OSError(
        f"the compiled solver can be kept nowhere ({'; '.join(reasons)}); set ${CACHE_VARIABLE} to a folder that "
        "only you can write"
    )


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder into which, or in the place of which, another user can put something.

    The folder itself must be this user's, and writable by nobody else. Above it another user must not be able to
    rename anything: a folder that all may write needs the sticky bit, as ``/tmp`` has it. A group may write if it
    is root's, or this user's own, which many systems set up so (umask 002).

    Raises
    ------
    PermissionError
    """
    user, groups = os.geteuid(), (0, os.getegid())
    for place in (folder, *folder.parents):
        status = place.lstat()
        if status.st_uid not in ((user,) if place == folder else (user, ROOT, NOBODY)):
            raise PermissionError(f"{place} belongs to another user")
        others = status.st_mode & stat.S_IWOTH or (
            status.st_mode & stat.S_IWGRP and (place == folder or status.st_gid not in groups)
        )
        if others and (place == folder or not status.st_mode & stat.S_ISVTX):
            raise PermissionError(f"other users may write {place} (mode {stat.S_IMODE(status.st_mode):04o})")


def kept(function: Function, folder: Path, **options: Any) -> Function:
    """Compile ``function``, which Python calls, on its first call; keep the machine code in ``folder``.

    No ``fastmath``: the step control relies on NaN and infinity comparing as IEEE says.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR, settings.CACHE_LOCATOR_CLASSES
    settings.CACHE_DIR = str(folder)
    settings.CACHE_LOCATOR_CLASSES = f"{ByContent.__module__}.{ByContent.__name__}"
    try:
        njit: Any = numba.njit
        compiled: Any = njit(cache=True, error_model="numpy", **options)(function)
    finally:
        settings.CACHE_DIR, settings.CACHE_LOCATOR_CLASSES = before
    if not settings.DISABLE_JIT:
        files = compiled._cache._cache_file
        if type(files) is not IndexDataCacheFile:  # another Numba's private parts: nothing goes unchecked
            raise TypeError(f"the files of Numba {numba.__version__} can't be checked")
        compiled._cache._cache_file = CheckedFiles.of(files)
        compiled._cache = Entries.of(compiled._cache)
    ready: Function = compiled
    return ready


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


class Entries(FunctionCache):
    """What was compiled before, brought into a process without what only a compilation needs.

    Before it looks on disk Numba imports all functions that it knows how to compile, and SciPy's linear algebra
    with them: some .2 s, half of what the first flow of a process waits for. Machine code needs the runtime of
    its arrays alone; a compilation asks for the rest itself.
    """

    @classmethod
    def of(cls, entries: FunctionCache) -> Entries:
        """Take the place of the cache that Numba would have used."""
        ours = cls.__new__(cls)
        vars(ours).update(vars(entries))
        return ours

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the machine code for this signature; None, to have it compiled, if there is none."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


class CheckedFiles(IndexDataCacheFile):
    """The two files of a function, its index and its machine code, each with its digest at the end.

    At the end: a pickle says itself where it ends, so Numba's own code reads and writes the rest. In the file, not
    in one beside it: two processes that write the same function at once leave one whole file of either.
    """

    @classmethod
    def of(cls, files: IndexDataCacheFile) -> CheckedFiles:
        """Check the files that Numba would have used."""
        checked = cls.__new__(cls)
        vars(checked).update(vars(files))
        return checked

    def load(self, key: Any) -> Any:
        """Load what was kept under ``key``; None, to have it compiled, if there is none or it is damaged."""
        found = super().load(key)
        if found is None and _from_disk_only.get():
            raise NotOnDiskError(self._index_path)
        return None if found is None else without_bitcode(found)

    def save(self, key: Any, data: Any) -> None:
        """Keep ``data``. A disk that is full costs the next process its time, not this one its result."""
        try:
            super().save(key, data)
        except OSError as error:
            _say(f"the compiled solver can't be kept ({error.strerror}: {self._cache_path})")

    def _load_index(self) -> Any:
        return super()._load_index() if is_whole(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        return super()._load_data(name) if is_whole(Path(self._data_path(name))) else None

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BinaryIO]:
        content = io.BytesIO()
        yield content
        with super()._open_for_write(filepath) as file:
            file.write(content.getvalue())
            file.write(digest_of(Path(filepath).name, content.getvalue()))


def without_bitcode(stored: tuple[Any, ...]) -> tuple[Any, ...]:
    """What was stored, with machine code alone.

    Beside it lies what LLVM would write a part of into other functions, which nobody does with what Python calls:
    to parse it and list its names takes more than half of the time of loading. What stays of it are the names by
    which Python finds the machine code.
    """
    (name, kind, code), described, *rest = stored
    if kind != "object":
        return stored
    names = (described.llvm_cpython_wrapper_name, described.llvm_cfunc_wrapper_name)
    stubs = llvmlite.binding.parse_assembly("".join(f'define void @"{each}"() {{ ret void }}\n' for each in names))
    return ((name, kind, (code[0], stubs.as_bitcode())), described, *rest)


# What of Numba the class above takes the place of; were one of these names another, files would go unchecked.
_REPLACED = [getattr(IndexDataCacheFile, name) for name in ("_load_index", "_load_data", "_open_for_write")]
_REPLACED += [getattr(FunctionCache, name) for name in ("load_overload", "_load_overload")]


def digest_of(name: str, content: bytes | memoryview) -> bytes:
    """The digest with which the file ``name`` ends; the name is part of it, or two files could be exchanged."""
    digest = hashlib.sha256(name.encode() + b"\0")
    digest.update(content)
    return digest.digest()


def is_whole(path: Path) -> bool:
    """Whether a file is what was written; one that is not is removed, and that is said."""
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return False
    except OSError:
        content = memoryview(b"")
    size = hashlib.sha256().digest_size
    if digest_of(path.name, content[:-size]) == content[-size:]:
        return True
    _say(f"the compiled solver on disk is damaged, and is compiled again ({path})")
    with suppress(OSError):  # in the way of the new one or not, it is never read
        path.unlink()
    return False


@contextmanager
def from_disk_only() -> Iterator[None]:
    """Have a function that would be compiled on its call raise :class:`NotOnDiskError` instead."""
    token = _from_disk_only.set(True)
    try:
        yield
    finally:
        _from_disk_only.reset(token)


def _say(message: str) -> None:
    print(f"reluflow: {message}", file=sys.stderr, flush=True)
