"""Whether a run that comes in can be what it says it is: as far as that is found out without computing it anew.

Digests travel with a run, and prove nothing of who wrote it. So its identifier, its points and its start are made
again of its configuration, its losses of its weights, its summary of its arrays. What is left (the solver's
account, the phases, the minimum norm) only another computation can tell: ``reluflow verify --recompute``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from pydantic import ValidationError

from catalog.errors import DamagedRunError
from catalog.layout import RUNS, SCHEMA_VERSION
from catalog.manifest import Manifest, plain, restored
from catalog.schema.blocks import at_instant
from pipeline import RequestError
from pipeline.configuration import RunConfig, run_identity
from pipeline.network import algebra
from pipeline.network.activation import Activation
from pipeline.network.points import coordinate_names, describe
from pipeline.network.status import Status
from pipeline.upkeep.cube_evidence import judge_sweep
from pipeline.workflow.computation import prepare, start_of
from pipeline.workflow.summary import summarise

ROUNDING = 1e-9
"""The share by which two machines may differ in a number that both compute by the same formula."""
BEYOND_TOLERANCE = 100.0
"""How many times the solver's tolerance the residual may differ from the weights': they are evaluated apart."""
SOME_SAMPLES = ("kernel",)
"""The groups that have some of the trajectory's instants, not all."""
MORE_SAMPLES = 10_000
"""Instants beyond ``flow.samples`` that a run may have: those of the statements are some 40."""
INSTANTS, WORK = 24, 2**27
"""How many instants are looked at, and the products of weights and points that this may take."""
OVERFLOWED = Status.DIVERGED.word
"""The status with which a loss may be no number."""

Groups = Mapping[str, xr.Dataset]


def judge(manifest: Manifest, groups: Groups, collection: str = RUNS) -> list[str]:
    """Compare all that a run, or a sweep, says with what follows from it.

    Parameters
    ----------
    manifest
        Of the run.
    groups
        Its groups by name, lazy where they are large.
    collection
        Whether it is a run or a sweep.

    Returns
    -------
    list of str
        What could not be checked, each in a few words.

    Raises
    ------
    DamagedRunError
        Naming the first thing that contradicts another.
    """
    if collection != RUNS:
        return judge_sweep(manifest, groups)
    unchecked: list[str] = []
    config = configuration_of(manifest, unchecked)
    try:
        with np.errstate(all="ignore"):
            if config is not None:
                _check_sizes(config, groups)
                _check_data(config, groups["data"], unchecked)
                _check_start(config, groups, unchecked)
                _check_course(config, groups)
            _check_summary(manifest, groups, unchecked)
    except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedRunError(f"it is no run that can be understood: {reason}") from error
    return unchecked


def configuration_of(manifest: Manifest, unchecked: list[str]) -> RunConfig | None:
    """Read a run's configuration, and hold its identifier to it; None if an older one is not understood any more.

    Raises
    ------
    DamagedRunError
    """
    try:
        run_id = run_identity(plain(manifest.configuration), manifest.schema_version)
        config = RunConfig.model_validate(manifest.configuration)
    except ValidationError as error:
        if manifest.schema_version == SCHEMA_VERSION:
            reason = error.errors()[0]["msg"]
            raise DamagedRunError(f"its configuration is none of schema {SCHEMA_VERSION}: {reason}") from None
        unchecked.append("what follows from its configuration, which this version does not understand")
        config = None
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRunError("its configuration is none of a run") from error
    if config is not None and manifest.schema_version == SCHEMA_VERSION:
        run_id = config.run_id(SCHEMA_VERSION)
    if run_id != manifest.run_id:
        raise DamagedRunError(f"its configuration is that of {run_id}")
    return config


def _check_sizes(config: RunConfig, groups: Groups) -> None:
    """Hold the sizes to the configuration, before anything is made of it: it could ask for terabytes."""
    sizes = groups["trajectory"].sizes
    points, coordinates = groups["data"].sizes["point"], groups["data"].sizes["coord"]
    if config.data.kind != "points":
        stated = (config.data.number, config.data.coordinates + config.data.bias)
    elif config.data.file is None:
        rows = config.data.x or []
        stated = (len(rows), len(rows[0]) + config.data.bias)
    else:
        stated = (points, coordinates)
    asked = config.data.test
    if (asked is None) == ("test_point" in groups["data"].sizes):
        raise DamagedRunError("it has test points, or none; its configuration says otherwise")
    if asked is not None and asked.file is None:
        wanted = asked.points or len(asked.x or [])
        if groups["data"].sizes["test_point"] != wanted:
            raise DamagedRunError(f"its configuration asks for {wanted} of the dimension test_point")
    expected = {"point": stated[0], "coord": stated[1], "neuron": config.init.width}
    found = {"point": points, "coord": coordinates, "neuron": sizes["neuron"]}
    for name, size in expected.items():
        if found[name] != size or sizes.get(name, size) != size:
            raise DamagedRunError(
                f"it has {found[name]} of the dimension {name}; its configuration asks for {size}"
            )
    most = config.flow.samples + MORE_SAMPLES
    if not 1 <= sizes["time"] <= most:
        raise DamagedRunError(f"it has {sizes['time']} instants; its configuration asks for {most} at most")


def _check_data(config: RunConfig, data: xr.Dataset, unchecked: list[str]) -> None:
    """Hold the points, and all that is said of them, to the configuration."""
    x, y = (np.asarray(data.variables[name].values) for name in ("x", "y"))
    if config.data.file is not None:
        unchecked.append(f"its points, which come from {config.data.file}")
        expected = describe(x, y, coordinate_names(x.shape[1]))
    else:
        try:
            expected = prepare(_without_test_file(config))
        except RequestError as error:
            raise DamagedRunError(f"its configuration is refused: {error}") from error
    if config.data.test is not None and config.data.test.file is not None:
        unchecked.append(f"its test points, which come from {config.data.test.file}")
    for name, variable in expected.variables.items():
        if name in data.variables:
            _hold(f"data/{name}", data.variables[name].values, variable.values, "its configuration")


def _without_test_file(config: RunConfig) -> RunConfig:
    """The same configuration without test points that stand in a file."""
    if config.data.test is None or config.data.test.file is None:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"test": None})})


def _check_start(config: RunConfig, groups: Groups, unchecked: list[str]) -> None:
    """Hold the first instant to the configuration."""
    if config.init.file is not None:
        unchecked.append(f"its start, which comes from {config.init.file}")
        return
    if config.init.from_run is not None:
        unchecked.append(f"its start, which comes from the run {config.init.from_run}")
        return
    try:
        start = start_of(config, groups["data"][["x", "y"]])
    except RequestError as error:
        raise DamagedRunError(f"its configuration is refused: {error}") from error
    trajectory = groups["trajectory"]
    names = ("log_norm", "direction", "output_ratio")
    for name, found in zip(names, at_instant(trajectory, 0, *names), strict=True):
        _hold(f"trajectory/{name} at the start", found, start.variables[name].values, "its configuration")
    scale = trajectory.variables["log_init_scale"].values
    _hold("trajectory/log_init_scale", scale, start.variables["log_init_scale"].values, "its configuration")


def _check_course(config: RunConfig, groups: Groups) -> None:
    """Hold the time to itself, the loss to the residual, and at some instants the residual to the weights."""
    data, trajectory = groups["data"], groups["trajectory"]
    time, loss = (np.asarray(trajectory.variables[name].values) for name in ("time", "loss"))
    status = trajectory.attrs["status"]
    if not (np.isfinite(time).all() and time[0] == 0 and (np.diff(time) >= 0).all()):
        raise DamagedRunError("trajectory/time does not rise from 0")
    end = config.flow.end_time
    if end is not None and time[-1] > end * (1 + ROUNDING):
        raise DamagedRunError(f"trajectory/time goes on after flow.end_time = {end}")
    for name, group in groups.items():
        if "time" not in group.variables:
            continue
        own = group.variables["time"].values
        if name in SOME_SAMPLES and not np.isin(own, time).all():
            raise DamagedRunError(f"{name}/time has instants that trajectory/time has not")
        if name not in SOME_SAMPLES and not np.array_equal(own, time):
            raise DamagedRunError(f"{name}/time differs from trajectory/time")
    if status != OVERFLOWED and not np.isfinite(loss).all():
        raise DamagedRunError(f"trajectory/loss has values that are no numbers; its status is {status}")
    x, y = (np.asarray(data.variables[name].values) for name in ("x", "y"))
    work = trajectory.sizes["neuron"] * x.size
    for instant in _instants(len(time), max(2, min(INSTANTS, WORK // max(1, work)))):
        _check_instant(config, groups, x, y, instant, status)


def _instants(count: int, wanted: int) -> list[int]:
    """The last instant, the first one, and others evenly in between."""
    return sorted(set(np.linspace(0, count - 1, wanted).round().astype(int).tolist()), reverse=True)


def _check_instant(
    config: RunConfig, groups: Groups, x: np.ndarray, y: np.ndarray, instant: int, status: str
) -> None:
    names = ("direction", "log_norm", "output_ratio", "residual", "loss")
    direction, log_norm, ratio, residual, loss = at_instant(groups["trajectory"], instant, *names)
    where = f"at t = {float(groups['trajectory'].variables['time'].values[instant]):.6g}"
    activation, (w, a) = Activation(config.flow.slope), algebra.weights(log_norm, direction, ratio)
    expected = y - algebra.outputs(x, w, a, activation)
    squares = float(algebra.half_squared_norm(np.exp(log_norm), a))
    scale = max(float(np.abs(y).max(initial=0.0)), float(np.abs(expected).max(initial=0.0)))
    if status == OVERFLOWED and not (np.isfinite(scale) and np.isfinite(residual).all() and np.isfinite(loss)):
        return
    # The network's output is a sum over neurons that may cancel: rounding is relative to its terms.
    terms = float((np.abs(a) @ np.abs(activation.value(w @ x.T))).max(initial=0.0))
    allowed = BEYOND_TOLERANCE * config.flow.tolerance * scale + ROUNDING * terms
    if not np.abs(residual - expected).max(initial=0.0) <= allowed:
        raise DamagedRunError(f"trajectory/residual {where} is not that of its weights")
    mean_square = float(algebra.loss(residual))
    if not abs(mean_square - float(loss)) <= 1e-6 * mean_square + 1e-24 * scale * scale:
        raise DamagedRunError(
            f"trajectory/loss {where} is {float(loss):.6g}; its residual gives {mean_square:.6g}"
        )
    (said,) = at_instant(groups["minimal_norm"], instant, "half_squared_norm")
    if not abs(said - squares) <= 1e-6 * squares:
        raise DamagedRunError(
            f"minimal_norm/half_squared_norm {where} is {float(said):.6g}; its weights give {squares:.6g}"
        )


def _check_summary(manifest: Manifest, groups: Groups, unchecked: list[str]) -> None:
    """Hold the summary, which is what tables and ``run`` show, to the arrays."""
    current = manifest.schema_version == SCHEMA_VERSION
    found = restored(plain(summarise(groups)))
    for name, said in manifest.summary.items():
        if name not in found and not current:
            unchecked.append(f"{name}, of which schema {SCHEMA_VERSION} says nothing")
        elif name not in found:
            raise DamagedRunError(f"its summary says {name} = {repr(said)[:80]}, which its arrays do not")
        elif not agree(said, found[name]):
            raise DamagedRunError(
                f"its summary says {name} = {repr(said)[:80]}; its arrays say {repr(found[name])[:80]}"
            )
    if current and (missing := NEEDED & found.keys() - manifest.summary.keys()):
        raise DamagedRunError(f"its summary does not say {min(missing)}")


NEEDED = frozenset(
    {"status", "status_message", "final_loss", "half_squared_norm", "minimal_half_squared_norm", "end_time"}
)
"""What every summary of this schema says; others were added since its first runs."""


def agree(one: Any, other: Any) -> bool:
    """Whether a value of a summary is another one up to rounding; NaN is NaN.

    A table, as JSON, is compared by its cells; those of an older version may have fewer columns.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or (one != one and other != other) or bool(np.isclose(one, other, ROUNDING, 0.0))
    if isinstance(one, str) and isinstance(other, str) and one != other and one[:1] == other[:1] == "[":
        try:
            return agree(json.loads(one), json.loads(other))
        except (ValueError, RecursionError):
            return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(agree, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() <= other.keys() and all(agree(one[key], other[key]) for key in one)
    return bool(one == other)


def _hold(what: str, found: np.ndarray, expected: np.ndarray, source: str) -> None:
    """Refuse numbers that are not the expected ones up to rounding, relative to the largest of them."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape == expected.shape and found.dtype.kind in "iub":
        same = np.array_equal(found, expected)
    else:
        scale = float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)) if expected.size else 0.0
        same = found.shape == expected.shape and np.allclose(
            found, expected, rtol=ROUNDING, atol=ROUNDING * scale, equal_nan=True
        )
    if not same:
        raise DamagedRunError(f"{what} is not what follows from {source}")
