"""Where one run ends, as fast as the engine goes: two samples, and no labels but those that a law asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from pipeline.configuration import DataConfig, FlowConfig, InitConfig, RunConfig
from pipeline.inputs.arguments import PAIRS, whole
from pipeline.network.algebra import half_squared_norm, loss
from pipeline.workflow import computation

POSITIVE, NEGATIVE = 1.2, -0.8
"""The labels: half of the points have each, so that |D_+|/|D_-| = 1.5 for every number of points."""
LAW = RunConfig(
    name="law",
    data=DataConfig(kind="orthonormal", y=[POSITIVE, NEGATIVE]),
    flow=FlowConfig(tolerance=1e-4),  # the norm at the end needs no smaller one
)
"""What every run of a law has in common; the number of points and the start vary."""
FITTED = 1e-20
"""The loss, relative to the zero network's, up to which the data is fitted; the solver goes on to 1e-24."""


@dataclass(frozen=True)
class End:
    """The end of one run.

    Attributes
    ----------
    excess
        1/2 |theta|^2 over its minimum, less 1; infinite if the data is not fitted.
    assumption_3
        Whether a neuron started in each of S_{+,1} and S_{-,1}.
    """

    excess: float
    assumption_3: bool


def labelled_points(n: int) -> tuple[xr.Dataset, float]:
    """``n`` orthonormal points, half of them positive, and their minimum norm.

    Parameters
    ----------
    n
        Even, at least 2.
    """
    n = whole("points", n, PAIRS)
    labels = [POSITIVE] * (n // 2) + [NEGATIVE] * (n - n // 2)
    config = LAW.model_copy(update={"data": DataConfig(kind="orthonormal", y=labels)})
    data = computation.prepare(config)
    return data, float(computation.minimum_of(config, data)["value"])


def start_of(data: xr.Dataset, width: int, log10_scale: float, seed: int, per_sqrt_width: bool) -> xr.Dataset:
    """The balanced start of equation (4)."""
    init = InitConfig(width=width, log10_scale=log10_scale, per_sqrt_width=per_sqrt_width, seed=seed)
    return computation.start_of(LAW.model_copy(update={"init": init}), data)


def meets_assumption_3(data: xr.Dataset, start: xr.Dataset) -> bool:
    """Whether S_{+,1} and S_{-,1} (equations (5) and (6)) have a neuron each."""
    inside = start["direction"].values @ data["x"].values.T >= 0.0
    sign, y = np.sign(start["output_ratio"].values), data["y"].values
    return all(bool((inside[:, s * y > 0].all(axis=1) & (sign == s)).any()) for s in (1, -1))


def end_of(data: xr.Dataset, start: xr.Dataset, least: float) -> End:
    """Follow the flow until it rests."""
    last = computation.end_of(LAW, data, start)
    norm = np.exp(last["log_norm"].values)
    half = float(half_squared_norm(norm, norm * last["output_ratio"].values))
    # By the loss: the status of a run that fits and was not unique is another.
    fitted = float(last["loss"]) <= FITTED * float(loss(data["y"].values))
    return End(half / least - 1.0 if fitted else float("inf"), meets_assumption_3(data, start))
