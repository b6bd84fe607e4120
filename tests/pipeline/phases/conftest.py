"""Trajectories built by hand, of which everything is known, and the presets' own."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from catalog.schema import conform
from pipeline import load_config
from pipeline.configuration import DataConfig, InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate


def by_hand(data: xr.Dataset, time, residual, direction, log_norm, output_ratio, **given) -> xr.Dataset:
    """A labelled trajectory of these arrays; neurons that rest may be given at one time only."""
    time = np.asarray(time, dtype=float)
    direction = np.broadcast_to(direction, (len(time), *np.shape(direction)[-2:]))
    log_norm = np.broadcast_to(log_norm, direction.shape[:2])
    residual = np.asarray(residual, dtype=float)
    return conform(
        "trajectory",
        {
            "time": time,
            "direction": direction,
            "log_norm": log_norm,
            "output_ratio": np.broadcast_to(output_ratio, log_norm.shape),
            "activation": np.where(direction @ data["x"].values.T > 0, 2, 1),
            "residual": residual,
            "loss": 0.5 * np.mean(residual**2, axis=1),
            "gradient_norm": np.ones(len(time)),
            "log_init_scale": -10.0,
        }
        | given,
    )


@pytest.fixture(scope="session")
def make_trajectory() -> Callable[..., xr.Dataset]:
    return by_hand


def points(x, y) -> xr.Dataset:
    return generate_data(DataConfig(x=np.asarray(x, dtype=float).tolist(), y=list(map(float, y))))


@pytest.fixture(scope="session")
def make_data() -> Callable[..., xr.Dataset]:
    return points


def solve(name: str, samples: int = 400, **keys) -> tuple[xr.Dataset, xr.Dataset]:
    """Data and trajectory of a preset with other ``[init]`` keys."""
    config = load_config(name)
    data = generate_data(config.data)
    init = initialise(data, InitConfig(**config.init.model_dump() | keys))
    return data, simulate(data, init, samples=samples)


@pytest.fixture(scope="session")
def solved() -> Callable[..., tuple[xr.Dataset, xr.Dataset]]:
    return solve
