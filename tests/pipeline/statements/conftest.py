"""Runs of the preset that meets every assumption, and of small data sets that break one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
import xarray as xr

from pipeline import load_config
from pipeline.configuration import DataConfig, InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.minimal_norm import compare, minimal_norm
from pipeline.phases import label_phases
from pipeline.statements import Row, check_statements, statement_rows, statement_times


@dataclass(frozen=True)
class Run:
    """What ``check_statements`` takes."""

    data: xr.Dataset
    trajectory: xr.Dataset
    phases: xr.Dataset
    minimum: xr.Dataset

    def rows(self, epsilon: float = 0.05) -> dict[str, Row]:
        table = check_statements(self.data, self.trajectory, self.phases, self.minimum, epsilon=epsilon)
        return {name: row for name, (_, row) in statement_rows(table).items()}

    def verdicts(self, epsilon: float = 0.05) -> dict[str, str]:
        return {name: row.verdict for name, row in self.rows(epsilon).items()}

    def where(self, *names: str) -> np.ndarray:
        """The samples at which Lemma 3's and 4's rows, or others, were measured."""
        rows = self.rows()
        return np.array([int(np.argmin(np.abs(self.trajectory["time"].values - rows[name].at))) for name in names])

    def replaced(self, **datasets: xr.Dataset) -> "Run":
        return replace(self, **datasets)

    @contextmanager
    def tampered(self) -> Iterator["Run"]:
        """A deep copy to spoil."""
        yield Run(*(getattr(self, name).copy(deep=True) for name in ("data", "trajectory", "phases", "minimum")))


def make(data: xr.Dataset, init: InitConfig, *, start: xr.Dataset | None = None, **flow) -> Run:
    start = initialise(data, init) if start is None else start
    looks = statement_times(data, float(start["log_init_scale"]))
    trajectory = simulate(data, start, **{"including": looks} | flow)
    minimum = minimal_norm(data, slope=flow.get("slope", 0.0))
    return Run(data, trajectory, label_phases(data, trajectory), compare(trajectory, minimum))


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """A run of points and labels, or of a preset, with other ``[init]`` keys."""

    def run(name: str = "orthonormal", x=None, y=None, flow=None, **keys) -> Run:
        config = load_config(name)
        if x is None:
            data = generate_data(config.data)
        else:
            data = generate_data(DataConfig(x=np.asarray(x, dtype=float).tolist(), y=list(map(float, y))))
        return make(data, InitConfig(**config.init.model_dump() | keys), **flow or {})

    return run


@pytest.fixture(scope="session")
def tiny(make_run) -> Run:
    """``orthonormal`` from lambda = 1e-400/sqrt(200): every bound is small, none below what a float resolves."""
    return make_run(log10_scale=-400.0)


@pytest.fixture(scope="session")
def usual(make_run) -> Run:
    """``orthonormal`` as it comes, from lambda = 1e-6/sqrt(200)."""
    return make_run()
