"""How arrays become bytes: codecs, chunks and fill values, each chosen by measurement.

Codecs: ``zstd`` then ``crc32c``. zstd as xarray writes it alone has no checksum: 398 to 400 of 400 single-bit
flips in a chunk read back silently wrong; with ``crc32c`` last, all 400 raise, in any reader. Shuffling first
(blosc) gains 3 % on ``direction`` and loses 13 % on ``log_norm``; level 9 gains 0.5 %.

Chunks: the whole array up to 4 MiB, split along the leading dimension (time) beyond. Measured on 51 MB of
``direction``: read whole in 15 ms with 4 MiB, 20 with 2, 35 with 16, 286 in one chunk; one sample of time in
1.6, 1.1, 5.3 and 49 ms; the size on disk is 7.1, 7.2, 7.0 and 7.0 MB. No sharding: a run is some 100 files.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.storage import MemoryStore

from catalog.blocks import windows
from catalog.schema import COORDINATES, STAGES
from catalog.variable import FILL_LABEL

CHUNK_BYTES = 4 * 2**20
AT_ONCE_BYTES = 4 * CHUNK_BYTES
_FILTERING = threading.Lock()


def chunk_shape(shape: tuple[int, ...], itemsize: int, block: int = 1) -> tuple[int, ...]:
    """Cut an array: whole up to :data:`CHUNK_BYTES`, else in even pieces along the leading dimensions.

    An array that comes in blocks of this length in time is cut where they are: a chunk that reaches into two
    of them costs reading both twice.
    """
    chunks = [max(1, size) for size in shape]
    for axis in range(len(chunks)):
        rest = math.prod(chunks[axis + 1 :]) * itemsize
        if chunks[axis] * rest <= CHUNK_BYTES:
            break
        pieces = math.ceil(chunks[axis] / max(1, CHUNK_BYTES // rest))
        chunks[axis] = math.ceil(chunks[axis] / pieces)
    if chunks and chunks[0] < shape[0]:
        chunks[0] = _aligned(chunks[0], block)
    return tuple(chunks)


def _aligned(length: int, block: int) -> int:
    """Find a length close to this one that divides a block, or is some whole blocks; this one if there is none."""
    if block <= length:
        return length - length % block
    return next((size for size in range(length, length // 4, -1) if block % size == 0), length)


def fill_value(group: str, name: str, variable: xr.Variable) -> Any:
    """Choose what a lost chunk of this variable reads as: what the schema says, else an unlikely value."""
    specifications = (*STAGES.get(group, ()), *COORDINATES.values())
    for specification in specifications:
        if specification.name == name and specification.dtype == variable.dtype:
            return specification.fill_value
    if variable.dtype.kind == "f":
        return math.nan
    if variable.dtype.kind == "u":
        return 2 ** (8 * variable.dtype.itemsize) - 1
    return False if variable.dtype.kind == "b" else FILL_LABEL


def array_encoding(group: str, name: str, variable: xr.Variable) -> dict[str, Any]:
    """Choose the Zarr encoding of one variable.

    Raises
    ------
    ValueError
        For text and other types that have no stable Zarr v3 form (every reader would warn).
    """
    if variable.dtype.kind not in "biuf":
        raise ValueError(f"{group}/{name} is {variable.dtype}; allowed on disk are numbers and truth values")
    block = variable.chunks[0][0] if variable.chunks else 1
    encoding = {
        "compressors": (ZstdCodec(level=3), Crc32cCodec()),
        "chunks": chunk_shape(variable.shape, variable.dtype.itemsize, block),
        "fill_value": fill_value(group, name, variable),
    }
    # The attribute _FillValue would make every reader turn int8 into float32, and NaN is a float's own mark.
    return encoding | ({"_FillValue": None} if variable.dtype.kind == "f" else {})


def encode(tree: xr.DataTree) -> dict[str, bytes]:
    """Encode a labelled tree as a Zarr v3 store: ``{relative POSIX path: content}``.

    In memory, not on the disk: each file is then written, flushed and digested once, by us. Zarr's own
    LocalStore does not flush, leaves ``*.partial`` files, and goes on writing in its background thread while
    Ctrl-C is cleaning up. The price is the compressed size in memory, less than the tree. Of lazy variables
    only the metadata is here; their chunks are for :func:`stream`.
    """
    datasets = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
    for dataset in datasets.values():
        for variable in dataset.variables.values():
            if variable.ndim == 0:
                variable.load()
    # Every variable has an entry, which replaces whatever encoding a reader left on it (old chunks, codecs).
    encoding = {
        path: {
            str(name): array_encoding(path.strip("/"), str(name), variable)
            for name, variable in dataset.variables.items()
        }
        for path, dataset in datasets.items()
    }
    # Lazy arrays are not written by xarray: it knows no bound on what it holds at once.
    later: dict[str, Any] = {"compute": False, "safe_chunks": False} if any(lazy_variables(tree)) else {}
    store: dict[str, Buffer] = {}
    # Indented, as zarr writes it by default, the metadata of a run of 449 kB takes 97 kB more. One thread at a
    # time: the filters of warnings belong to the whole process.
    with _FILTERING, warnings.catch_warnings(), zarr.config.set({"json_indent": None}):
        # Consolidated metadata is no part of Zarr v3 yet, but without it xarray warns on every opening, and
        # a store behind plain HTTP, which can't list, does not open. The manifest vouches for both copies.
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        xr.DataTree.from_dict(datasets).to_zarr(
            MemoryStore(store),
            mode="w-",
            encoding={path: arrays for path, arrays in encoding.items() if arrays},
            consolidated=True,
            zarr_format=3,
            write_empty_chunks=True,
            **later,
        )
    return {path: content.to_bytes() for path, content in sorted(store.items())}


def lazy_variables(tree: xr.DataTree) -> Iterator[tuple[str, xr.Variable]]:
    """Walk over the variables that are Dask arrays, by their paths in the store."""
    for node in tree.subtree:
        for name, variable in node.to_dataset(inherit=False).variables.items():
            if variable.chunks:
                yield f"{node.path}/{name}".lstrip("/"), variable


def stream(tree: xr.DataTree, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Encode the chunks of the lazy variables, one block in memory at a time: (relative POSIX path, content).

    Parameters
    ----------
    tree
        The tree that was given to :func:`encode`.
    files
        What :func:`encode` made of it: each array's metadata says how its chunks are to be encoded.
    """
    for path, variable in lazy_variables(tree):
        metadata = f"{path}/zarr.json"
        store: dict[str, Buffer] = {metadata: default_buffer_prototype().buffer.from_bytes(files[metadata])}
        with zarr.config.set({"array.write_empty_chunks": True}):
            array = zarr.open_array(MemoryStore(store), path=path, mode="r+", zarr_format=3)
        for window in windows(variable, array.chunks):
            # A function of its own: what it holds is gone before the next block is computed.
            yield from _chunks_of(variable, window, array, store, metadata)


def _chunks_of(
    variable: xr.Variable, window: tuple[slice, ...], array: Any, store: dict[str, Buffer], metadata: str
) -> Iterator[tuple[str, bytes]]:
    """Compute one window and encode it, some chunks at a time: on the way each is copied some four times."""
    block = np.asarray(variable[window].values)
    rows = array.chunks[0] * max(1, AT_ONCE_BYTES // max(1, array.chunks[0] * block[:1].nbytes))
    for start in range(0, len(block), rows):
        part = block[start : start + rows]
        first = window[0].start + start
        array[slice(first, first + len(part)), *window[1:]] = part
        for chunk in sorted(store.keys() - {metadata}):
            yield chunk, store.pop(chunk).to_bytes()
