"""Trajectories larger than memory: written block by block along time, read back the same way.

A plain file of numbers a variable, in a temporary folder that goes with the last array that reads it. Each block
is read with a call of its own: a memory map's pages would stay with the process.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

LARGEST_BLOCK = 64_000_000
"""The bytes of a variable that are written at a time."""
FEWEST = 6
"""How many instants are written at a time if twice as many bytes suffice: at the beginning of a block the neurons
are put in groups, which takes as long as to read one or two instants."""
LARGEST_READ = 16_000_000
"""The bytes of a variable that are read at a time: of more, the system gives and takes the memory at each block,
which takes as long again as the reading."""


class Folder:
    """A temporary folder that goes with the last object that holds it; a copy in another process only reads."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="reluflow-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Rows:
    """An array on disk of which whole rows (instants) are read: what dask asks of an array, and no more."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype, folder: Folder | None) -> None:
        self.path, self.shape, self.dtype, self.ndim = path, shape, dtype, len(shape)
        self._folder = folder  # removed when nobody reads from it any more

    def __getitem__(self, key: Any) -> np.ndarray:
        """Read the rows of the first index, then take the rest from them."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if not isinstance(first, slice):
            row = int(first) % self.shape[0]
            found: np.ndarray = self[(slice(row, row + 1), *rest)][0]
            return found
        start, stop, step = first.indices(self.shape[0])
        count = int(np.prod(self.shape[1:], dtype=np.int64))
        rows = np.fromfile(
            self.path, self.dtype, max(stop - start, 0) * count, offset=start * count * self.dtype.itemsize
        ).reshape(-1, *self.shape[1:])[::step]
        chosen: np.ndarray = rows[(slice(None), *rest)]
        return chosen


class Blocks:
    """Variables that are written in blocks along their first dimension.

    One whose rows are all the same (a_j/|w_j| of a balanced network) is kept as that row, and not written.

    Parameters
    ----------
    samples : int
        The length of that dimension.
    largest : int
        The bytes of one instant of the largest variable.
    """

    def __init__(self, samples: int, largest: int) -> None:
        self.samples = samples
        bytes_each = max(largest, 1)
        length = max(1, LARGEST_BLOCK // bytes_each, min(FEWEST, 2 * LARGEST_BLOCK // bytes_each))
        self.length = min(samples, length)
        self.read_length = max(1, min(samples, LARGEST_READ // max(largest, 1)))
        self._folder = Folder()
        self._rows: dict[str, np.ndarray] = {}
        self._same: dict[str, list[slice]] = {}
        self._lock = Lock()

    @property
    def slices(self) -> Iterator[slice]:
        """The blocks, in order."""
        return (slice(i, min(i + self.length, self.samples)) for i in range(0, self.samples, self.length))

    def write(self, name: str, start: int, block: np.ndarray) -> None:
        """Write the block of the variable ``name`` that begins at the instant ``start``, in any order."""
        with self._lock:
            if name not in self._rows:
                self._rows[name], self._same[name] = block[0].copy(), []
            row, same = self._rows[name], name in self._same
        same = same and bool((block == row).all())
        with self._lock:
            if same and name in self._same:
                self._same[name].append(slice(start, start + len(block)))
                return
            waiting = self._same.pop(name, [])
        for part in waiting:
            self._to_file(name, part.start, np.broadcast_to(row, (part.stop - part.start, *row.shape)))
        self._to_file(name, start, block)

    def arrays(self) -> dict[str, Any]:
        """The variables as dask arrays, in chunks that are read at a time."""
        import dask.array as da  # half a second that no smaller run needs

        found = {}
        for name, row in self._rows.items():
            shape = (self.samples, *row.shape)
            source = Rows(self._path(name), shape, row.dtype, self._folder)
            found[name] = da.from_array(
                np.broadcast_to(row, shape) if name in self._same else source,
                chunks=(self.read_length, *row.shape),
                name=False,
                meta=np.empty((0,) * len(shape), dtype=row.dtype),
            )
        return found

    def _to_file(self, name: str, start: int, block: np.ndarray) -> None:
        path = self._path(name)
        path.touch()
        with path.open("r+b") as file:
            file.seek(start * (block.nbytes // len(block)))
            np.ascontiguousarray(block).tofile(file)

    def _path(self, name: str) -> Path:
        return self._folder.path / name
