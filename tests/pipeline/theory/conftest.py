"""The laws on grids small enough for a test."""

import pytest
import xarray as xr

from pipeline import load_config
from pipeline.theory import ladder_law, limit_law, minimum_law, threshold_law, width_law

SCALES = (-2.0, -4.0, -6.0, -10.0, -20.0, -100.0, -1000.0)
"""Decimal exponents of lambda."""


@pytest.fixture(scope="session")
def ladder(made_once) -> xr.Dataset:
    return made_once("ladder", lambda: ladder_law(load_config("orthonormal"), SCALES))


@pytest.fixture(scope="session")
def widths(made_once) -> xr.Dataset:
    return made_once("widths", lambda: width_law((2, 4), (2, 8, 32), seeds=12))


@pytest.fixture(scope="session")
def thresholds(made_once) -> xr.Dataset:
    return made_once("thresholds", lambda: threshold_law((32, 128), (2, 4), seeds=2))


@pytest.fixture(scope="session")
def jumps(made_once) -> xr.Dataset:
    return made_once("jumps", lambda: limit_law(load_config("small-width")))


@pytest.fixture(scope="session")
def penalties(made_once) -> xr.Dataset:
    keys = {"analysis.penalty": [0.01, 0.1, 0.2, 1e-4], "flow.samples": 100}
    return made_once("penalties", lambda: minimum_law(load_config("non-orthogonal", keys)))
