"""Small sweeps of quick cells, and one cluster for all who compute on processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import pipeline.cli.sweep_report
import pipeline.sweep.execution
from pipeline.sweep import SweepSpec
from pipeline.sweep.cluster import local
from pipeline.sweep.grid import axis

QUICK = {"init.width": 6, "flow.samples": 20}
GRID = {"init.log10_scale": {"start": -2, "stop": -4, "num": 3}, "init.seed": {"count": 4}}


def requested(
    grid: dict[str, Any] = GRID,
    *,
    settings: dict[str, Any] = QUICK,
    base: Any = "orthogonal",
    name: str = "small",
    **more: Any,
) -> SweepSpec:
    settings = {key: value for key, value in settings.items() if key not in grid}
    return SweepSpec(name, base, tuple(axis(key, given) for key, given in grid.items()), settings, **more)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, a few quick cells are computed in this process, and no line tells of progress."""
    patient = partial(pipeline.sweep.execution.compute_in_process, patience=float("inf"))
    monkeypatch.setattr(pipeline.sweep.execution, "compute_in_process", patient)
    monkeypatch.setattr(pipeline.cli.sweep_report, "PLAIN_SECONDS", float("inf"))


@pytest.fixture(scope="session")
def request_of() -> Callable[..., SweepSpec]:
    return requested


@pytest.fixture(scope="session")
def processes() -> Iterator[Any]:
    """A client of two local worker processes."""
    with local(2) as workers:
        yield workers.client
