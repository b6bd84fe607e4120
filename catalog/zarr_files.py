"""The files of a Zarr v3 store, as its specification has them: documents in JSON, chunks of compressed bytes.

They are written here and not by zarr, which changes to its event loop's thread for each of three steps an
array: that took 1.0 s of the 1.2 s of a run's publication (on a slow core); here it takes 0.03 s. The tests
compare both writers: the same documents, the same bytes. Zarr reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from math import ceil
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import Blosc, Zstd, blosc

from catalog.schema.blocks import SHARED_BYTES, threads_for_sharing

ZSTD_LEVEL = 3
"""Of zstd."""
SERIES_LENGTH = 32
"""Entries of a chunk along time, from which on neighbours in time are so alike that shuffling pays."""
SERIES_LEVEL = 2
"""Of Blosc's zstd: a run takes 12.8 ms and 250 kB so, 11.9 and 254 with 1, 16.6 and 247 with 5."""
SEPARATOR = "."
"""Between the numbers of a chunk's key: with a slash each array has one to three folders more."""
_ZSTD = Zstd(level=ZSTD_LEVEL, checksum=False)
# Chunks are shared among threads here. Blosc's own are started once a process, and a lock of it would be
# inherited by a worker that is forked meanwhile.
blosc.use_threads = False


def group_document(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Write the document of a group."""
    return {"attributes": _plain(attributes), "zarr_format": 3, "node_type": "group"}


def consolidated(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Write the root's document with those of all below it.

    That is no part of Zarr v3 yet, but without it xarray warns on every opening, and a store behind plain HTTP,
    which can't list, does not open. A run's manifest vouches for both copies.

    Parameters
    ----------
    documents
        By path; the root's is ``""``.
    """
    nothing = _inline({})
    below = {
        path: {**_without_kind(document), "consolidated_metadata": nothing, "node_type": "group"}
        if document["node_type"] == "group"
        else document
        for path, document in sorted(documents.items(), key=lambda item: (item[0].count("/"), item[0]))
        if path
    }
    return {**_without_kind(documents[""]), "consolidated_metadata": _inline(below), "node_type": "group"}


def _inline(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "inline", "must_understand": False, "metadata": metadata}


def _without_kind(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "node_type"}


def array_document(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    chunks: tuple[int, ...],
    fill_value: float,
    attributes: Mapping[Any, Any],
    dims: tuple[str, ...],
) -> dict[str, Any]:
    """Write the document of an array whose chunks are compressed, then given a CRC-32C."""
    return {
        "shape": list(shape),
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": SEPARATOR}},
        "fill_value": _number(dtype.type(fill_value).item()),
        "codecs": _codecs(dtype, chunks),
        "attributes": _plain(attributes),
        **({"dimension_names": list(dims)} if dims else {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _codecs(dtype: np.dtype[Any], chunks: tuple[int, ...]) -> list[dict[str, Any]]:
    """Choose how a chunk becomes bytes: numbers that change slowly in time are laid out along it and shuffled.

    Measured on 400 samples of 60 and of 3,000 neurons: the directions take 80 and 82 % of the bytes that zstd
    alone leaves, ln |w| 83 and 86 %; writing and reading take no longer. Where a chunk has few samples, shuffling
    hides the repetitions: of one sample it leaves twice as much.
    """
    endian = {} if dtype.itemsize == 1 else {"configuration": {"endian": "little"}}
    plain, checksum = {"name": "bytes", **endian}, {"name": "crc32c"}
    if not (dtype.kind == "f" and chunks and chunks[0] >= SERIES_LENGTH):
        return [plain, {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": False}}, checksum]
    order = [*range(1, len(chunks)), 0]
    transposed = [{"name": "transpose", "configuration": {"order": order}}] if len(chunks) > 1 else []
    shuffled = {
        "typesize": dtype.itemsize,
        "cname": "zstd",
        "clevel": SERIES_LEVEL,
        "shuffle": "shuffle",
        "blocksize": 0,
    }
    return [*transposed, plain, {"name": "blosc", "configuration": shuffled}, checksum]


def chunks_of(document: Mapping[str, Any]) -> tuple[int, ...]:
    """Read the shape of an array's chunks from its document."""
    return tuple(document["chunk_grid"]["configuration"]["chunk_shape"])


def chunk_files(
    values: np.ndarray, document: Mapping[str, Any], start: Sequence[int] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Encode an array, or a part of it that begins at a chunk: (path below the array, content).

    Parameters
    ----------
    values
        The numbers.
    document
        The array's.
    start
        The number of the first chunk along each dimension; 0 if not given.
    """
    chunks = chunks_of(document)
    little = values.dtype.newbyteorder("<")
    first = start if start is not None else [0] * values.ndim
    codecs = {codec["name"]: codec.get("configuration", {}) for codec in document["codecs"]}
    order = codecs["transpose"]["order"] if "transpose" in codecs else None
    series = codecs.get("blosc")
    compressor = Blosc("zstd", series["clevel"], Blosc.SHUFFLE) if series else _ZSTD
    counts = [range(ceil(size / chunk)) for size, chunk in zip(values.shape, chunks, strict=True)]

    def encoded(place: tuple[int, ...]) -> tuple[str, bytes]:
        window = tuple(slice(n * chunk, (n + 1) * chunk) for n, chunk in zip(place, chunks, strict=True))
        part = np.ascontiguousarray(values[window], dtype=little)
        if part.shape != chunks and chunks:  # at the end: a chunk is stored whole
            fill = document["fill_value"]
            whole = np.full(chunks, float(fill) if isinstance(fill, str) else fill, dtype=little)
            whole[tuple(map(slice, part.shape))] = part
            part = whole
        if order is not None:
            part = np.ascontiguousarray(part.transpose(order))
        content = bytes(compressor.encode(part.reshape(-1) if series else part.reshape(-1).view(np.uint8)))
        key = SEPARATOR.join(["c", *(str(base + number) for base, number in zip(first, place, strict=True))])
        return key, content + google_crc32c.value(content).to_bytes(4, "little")

    threads = threads_for_sharing()
    if threads < 2 or values.nbytes < SHARED_BYTES:
        yield from map(encoded, product(*counts))
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(encoded, product(*counts))


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Turn NumPy's numbers and arrays into JSON's."""
    return {str(name): value.tolist() if hasattr(value, "tolist") else value for name, value in attributes.items()}


def _number(value: float) -> float | str:
    """Write a fill value: what JSON has no number for has a name."""
    if value != value:
        return "NaN"
    if value in (float("inf"), -float("inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value
