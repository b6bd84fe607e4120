"""The tangent kernel along time: how fast each combination of labels is fitted at an instant.

Within the patterns dr/dt = -K r/n with K_kl = sum_j phi'_jk phi'_jl (a_j^2 <x_k, x_l> + <w_j, x_k><w_j, x_l>), so
that the residual's part along an eigenvector of K/n falls at the rate of its eigenvalue, and the loss at

    -d ln L/dt = |grad L|^2/L = 2 <r, K r>/(n |r|^2),

between twice the smallest eigenvalue and twice the largest.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from pipeline.inputs.arguments import SAMPLES, whole
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network.patterns import Network
from pipeline.network.points import take_points
from pipeline.network.threads import one_thread


def tangent_kernel_spectrum(data: xr.Dataset, trajectory: xr.Dataset, samples: int | None = None) -> xr.Dataset:
    """Compute the eigenvalues of the tangent kernel along a run.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow.
    samples
        Of how many of the trajectory's samples, evenly over their numbers; None: of all.

    Returns
    -------
    Dataset
        Group ``kernel`` of the schema: eigenvalue(time, point) of K/n, falling; slowest_rate(time), twice the
        smallest; loss_rate(time) = 2 <r, K r>/(n |r|^2), what it makes of -d ln L/dt, beside measured_rate(time)
        = |grad L|^2/L of the trajectory, which is the same where both layers learn alike. NaN where the loss is
        0.
    """
    data, trajectory = take_points(data), validate("trajectory", trajectory)
    refuse_other_sizes(data=data, trajectory=trajectory)
    n, count = data.sizes["point"], trajectory.sizes["time"]
    chosen = np.arange(count)
    if samples is not None:
        chosen = np.unique(np.linspace(0, count - 1, min(whole("samples", samples, SAMPLES), count)).astype(int))
    course = trajectory.variables
    residual, loss, gradient = (
        course[name][chosen].values.astype(float) for name in ("residual", "loss", "gradient_norm")
    )
    speed = float(trajectory.attrs.get("output_speed", 1.0))
    eigenvalue, rate = np.empty((len(chosen), n)), np.full(len(chosen), np.nan)
    with one_thread(n):
        network = Network.at(data, trajectory, int(chosen[0]))
        for i, sample in enumerate(chosen):
            network = network.at_another(data, trajectory, int(sample))
            # An output layer that learns faster does so in the part of K that the w make.
            kernel = network.tangent_kernel(np.sqrt(speed) * network.w, network.a) / n
            eigenvalue[i] = np.linalg.eigvalsh(kernel)[::-1]
            size = float(np.abs(residual[i]).max())
            if size > 0:  # squares of residuals of 1e-200 are no floats
                r = residual[i] / size
                rate[i] = 2.0 * (r @ kernel @ r) / (r @ r)
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = np.where((loss > 0) & (speed == 1.0), gradient / loss * gradient, np.nan)
    eigenvalue = np.maximum(eigenvalue, 0.0)
    return conform(
        "kernel",
        {
            "time": course["time"].values[chosen],
            "eigenvalue": eigenvalue,
            "slowest_rate": 2.0 * eigenvalue[:, -1],
            "loss_rate": rate,
            "measured_rate": measured,
        },
    )
