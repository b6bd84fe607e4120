"""The laws on grids small enough for a test."""

import pytest
import xarray as xr

from pipeline import load_config
from pipeline.theory import ladder_law, limit_law, minimum_law, threshold_law, width_law

SCALES = (-2.0, -4.0, -6.0, -10.0, -20.0, -100.0, -1000.0)
"""Decimal exponents of lambda."""


@pytest.fixture(scope="session")
def ladder() -> xr.Dataset:
    return ladder_law(load_config("orthonormal"), SCALES)


@pytest.fixture(scope="session")
def widths() -> xr.Dataset:
    return width_law((2, 4), (2, 8, 32), seeds=12)


@pytest.fixture(scope="session")
def thresholds() -> xr.Dataset:
    return threshold_law((32, 128), (2, 4), seeds=2)


@pytest.fixture(scope="session")
def jumps() -> xr.Dataset:
    return limit_law(load_config("small-width"))


@pytest.fixture(scope="session")
def penalties() -> xr.Dataset:
    keys = {"analysis.penalty": [0.01, 0.1, 0.2, 1e-4], "flow.samples": 100}
    return minimum_law(load_config("non-orthogonal", keys))
