"""The arrays of a run that is imported: their metadata checked key by key, their chunks decoded within bounds.

Zarr is not used here: it allocates as many bytes as a chunk claims to hold, and a chunk of a few hundred bytes
may claim gigabytes. It also takes longer to open a run of a hundred arrays than all other checks together. Here
a chunk must claim the size that its array's metadata state before it is decoded, so that Zarr can read every
imported run.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import google_crc32c
import numpy as np
import xarray as xr
from numcodecs import Blosc, Zstd
from xarray.backends import BackendArray
from xarray.core import indexing

from catalog.errors import DamagedRunError

LARGEST_CHUNK = 64 * 2**20
"""Bytes of a decoded chunk: ours have 4 MiB."""
_KEYS = {
    "attributes", "chunk_grid", "chunk_key_encoding", "codecs", "data_type", "dimension_names", "fill_value",
    "node_type", "shape", "storage_transformers", "zarr_format",
}  # fmt: skip
_TYPES = {name: np.dtype(name) for name in (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
)}  # fmt: skip
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")
_ZSTD, _MAGIC = Zstd(), b"\x28\xb5\x2f\xfd"
_BLOSC = Blosc()
_BLOSC_HEADER = struct.Struct("<BBBBIII")
"""Two versions, flags, bytes of a number; bytes before, of a block, and of all that is stored."""
_BLOSC_COPIED, _BLOSC_ZSTD = 0x2, 4
"""The flag of bytes that are stored as they are; what the flags' highest three bits say of zstd."""
_SEPARATORS = "/", "."
"""Of a chunk's key: before schema 1.2, and since."""
_CHECKSUM_BYTES = 4

Read = Callable[[str], bytes]
"""Takes a file's path below the store, and returns its content, which is what the manifest says."""


@dataclass(frozen=True)
class Coding:
    """How the numbers of a chunk become bytes.

    Attributes
    ----------
    order
        In which the chunk's dimensions are stored.
    shuffled
        Whether they are compressed by Blosc, and not by zstd alone.
    """

    order: tuple[int, ...]
    shuffled: bool


@dataclass(frozen=True)
class StoredArray:
    """The metadata of an array.

    Attributes
    ----------
    path
        Of the array, below the store.
    shape, chunks, dtype
        Its numbers.
    dims
        The names of its dimensions; none if it does not say.
    attributes
        As they stand there.
    separator
        Between the numbers of a chunk's key.
    coding
        How a chunk becomes bytes.
    """

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    dims: tuple[str, ...]
    attributes: dict[str, Any]
    separator: str
    coding: Coding

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded array."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a decoded chunk."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def counts(self) -> tuple[int, ...]:
        """How many chunks there are along each dimension."""
        return tuple(-(-size // chunk) for size, chunk in zip(self.shape, self.chunks, strict=True))

    def key(self, position: tuple[int, ...]) -> str:
        """Name the file of a chunk, below the store."""
        return f"{self.path}/{self.separator.join(['c', *map(str, position)])}"

    def files(self) -> dict[str, tuple[int, ...]]:
        """Name the files of all chunks, each with its position."""
        return {self.key(position): position for position in product(*map(range, self.counts))}

    def inside(self, position: tuple[int, ...]) -> tuple[slice, ...]:
        """Return the part of the chunk at this position that is within the array."""
        ends = zip(position, self.chunks, self.shape, strict=True)
        return tuple(slice(0, min(chunk, size - place * chunk)) for place, chunk, size in ends)

    def decoded(self, position: tuple[int, ...], content: bytes) -> np.ndarray:
        """Decode one chunk, at most to its stated size.

        Raises
        ------
        DamagedRunError
            If it is not compressed as its metadata say, with a CRC-32C, or holds more or less than it should.
        """
        body, checksum = content[:-_CHECKSUM_BYTES], content[-_CHECKSUM_BYTES:]
        key = self.key(position)
        if google_crc32c.value(body).to_bytes(_CHECKSUM_BYTES, "little") != checksum:
            raise DamagedRunError(f"{key}: its checksum differs from its bytes")
        claimed = (_claimed_by_blosc if self.coding.shuffled else _claimed_bytes)(body)
        if claimed != self.chunk_bytes:
            said = "an unknown number of" if claimed is None else claimed
            raise DamagedRunError(f"{key} claims to hold {said} bytes; its chunks have {self.chunk_bytes}")
        decoded = np.empty(self.chunk_bytes, np.uint8)  # in which several frames have no more room than one
        try:
            (_BLOSC if self.coding.shuffled else _ZSTD).decode(body, out=decoded)
        except (RuntimeError, ValueError) as error:
            raise DamagedRunError(f"{key} can't be decoded: {error}") from error
        order = self.coding.order
        stored = decoded.view(self.dtype.newbyteorder("<")).reshape([self.chunks[axis] for axis in order])
        return stored.transpose(np.argsort(order))[self.inside(position)]


def _claimed_bytes(frame: bytes) -> int | None:
    """Read how many bytes a zstd frame says it holds (RFC 8878, 3.1.1.1); None if it does not say."""
    if len(frame) < 6 or not frame.startswith(_MAGIC):
        return None
    descriptor = frame[4]
    single = bool(descriptor & 0x20)
    width = (int(single), 2, 4, 8)[descriptor >> 6]
    start = 5 + (not single) + (0, 1, 2, 4)[descriptor & 3]
    field = frame[start : start + width]
    if not width or len(field) < width:
        return None
    return int.from_bytes(field, "little") + (256 if width == 2 else 0)


def _claimed_by_blosc(buffer: bytes) -> int | None:
    """Read how many bytes a buffer of Blosc says it holds; None if it is not zstd's, or of another length."""
    if len(buffer) < _BLOSC_HEADER.size:
        return None
    _, _, flags, _, held, _, stored = _BLOSC_HEADER.unpack_from(buffer)
    readable = flags & _BLOSC_COPIED or flags >> 5 == _BLOSC_ZSTD
    return int(held) if readable and stored == len(buffer) else None


def stored_array(path: str, node: Mapping[str, Any]) -> StoredArray:
    """Check the metadata of an array, all of which must have the form of a published run.

    Raises
    ------
    DamagedRunError
        Naming the key that is not.
    """

    def refuse(key: str) -> DamagedRunError:
        return DamagedRunError(f"{path}/zarr.json: {key} = {str(node.get(key))[:100]!r} is not allowed in a run")

    if unknown := node.keys() - _KEYS:
        raise refuse(min(unknown))
    dtype = _TYPES.get(str(node.get("data_type")))
    if dtype is None:
        raise refuse("data_type")
    shape = _sizes(node.get("shape"), least=0)
    if shape is None:
        raise refuse("shape")
    grid: Any = node.get("chunk_grid")
    chunks = (
        _sizes(grid.get("configuration", {}).get("chunk_shape"), least=1) if _is_named(grid, "regular") else None
    )
    if chunks is None or len(chunks) != len(shape):
        raise refuse("chunk_grid")
    keys: Any = node.get("chunk_key_encoding")
    separator = keys.get("configuration", {}).get("separator") if _is_named(keys, "default") else None
    if separator not in _SEPARATORS or keys["configuration"].keys() != {"separator"}:
        raise refuse("chunk_key_encoding")
    if not _is_fill(node.get("fill_value"), dtype):
        raise refuse("fill_value")
    coding = _coding(node.get("codecs"), dtype, len(shape))
    if coding is None:
        raise refuse("codecs")
    if node.get("storage_transformers", []) != []:
        raise refuse("storage_transformers")
    dims = node.get("dimension_names") or []
    if not (isinstance(dims, list) and len(dims) in (0, len(shape)) and all(isinstance(d, str) for d in dims)):
        raise refuse("dimension_names")
    if not isinstance(node.get("attributes", {}), dict):
        raise refuse("attributes")
    attributes = dict(node.get("attributes", {}))
    return StoredArray(path, shape, chunks, dtype, tuple(dims), attributes, separator, coding)


def _sizes(values: Any, least: int) -> tuple[int, ...] | None:
    if isinstance(values, list) and all(type(value) is int and least <= value < 2**62 for value in values):
        return tuple(values)
    return None


def _is_named(value: Any, name: str) -> bool:
    return (
        isinstance(value, dict) and value.get("name") == name and isinstance(value.get("configuration", {}), dict)
    )


def _is_fill(value: Any, dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "b":
        return isinstance(value, bool)
    if dtype.kind == "f":
        return type(value) in (int, float) or value in _NOT_FINITE
    limits = np.iinfo(dtype)
    return type(value) is int and int(limits.min) <= value <= int(limits.max)


def _coding(codecs: Any, dtype: np.dtype[Any], rank: int) -> Coding | None:
    """Read the coding of chunks: little-endian, compressed, with a CRC-32C; None if no run has it.

    Before schema 1.2 by zstd alone. Since then numbers along time may be transposed first, then shuffled by Blosc.
    """
    if not (isinstance(codecs, list) and 3 <= len(codecs) <= 4):
        return None
    *transposed, plain, compressor, crc32c = codecs
    endian = plain.get("configuration", {}) if _is_named(plain, "bytes") else None
    little = endian == {"endian": "little"} or (endian == {} and dtype.itemsize == 1)
    if not little or not _is_named(crc32c, "crc32c") or crc32c.get("configuration"):
        return None
    in_place = tuple(range(rank))
    if _is_named(compressor, "zstd") and not transposed:
        return Coding(in_place, shuffled=False)
    if not _is_named(compressor, "blosc") or compressor.get("configuration", {}).get("cname") != "zstd":
        return None
    if not transposed:
        return Coding(in_place, shuffled=True)
    time_last = [*in_place[1:], *in_place[:1]]
    if transposed != [{"name": "transpose", "configuration": {"order": time_last}}]:
        return None
    return Coding(tuple(time_last), shuffled=True)


def datasets(
    arrays: Mapping[str, StoredArray], attributes: Mapping[str, Any], decoded: Mapping[str, np.ndarray], read: Read
) -> dict[str, xr.Dataset]:
    """Open the groups of a run that is imported: an array that is not decoded yet is read when it is used.

    Parameters
    ----------
    arrays
        By their paths.
    attributes
        Of the groups, by their paths.
    decoded
        Arrays of one chunk, by their paths.
    read
        Reads a file.

    Returns
    -------
    dict
        The groups by their names; no coordinate has an index, nothing is decoded by CF.
    """
    variables: dict[str, dict[str, xr.Variable]] = {path: {} for path in attributes if path}
    for path, array in arrays.items():
        group, _, name = path.rpartition("/")
        variables.setdefault(group, {})[name] = _variable(array, decoded.get(path), read)
    return {
        group: xr.Dataset(
            {name: found for name, found in members.items() if found.dims != (name,)},
            xr.Coordinates({name: found for name, found in members.items() if found.dims == (name,)}, indexes={}),
            dict(attributes.get(group, {})),
        )
        for group, members in variables.items()
    }


def _variable(array: StoredArray, decoded: np.ndarray | None, read: Read) -> xr.Variable:
    dims = array.dims or tuple(f"{array.path}_{i}" for i in range(len(array.shape)))
    if not array.shape and decoded is None:
        decoded = array.decoded((), read(array.key(())))
    values = indexing.LazilyIndexedArray(_Chunked(array, read)) if decoded is None else decoded
    return xr.Variable(dims, values, array.attributes)


class _Chunked(BackendArray):  # type: ignore[no-untyped-call, unused-ignore]
    """An array that is decoded when it is used."""

    def __init__(self, array: StoredArray, read: Read) -> None:
        self.array, self.read = array, read
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._values)

    def _values(self, key: tuple[Any, ...]) -> np.ndarray:
        """Read the chunks along the first dimension that an index reaches; they are whole in all others."""
        first = key[0]
        rows = range(self.shape[0])[first if isinstance(first, slice) else slice(first, first + 1)]
        length = self.array.chunks[0]
        low, high = (min(rows, default=0), max(rows, default=-1) + 1)
        chunks = range(low // length, -(-high // length))
        height = max(0, min(chunks.stop * length, self.shape[0]) - chunks.start * length)
        block = np.empty((height, *self.shape[1:]), self.dtype)
        for position in self._positions(chunks):
            inside = self.array.inside(position)
            start = tuple(p * c for p, c in zip(position, self.array.chunks, strict=True))
            start = (start[0] - chunks.start * length, *start[1:])
            window = tuple(slice(s, s + part.stop) for s, part in zip(start, inside, strict=True))
            block[window] = self.array.decoded(position, self.read(self.array.key(position)))
        offset = chunks.start * length
        chosen = [row - offset for row in rows]
        found = block[chosen] if isinstance(first, slice) else block[chosen[0]]
        rest = key[1:] if not isinstance(first, slice) else (slice(None), *key[1:])
        return np.asarray(found[rest])

    def _positions(self, chunks: range) -> Iterator[tuple[int, ...]]:
        return product(chunks, *map(range, self.array.counts[1:]))
