"""The limit process on labelled data, and flows of finite lambda held beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from pipeline.flow.course import follow_flow
from pipeline.flow.initial import take_start
from pipeline.flow.limit.process import Plateau, Process
from pipeline.inputs.arguments import SLOPE, Allowed, number
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import dataset, instance, refuse_other_sizes
from pipeline.network.points import take_points
from pipeline.network.threads import one_thread
from pipeline.stationary import Ends

BEYOND, AFTER, PASSAGES = 1.15, 0.5, 3.0
"""How far beyond the last jump a flow is followed: that many times its tau, so much more, and that many times the
t of all passages and of the last approach."""
PRODUCTS_LIMIT = 50_000
"""The number of points times that of neurons up to which the limit is followed: 15,000 take three seconds."""
SAMPLES = 3000
"""Of the loss of such a flow."""
TOLERANCE = 1e-6

WORK = Allowed(above=0.0, infinite=True)
LIMIT = ("time", "wait", "loss", "passage", "approach", "residual", "escaping", "direction")
"""Variables of :func:`limit_process` that others read."""

Described = tuple[Any, Any, str]
"""A variable: its dimensions, its values, its meaning."""


def limit_process(
    data: xr.Dataset, init: xr.Dataset, *, slope: float = 0.0, work: float = np.inf, ends: Ends | None = None
) -> xr.Dataset:
    """Follow the limit lambda -> 0 of the flow from a start of these directions and signs, from jump to jump.

    Parameters
    ----------
    data
        x(point, coord) and y(point).
    init
        direction(neuron, coord) and output_ratio(neuron), of :func:`pipeline.initialise`. Its scale plays no part.
    slope
        Of the leaky ReLU.
    work
        How much its flows from saddle to saddle may take, in steps times neurons times points: 1e7 are about a
        second. It ends after the flow with which they have taken more, and says so.
    ends
        Where the neurons go at the start, of :func:`pipeline.phases.alignment.frozen_ends`; None: found here.

    Returns
    -------
    Dataset
        By plateau, the origin first: time = tau = t/(-ln lambda) on arrival and wait there (infinite at the end),
        loss, half_squared_norm, labels_fitted, passage (the t of the way to it, but for a hundredth of the loss at
        each end), approach (the t until it is there) and residual(plateau, point); for each neuron there escaping
        (1: it led to this plateau), direction, output_sign, norm |w_j|, level l_j on arrival, with |w_j| =
        lambda^(-l_j), and its rate dl_j/dtau. The attribute ``reason`` says why it ends; ``tie`` is 1 where
        neurons of several directions escape at one instant.

    Raises
    ------
    RequestError
        If points and neurons are so many that it would take minutes.

    Notes
    -----
    For orthonormal points it is the jump process of arXiv 2605.27097; how it is made is in
    :mod:`pipeline.flow.limit.process`.
    """
    data, slope = take_points(data), number("slope", slope, SLOPE)
    init, work = take_start(init, data), number("work", work, WORK)
    if ends is not None:
        ends = instance("ends", ends, Ends, "what frozen_ends returns")
    refuse_long_limit(data, init)
    m = init.sizes["neuron"]
    with one_thread(data.sizes["point"]):
        process = Process.of(data, init, slope, work, ends)
    each = _of_plateaus(process.plateaus, m) | _of_neurons(process.plateaus)
    return xr.Dataset(
        {
            name: (dims, np.asarray(values), {"long_name": words, "units": "1"})
            for name, (dims, values, words) in each.items()
        },
        {
            "plateau": (
                "plateau",
                np.arange(len(process.plateaus)),
                {"long_name": "plateau, from the origin on"},
            ),
            "coord": data.variables["coord"],
        },
        {"reason": process.reason, "tie": int(process.tie), "slope": slope},
    )


def refuse_long_limit(data: xr.Dataset, init: xr.Dataset) -> None:
    """Refuse to follow a limit that would take minutes: 200 points and 500 neurons take 50 s.

    Raises
    ------
    RequestError
    """
    n, m = data.sizes["point"], init.sizes["neuron"]
    if n * m > PRODUCTS_LIMIT:
        raise RequestError(
            f"n = {n} points and m = {m} neurons: the limit would take minutes; it is followed for n m up to "
            f"{PRODUCTS_LIMIT:,}, here with up to {PRODUCTS_LIMIT // n} neurons (init.width)"
        )


def _of_plateaus(plateaus: Sequence[Plateau], width: int) -> dict[str, Described]:
    """What each plateau is, and how the process came to it."""
    time = np.array([plateau.time for plateau in plateaus])
    escaping = np.zeros((len(plateaus), width), dtype="int8")
    for row, plateau in zip(escaping, plateaus, strict=True):
        row[plateau.escaping] = 1
    fitted = [int((plateau.residual == 0).sum()) for plateau in plateaus]
    return {
        "time": ("plateau", time, "tau = t/(-ln lambda) on arrival"),
        "wait": ("plateau", np.append(np.diff(time), np.inf), "tau until the next jump"),
        "loss": ("plateau", [plateau.loss for plateau in plateaus], "loss L"),
        "half_squared_norm": ("plateau", [plateau.half_squared_norm for plateau in plateaus], "1/2 |theta|^2"),
        "labels_fitted": ("plateau", fitted, "labels fitted"),
        "passage": ("plateau", [plateau.passage for plateau in plateaus], "t of the way to it"),
        "approach": ("plateau", [plateau.approach for plateau in plateaus], "t until it is there"),
        "residual": (("plateau", "point"), [plateau.residual for plateau in plateaus], "r_k = y_k - h(x_k)"),
        "escaping": (("plateau", "neuron"), escaping, "1: this neuron's escape led to the plateau"),
    }


def _of_neurons(plateaus: Sequence[Plateau]) -> dict[str, Described]:
    """What each neuron is at each plateau."""
    dims = ("plateau", "neuron")
    described = {
        "direction": ("direction", (*dims, "coord"), "direction at the end of its frozen flow"),
        "output_sign": ("sign", dims, "sign of a_j"),
        "norm": ("norm", dims, "|w_j|, 0 where it is 0 in the limit"),
        "level": ("level", dims, "l_j on arrival: |w_j| = lambda^(-l_j)"),
        "rate": ("rate", dims, "dl_j/dtau = s_j G(u_j)"),
    }
    return {
        name: (own, [getattr(plateau, field) for plateau in plateaus], words)
        for name, (field, own, words) in described.items()
    }


def measure_limit(data: xr.Dataset, init: xr.Dataset, limit: xr.Dataset) -> xr.Dataset:
    """Follow the flow of one lambda, and hold its jumps and plateaus beside the limit's.

    Parameters
    ----------
    data, init
        As :func:`limit_process` has them; here the scale of ``init`` counts.
    limit
        Of :func:`limit_process`.

    Returns
    -------
    Dataset
        measured_time(plateau): t/(-ln lambda) when the loss has made half of the way to the plateau's, NaN if it
        never does; measured_loss(plateau): the loss where it falls slowest between there and the next such time;
        and curve_time(sample), curve_loss(sample).

    Raises
    ------
    ValueError
        If lambda is not below 1.
    """
    data = take_points(data)
    init, limit = take_start(init, data), dataset("limit", limit, "limit_process", *LIMIT)
    refuse_other_sizes(data=data, init=init, limit=limit)
    unit = -float(init.variables["log_init_scale"])
    if unit <= 0:
        raise ValueError(f"ln lambda = {-unit:g}: the limit is that of small starts, below 0 is allowed")
    tau = limit.variables["time"].values
    ways = float(np.nansum(limit.variables["passage"].values)) + float(np.nan_to_num(limit["approach"][-1]))
    end = unit * (BEYOND * tau[-1] + AFTER) + PASSAGES * ways
    course = follow_flow(data, init, end_time=end, tolerance=TOLERANCE, slope=limit.attrs["slope"])
    curve = course.curve(SAMPLES)
    time, loss = curve.variables["time"].values / unit, curve.variables["loss"].values
    arrival, slowest = _beside(limit, time, loss, _speed(time, loss))
    words = {
        "measured_time": ("plateau", arrival, "t/(-ln lambda) when half of the way to the plateau's loss is made"),
        "measured_loss": ("plateau", slowest, "loss where it falls slowest there"),
        "curve_time": ("sample", time, "t/(-ln lambda)"),
        "curve_loss": ("sample", loss, "loss L"),
    }
    return xr.Dataset(
        {name: (dims, values, {"long_name": said, "units": "1"}) for name, (dims, values, said) in words.items()},
        {"log_init_scale": ((), -unit, {"long_name": "ln lambda", "units": "1"})},
    )


def limit_beside(trajectory: xr.Dataset, limit: xr.Dataset, curve: xr.Dataset | None = None) -> xr.Dataset:
    """Hold a run that there is to the limit: by the loss of its solution, or by its samples.

    Parameters
    ----------
    trajectory
        Of a small start.
    limit
        Of :func:`limit_process`, from the same start.
    curve
        loss(time) of the same flow, of :meth:`pipeline.flow.followed.Followed.curve`, dense enough that nothing
        depends on the samples of ``trajectory``; None where these are all that there is.

    Returns
    -------
    Dataset
        Group ``jumps`` of the schema: the limit's plateaus, and of the run its measured_tau and measured_loss, as
        :func:`measure_limit` has them.
    """
    trajectory, limit = validate("trajectory", trajectory), dataset("limit", limit, "limit_process", *LIMIT)
    refuse_other_sizes(trajectory=trajectory, limit=limit)
    if curve is not None:
        curve = dataset("curve", curve, "Followed.curve", "time", "loss")
        if curve["loss"].dims != ("time",):
            raise RequestError(f"curve/loss has dims {curve['loss'].dims}: allowed is ('time',)")
    course, there = trajectory.variables, limit.variables
    unit = -float(course["log_init_scale"])
    seen = course if curve is None else curve.variables
    time, loss = seen["time"].values / unit, seen["loss"].values
    speed = course["gradient_norm"].values if curve is None else _speed(time, loss)
    arrival, slowest = _beside(limit, time, loss, speed)
    escaping = there["escaping"].values
    # A neuron's direction when it escapes is the one at the end of its alignment at the plateau before.
    before = np.maximum(np.arange(len(escaping)) - 1, 0)
    direction = there["direction"].values[before, np.argmax(escaping, axis=1)]
    wait = there["wait"].values
    kept = ("loss", "half_squared_norm", "labels_fitted", "passage", "residual")
    return conform(
        "jumps",
        {name: there[name].values for name in kept}
        | {
            "tau": there["time"].values,
            "wait": np.where(np.isfinite(wait), wait, np.nan),
            "escaping_direction": np.where(np.any(escaping, axis=1)[:, None], direction, np.nan),
            "escaping_neurons": escaping.sum(axis=1, dtype=np.int64),
            "measured_tau": arrival,
            "measured_loss": slowest,
        },
        dict(limit.attrs),
    ).assign_coords(coord=limit.variables["coord"])


def _speed(time: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """|dL/dtau|, infinite between instants whose distance is no float; a flow that rests at its start has one."""
    if len(time) < 2:
        return np.zeros(len(time))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        speed = np.abs(np.gradient(loss, time))
    return np.where(np.isnan(speed), np.inf, speed)


def _beside(
    limit: xr.Dataset, time: np.ndarray, loss: np.ndarray, speed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """When the loss has made half of the way to each plateau's, and the loss where it then falls slowest."""
    level = limit.variables["loss"].values
    arrival = np.array([0.0, *(_first_below(time, loss, half) for half in 0.5 * (level[:-1] + level[1:]))])
    ends = np.append(arrival[1:], time[-1])
    slowest = np.full(len(level), np.nan)
    for i, (begin, end) in enumerate(zip(arrival, ends, strict=True)):
        inside = np.flatnonzero((time >= begin) & (time <= end))
        if len(inside):
            slowest[i] = loss[inside[np.argmin(speed[inside])]]
    return arrival, slowest


def _first_below(time: np.ndarray, values: np.ndarray, bound: float) -> float:
    """When values first fall below a bound, linear in between; NaN if never."""
    below = np.flatnonzero(values < bound)
    if not len(below):
        return float("nan")
    last = int(below[0])
    return float(np.interp(-bound, -values[last - 1 : last + 1], time[last - 1 : last + 1]) if last else time[0])
