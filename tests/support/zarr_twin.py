"""The store that xarray and zarr write themselves, slowly: what the catalog's own files are held to."""

from __future__ import annotations

import warnings

import xarray as xr
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

from catalog.encoding import chunk_shape, fill_value


def written_by_zarr(tree: xr.DataTree) -> dict[str, bytes]:
    """Every file of the store, by its path."""
    encoding, store = {}, {}
    for node in tree.subtree:
        group, arrays = node.path.strip("/"), {}
        for name, variable in node.to_dataset(inherit=False).variables.items():
            arrays[name] = {
                "compressors": (ZstdCodec(level=3), Crc32cCodec()),
                "chunks": chunk_shape(variable.shape, variable.dtype.itemsize),
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
