"""The samples of a trajectory: which one is meant, and the network there as plain arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import number
from pipeline.inputs.errors import RequestError
from pipeline.network import algebra


class Weights(NamedTuple):
    """A network in plain numbers.

    Attributes
    ----------
    w : float64[neuron, coord]
        The hidden weights; the last column is that of the bias, where the data have one.
    a : float64[neuron]
        The output weights.
    """

    w: np.ndarray
    a: np.ndarray


def trajectory_of(run: xr.Dataset | xr.DataTree) -> xr.Dataset:
    """Return a trajectory as it is, and that of a whole run.

    Raises
    ------
    RequestError
        If it is neither.
    """
    if isinstance(run, xr.DataTree) and "trajectory" in run.children:
        run = run["trajectory"].to_dataset()
    if isinstance(run, xr.Dataset):
        network = [run.variables.get(name) for name in ("log_norm", "direction", "output_ratio", "time")]
        if all(found is not None and found.dims[:1] == ("time",) for found in network):
            return run
    raise RequestError("trajectory: allowed is what simulate returns, or a run that has one")


def weights(trajectory: xr.Dataset | xr.DataTree, time: float | None = None) -> Weights:
    """Return the weights w (m, d) and a (m,) of a trajectory at one of its samples.

    Parameters
    ----------
    trajectory
        From :func:`pipeline.simulate`, or a whole run.
    time
        The paper's t, of which the nearest sample is taken (``simulate(..., sample_times=[...])`` puts samples
        where you want them); None: the end.

    Returns
    -------
    Weights
        A tuple of two arrays, 0 where they are below the smallest float.

    Raises
    ------
    RequestError
        If there is no such time in the run.
    """
    trajectory = trajectory_of(trajectory)
    return Weights(*algebra.weights_at(trajectory, sample_at(trajectory, time)))


def sample_at(trajectory: xr.Dataset, time: float | None) -> int:
    """Return which sample of a trajectory is the nearest to ``time``; None: the last.

    Raises
    ------
    RequestError
        If there is no such time in the run.
    """
    times = np.asarray(trajectory.variables["time"].values)
    if time is None:
        return len(times) - 1
    wanted = number("time", time)
    if not times[0] <= wanted <= times[-1]:
        raise RequestError(
            f"time = {wanted:g}: from {times[0]:g} to {times[-1]:g} is allowed, the trajectory's own"
        )
    return int(np.abs(times - wanted).argmin())
