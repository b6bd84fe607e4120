"""The encoding of arrays as bytes: codecs, chunks and fill values, each chosen by measurement.

Codecs: ``zstd`` then ``crc32c``. zstd as xarray writes it alone has no checksum: 398 to 400 of 400 single-bit
flips in a chunk read back silently wrong; with ``crc32c`` last, all 400 raise, in any reader. Numbers along time
are transposed and shuffled first (:mod:`catalog.zarr_files`): a run of the paper's experiment is 250 kB of chunks
so, 304 without. Shuffled in their own order ``direction`` gains 3 % and ``log_norm`` loses 13 %.

Chunks: the whole array up to 4 MiB, split along the leading dimension (time) beyond. Measured on 51 MB of
``direction``: read whole in 15 ms with 4 MiB, 20 with 2, 35 with 16, 286 in one chunk; one sample of time in
1.6, 1.1, 5.3 and 49 ms; the size on disk is 7.1, 7.2, 7.0 and 7.0 MB. No sharding: most arrays are one chunk.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from xarray.conventions import encode_dataset_coordinates

from catalog.schema import COORDINATES, STAGES
from catalog.schema.blocks import in_memory, windows
from catalog.schema.specification import FILL_LABEL
from catalog.zarr_files import array_document, chunk_files, chunks_of, consolidated, group_document

CHUNK_BYTES = 4 * 2**20


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
    """Choose the value that readers see for a missing chunk: that of the schema, else an unlikely value."""
    specifications = (*STAGES.get(group, ()), *COORDINATES.values())
    for specification in specifications:
        if specification.name == name and specification.dtype == variable.dtype:
            return specification.fill_value
    if variable.dtype.kind == "f":
        return math.nan
    if variable.dtype.kind == "u":
        return 2 ** (8 * variable.dtype.itemsize) - 1
    return False if variable.dtype.kind == "b" else FILL_LABEL


def encode(groups: Mapping[str, xr.Dataset]) -> dict[str, bytes]:
    """Encode a labelled tree as a Zarr v3 store: ``{relative POSIX path: content}``.

    The files are made in memory, so that each is written, flushed and digested once. Zarr's own LocalStore does
    not flush, leaves ``*.partial`` files, and goes on writing in its background thread during the clean-up
    after Ctrl-C. The cost is the compressed size in memory, which is less than the tree. For lazy variables
    only the metadata is made here; :func:`stream` makes their chunks.

    Parameters
    ----------
    groups
        The tree's datasets by their paths, the root's among them, as ``DataTree.to_dict`` gives them. Not a tree:
        to build one of copies takes as long as the encoding.

    Raises
    ------
    ValueError
        For text and other types that have no stable Zarr v3 form (every reader would warn).
    """
    documents: dict[str, dict[str, Any]] = {}
    chunks: dict[str, bytes] = {}
    for place, dataset in groups.items():
        group = place.strip("/")
        variables, attributes = encode_dataset_coordinates(dataset)
        documents[group] = group_document(attributes)
        for name, variable in variables.items():
            path = f"{group}/{name}".lstrip("/")
            documents[path], array = _encoded(group, str(name), variable)
            if array is not None:
                chunks |= {f"{path}/{key}": content for key, content in chunk_files(array, documents[path])}
    contents = {f"{path}/zarr.json".lstrip("/"): document for path, document in documents.items() if path}
    contents["zarr.json"] = consolidated(documents)
    files = {path: json.dumps(document).encode() for path, document in contents.items()} | chunks
    return dict(sorted(files.items()))


def _encoded(group: str, name: str, variable: xr.Variable) -> tuple[dict[str, Any], np.ndarray | None]:
    """Make an array's document, and its values unless they come later, as xarray would store them."""
    if variable.dtype.kind not in "biuf":
        raise ValueError(f"{group}/{name} is {variable.dtype}; allowed on disk are numbers and truth values")
    # Of a reader's encoding (old chunks, codecs) nothing counts, and xarray's own would only add the attribute
    # _FillValue, which makes every reader turn int8 into float32; NaN is a float's own mark.
    lazy = is_streamed(variable)
    block = variable.chunks[0][0] if lazy and variable.chunks else 1
    document = array_document(
        variable.shape,
        variable.dtype,
        chunk_shape(variable.shape, variable.dtype.itemsize, block),
        fill_value(group, name, variable),
        variable.attrs,
        tuple(map(str, variable.dims)),
    )
    return document, None if lazy else np.asarray(variable.values)


def is_streamed(variable: xr.Variable) -> bool:
    """Whether the variable is a Dask array with more than a number in it."""
    return variable.ndim > 0 and not in_memory(variable) and bool(variable.chunks)


def lazy_variables(groups: Mapping[str, xr.Dataset]) -> Iterator[tuple[str, xr.Variable]]:
    """Walk over the variables that are Dask arrays, by their paths in the store."""
    for place, dataset in groups.items():
        for name, variable in dataset.variables.items():
            if is_streamed(variable):
                yield f"{place}/{name}".lstrip("/"), variable


def stream(groups: Mapping[str, xr.Dataset], files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Encode the chunks of the lazy variables, one block in memory at a time: (relative POSIX path, content).

    Parameters
    ----------
    groups
        The datasets that were given to :func:`encode`.
    files
        What :func:`encode` made of it: each array's metadata says how its chunks are to be encoded.
    """
    for path, variable in lazy_variables(groups):
        document = json.loads(files[f"{path}/zarr.json"])
        for window in windows(variable, chunks_of(document)):
            # A function of its own: what it holds is gone before the next block is computed.
            yield from _window_files(path, variable, window, document)


def _window_files(
    path: str, variable: xr.Variable, window: tuple[slice, ...], document: Mapping[str, Any]
) -> Iterator[tuple[str, bytes]]:
    """Compute one window and encode it, chunk by chunk."""
    block = np.asarray(variable[window].values)
    start = [part.start // chunk for part, chunk in zip(window, chunks_of(document), strict=True)]
    for key, content in chunk_files(block, document, start):
        yield f"{path}/{key}", content
