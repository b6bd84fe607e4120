"""Runs and a ladder, small enough for a test of plots."""

import pytest
import xarray as xr

from dashboards.theme import DARK, LIGHT, Theme
from pipeline import ladder_law, load_config, run

SCALES = (0.0, -2.0, -4.0, -6.0, -100.0, -1000.0)


@pytest.fixture(scope="session")
def paper() -> xr.DataTree:
    return run(load_config("orthogonal"))


@pytest.fixture(scope="session")
def oblique() -> xr.DataTree:
    return run(load_config("non-orthogonal", {"init.log10_scale": -1000}))


@pytest.fixture(scope="session")
def large() -> xr.DataTree:
    """A start at lambda > 1: no plateau, no prediction."""
    return run(load_config("orthogonal", {"init.log10_scale": 1.5}))


@pytest.fixture(scope="session")
def ladder(made_once) -> xr.Dataset:
    return made_once("plotted ladder", lambda: ladder_law(load_config("orthonormal"), SCALES))


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def theme(request) -> Theme:
    return request.param
