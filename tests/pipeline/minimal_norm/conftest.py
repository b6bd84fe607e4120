"""Orthogonal data sets of every shape."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from pipeline.configuration import DataConfig
from pipeline.data import generate_data


def points(x, y) -> xr.Dataset:
    return generate_data(DataConfig(x=np.asarray(x, dtype=float).tolist(), y=list(map(float, y))))


def orthogonal(seed: int, n: int = 3, extra: int = 0, signs=(-1.0, 1.0)) -> xr.Dataset:
    """Random orthogonal inputs of unequal lengths in n + extra dimensions, with labels of these signs."""
    generator = np.random.default_rng(seed)
    x = np.linalg.qr(generator.standard_normal((n + extra, n)))[0].T * generator.uniform(0.3, 3.0, n)[:, None]
    return points(x, generator.uniform(0.2, 2.0, n) * generator.choice(signs, n))


@pytest.fixture(scope="session")
def make_data() -> Callable[..., xr.Dataset]:
    return points


@pytest.fixture(scope="session")
def make_orthogonal() -> Callable[..., xr.Dataset]:
    return orthogonal
