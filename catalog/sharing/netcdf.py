"""One run as one netCDF-4 file, for readers without Zarr and for the checkers of CF and ACDD."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.catalog import Catalog
from catalog.errors import CatalogUnwritableError, DiskFullError
from catalog.sharing.atomic_output import atomic_path, same_file

if TYPE_CHECKING:
    import xarray as xr

LARGE_GROUP_BYTES = 256 * 2**20
"""Bytes of a group beyond which its arrays are copied piece by piece, and not one at a time."""
SAMPLE = "sample"
"""What the dimension ``time`` is called in netCDF; ``swap_dims(sample="time")`` undoes it."""
LEAST_FREE_BYTES = 2**20
"""Bytes; if fewer are free, the disk was full: HDF5 does not name the cause of an error."""


def write_netcdf(catalog: Catalog, run_id: str, destination: Path) -> int:
    """Write a run as a netCDF-4 file with its groups: deflated, each chunk with a Fletcher-32 checksum.

    Returns
    -------
    int
        The bytes of all arrays without compression.

    Raises
    ------
    CatalogError, CatalogUnwritableError, DiskFullError, DamagedRunError
        And what was there is as it was.
    """
    import xarray as xr

    tree = catalog[run_id]
    datasets = {node.path: _portable(node.to_dataset(inherit=False)) for node in tree.subtree}
    encoding = {
        path: {str(name): _encoding(variable) for name, variable in dataset.variables.items()}
        for path, dataset in datasets.items()
    }
    with atomic_path(destination, same_file) as partial:
        partial.touch(exist_ok=False)  # the system's own word on why it can't be; HDF5 knows one for all
        try:
            # netCDF4 and not h5netcdf: the latter needs a second library of HDF5 to write with.
            xr.DataTree.from_dict(datasets).to_netcdf(
                partial, engine="netcdf4", format="NETCDF4", encoding=encoding
            )
        except (OSError, RuntimeError) as error:
            raise _explained(error, destination) from error
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
    return sum(dataset.nbytes for dataset in datasets.values())


def _portable(dataset: xr.Dataset) -> xr.Dataset:
    """Free a dataset of what only Zarr knows, in its encoding and in its attributes."""
    dataset = dataset.chunk("auto") if dataset.nbytes > LARGE_GROUP_BYTES else dataset.copy()
    if "time" in dataset.dims:
        # CF takes a dimension of this name for a calendar's, with a unit "... since ...". The paper's t is a pure
        # number: `time` stays a coordinate, on a dimension with another name.
        dataset = dataset.reset_index("time").rename_dims(time=SAMPLE)
    dataset.attrs = {name: attribute(value) for name, value in dataset.attrs.items()}
    for variable in dataset.variables.values():
        variable.encoding = {}
        variable.attrs = {name: attribute(value) for name, value in variable.attrs.items()}
        if "flag_values" in variable.attrs:
            # JSON has one kind of number; CF wants the flags in the type of their variable.
            import numpy as np

            variable.attrs["flag_values"] = np.asarray(variable.attrs["flag_values"], dtype=variable.dtype)
    return dataset


def attribute(value: Any) -> Any:
    """Turn an attribute into what netCDF holds: truth values and empty lists become text."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if isinstance(value, list) and not value else value


def _encoding(variable: xr.Variable) -> dict[str, Any]:
    from catalog.encoding import chunk_shape

    # No _FillValue: nothing is missing, and int8 would come back as float.
    encoding: dict[str, Any] = {"_FillValue": None}
    if variable.ndim and variable.size:
        chunks = chunk_shape(variable.shape, variable.dtype.itemsize)
        encoding |= {"zlib": True, "complevel": 4, "shuffle": True, "fletcher32": True, "chunksizes": chunks}
    return encoding


def _explained(error: Exception, destination: Path) -> CatalogUnwritableError | DiskFullError:
    import shutil

    if shutil.disk_usage(destination.parent).free < LEAST_FREE_BYTES:
        return DiskFullError(f"{destination} can't be written: the disk is full; nothing was exported")
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    return CatalogUnwritableError(f"{destination} can't be written: {reason}; nothing was exported")
