"""Curves of a run as CSV: the selection of a page, with the meaning of each column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from catalog import decode
from pipeline import RequestError

CELLS_LIMIT = 2_000_000
"""Numbers in a file at most: about 40 MB, more than a spreadsheet opens."""

OF_RUN = ("loss", "gradient_norm", "residual")
OF_NEURON = ("log_norm", "output_ratio", "direction", "activation")
"""The variables of a trajectory that become columns: of the run, and of each selected neuron."""


def write_curves_csv(
    tree: xr.DataTree, neurons: Sequence[int] = (), start: float | None = None, end: float | None = None
) -> str:
    """Write the run's curves and those of the selected neurons, one row a sample.

    Columns are named by variable and index (``residual_0``, ``direction_7_1``: neuron 7, coordinate 1); lines
    that begin with ``#`` say what they are and in which units. ``pandas.read_csv(file, comment="#")`` reads
    it; numbers are written to the last digit.

    Parameters
    ----------
    tree
        A run with the group trajectory.
    neurons
        Labels of neurons, in the order wanted; none: the run's curves alone.
    start, end
        The range of the paper's t, both ends included; None: from the first sample, to the last.

    Raises
    ------
    RequestError
        If there is no such neuron, no sample in the range, or too many numbers.
    """
    trajectory = tree["trajectory"].dataset
    time = trajectory["time"].values
    first, last = -np.inf if start is None else start, np.inf if end is None else end
    inside = np.flatnonzero((time >= first) & (time <= last))
    unknown = sorted(set(neurons) - set(trajectory["neuron"].values.tolist()))
    if unknown:
        raise RequestError(f"neuron {unknown[0]}: the run has the neurons 0 to {trajectory.sizes['neuron'] - 1}")
    if not inside.size:
        raise RequestError(f"there is no sample from t = {start} to {end}: the run goes from 0 to {time[-1]:g}")
    coords, points = trajectory.sizes["coord"], trajectory.sizes["point"]
    cells = inside.size * (3 + points + len(neurons) * (2 + coords + points))
    if cells > CELLS_LIMIT:
        raise RequestError(
            f"the selection has {cells:,} numbers: at most {CELLS_LIMIT:,} are written; select fewer neurons or a "
            "shorter time, or export the run"
        )
    # One slice, then labels: of a run larger than memory only the selection is read.
    chosen = trajectory.isel(time=slice(inside[0], inside[-1] + 1)).sel(neuron=list(neurons))
    table = {"time": chosen["time"].values} | dict(_columns(chosen[list(OF_RUN)], OF_RUN))
    if neurons:
        table |= dict(_columns(chosen[list(OF_NEURON)], OF_NEURON))
    rows = pd.DataFrame(table).to_csv(index=False, lineterminator="\n")
    return _head(tree, trajectory, bool(neurons)) + rows


def _columns(chosen: xr.Dataset, names: Sequence[str]) -> list[tuple[str, Any]]:
    """Write variables (time, ...) as columns; neurons are named by their labels."""
    found: list[tuple[str, Any]] = []
    for name in names:
        variable = chosen[name].transpose("time", ...)
        numbers = decode(variable) if "flag_values" in variable.attrs else variable.values
        labels = [variable[dim].values.tolist() for dim in variable.dims[1:]]
        for place in np.ndindex(numbers.shape[1:]):
            index = [str(labels[axis][at]) for axis, at in enumerate(place)]
            found.append(("_".join([name, *index]), numbers[(slice(None), *place)]))
    return found


def _head(tree: xr.DataTree, trajectory: xr.Dataset, with_neurons: bool) -> str:
    """Describe the file and its columns."""
    lines = [
        f"{tree.attrs.get('id', 'a run')}: {tree.attrs.get('title', '')}",
        f"Source: reluflow; please cite {tree.attrs.get('references', 'it')}",
    ]
    for name in ("time", *OF_RUN, *(OF_NEURON if with_neurons else ())):
        attrs = trajectory[name].attrs
        dims = "_".join(name if dim == "time" else f"<{dim}>" for dim in trajectory[name].dims if dim != "time")
        meaning = attrs.get("long_name", name)
        unit = "words" if "flag_values" in attrs else f"units {attrs.get('units', '1')}"
        lines.append(f"{name}{'_' + dims if dims else ''}: {meaning} [{unit}]")
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)
