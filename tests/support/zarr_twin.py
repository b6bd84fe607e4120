"""The store that xarray and zarr write themselves, slowly: what the catalog's own files are held to."""

from __future__ import annotations

import warnings
from typing import Any

import xarray as xr
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, TransposeCodec, ZstdCodec
from zarr.storage import MemoryStore

from catalog.encoding import chunk_shape, fill_value
from catalog.zarr_files import SERIES_LENGTH


def written_by_zarr(tree: xr.DataTree) -> dict[str, bytes]:
    """Every file of the store, by its path."""
    encoding, store = {}, {}
    for node in tree.subtree:
        group, arrays = node.path.strip("/"), {}
        for name, variable in node.to_dataset(inherit=False).variables.items():
            chunks = chunk_shape(variable.shape, variable.dtype.itemsize)
            arrays[name] = {
                **codecs(variable, chunks),
                "chunks": chunks,
                "chunk_key_encoding": {"name": "default", "separator": "."},
                "fill_value": fill_value(group, str(name), variable),
            } | ({"_FillValue": None} if variable.dtype.kind == "f" else {})
        if arrays:
            encoding[node.path] = arrays
    with warnings.catch_warnings(), zarr.config.set({"json_indent": None}):
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        tree.to_zarr(
            MemoryStore(store), mode="w-", encoding=encoding, consolidated=True, zarr_format=3,
            write_empty_chunks=True,
        )  # fmt: skip
    return {path: content.to_bytes() for path, content in store.items()}


def codecs(variable: xr.Variable, chunks: tuple[int, ...]) -> dict[str, Any]:
    """What is done to the bytes of a chunk."""
    if variable.dtype.kind != "f" or not chunks or chunks[0] < SERIES_LENGTH:
        return {"compressors": (ZstdCodec(level=3), Crc32cCodec())}
    compressor = BloscCodec(cname="zstd", clevel=2, shuffle="shuffle", typesize=variable.dtype.itemsize)
    filters = {"filters": (TransposeCodec(order=(*range(1, len(chunks)), 0)),)} if len(chunks) > 1 else {}
    return {**filters, "compressors": (compressor, Crc32cCodec())}
