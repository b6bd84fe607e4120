"""When the flow passes the levels by which its phases are told apart, to the precision of its steps.

Read from the record of the steps, so that they do not depend on where the trajectory is sampled: the residual is a
polynomial over each step, and single neurons are followed again along it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from catalog.schema import ALIGNED, FITTED
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.neuron_paths import NeuronPaths
from pipeline.flow.reduction import Reduction
from pipeline.stationary import GRID, ROUNDS

NEVER = -1.0
"""What stands for a time that does not come: attributes hold no NaN."""
PARTS = np.array([0.0, 0.25, 0.5, 0.75])
"""Where each step is looked at."""
DECADES = 21
"""The powers of ten of the loss that are told: down to 1e-20 of the zero network's, where rounding begins."""
WORST = 512
"""How many neurons are followed at first: the ones that are worst aligned at the start."""
FEWEST = 16
"""How many show first whether there is such an instant at all."""
AT_ONCE = 2**22
"""How many numbers are held at once."""
Follow = Callable[[np.ndarray], NeuronPaths]
"""Follows those neurons again whose indices it is given."""


def moments(
    reduced: Reduction, record: StepRecord, follow: Follow, x: np.ndarray, y: np.ndarray
) -> dict[str, list[float]]:
    """Tell when the flow passes each level, in the paper's t, as attributes of a trajectory.

    Parameters
    ----------
    reduced, record
        The solver's problem and its steps.
    follow
        The path's own way to read some of the neurons.
    x, y
        The data, [point, coord] and [point].

    Returns
    -------
    dict
        ``aligned_times``, ``moved_times``, ``fitted_times``, [positive, negative]: when all neurons of S_{sign,1}
        have first come within a cosine of :data:`catalog.schema.ALIGNED` of sign D_sign; when the residual of the
        sign's labels has first lost :data:`catalog.schema.FITTED` of its size; when it is below that share of the
        labels for good. ``loss_decade_times``: when the loss is below 10^-k of the zero network's for good, for
        k = 0, 1, ... Where it never is, -1. Nothing for a flow that makes no step.
    """
    if not len(record.time):
        return {}
    unit = float(np.abs(y).max(initial=0.0)) or 1.0  # squares of labels of 1e-120 are no floats
    rows = np.array([y > 0, y < 0], dtype=float)
    start = (reduced.residual(record.curve[:1, 0])[0] / unit) ** 2
    labels = (y / unit) ** 2
    every = np.ones((DECADES, len(y)))
    levels = [
        (1.0 - FITTED) ** 2 * rows @ start,
        FITTED**2 * rows @ labels,
        10.0 ** -np.arange(DECADES) * labels.sum(),
    ]
    times = level_times(
        reduced, record, unit, np.concatenate([rows, rows, every]), np.concatenate(levels), first=len(rows)
    )
    return {
        "aligned_times": [aligned_time(reduced, record, follow, x, y, sign) for sign in (1, -1)],
        "moved_times": times[:2],
        "fitted_times": times[2:4],
        "loss_decade_times": times[4:],
    }


def read_residual(record: StepRecord, times: np.ndarray) -> np.ndarray:
    """The residual at these times of the solver, from the Bernstein form of each step.

    Returns
    -------
    float64[times, reduced points]
        Past the record's end what it ends with.
    """
    step, part = steps_at(record, times)
    return _bernstein(record.curve[step], np.minimum(part, 1.0))


def read_slope(record: StepRecord, times: np.ndarray) -> np.ndarray:
    """Its derivative in the solver's time; 0 past the record's end, where the network rests."""
    step, part = steps_at(record, times)
    differences = np.diff(record.curve[step], axis=1) * (record.curve.shape[1] - 1)
    slope = _bernstein(differences, np.minimum(part, 1.0)) / record.length[step][:, None]
    return np.where((part > 1.0 + 1e-9)[:, None], 0.0, slope)


def step_lengths(record: StepRecord, times: np.ndarray) -> np.ndarray:
    """How long the step is that each of these times is in."""
    return np.asarray(record.length[steps_at(record, times)[0]])


def steps_at(record: StepRecord, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which step each time is in, and how far: from 0 to 1, more past the record's end."""
    step = np.maximum(np.searchsorted(record.time, times, side="right") - 1, 0)
    return step, (times - record.time[step]) / record.length[step]


def _bernstein(coefficients: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Polynomials [time, coefficient, point], each at its fraction of the step."""
    degree = coefficients.shape[1] - 1
    basis = [comb(degree, k) * part**k * (1.0 - part) ** (degree - k) for k in range(degree + 1)]
    return np.asarray(np.einsum("kt,tkn->tn", basis, coefficients))


def level_times(
    reduced: Reduction, record: StepRecord, unit: float, rows: np.ndarray, levels: np.ndarray, first: int
) -> list[float]:
    """When sums of squared residuals fall to their levels, in the paper's t; NEVER for a level of 0 too.

    Parameters
    ----------
    unit
        Of the residual.
    rows
        Which residuals each sum has, float64[level, point].
    levels
        float64[level], in units of ``unit`` squared.
    first
        Of so many levels the first time counts, of the others the last.
    """

    def squares(times: np.ndarray) -> np.ndarray:
        residual = reduced.residual(read_residual(record, times.ravel())) / unit
        return np.asarray(residual**2).reshape(*times.shape, len(rows.T))

    inside = (record.time[:, None] + PARTS * record.length[:, None]).ravel()
    grid = np.append(inside, record.time[-1] + record.length[-1])
    below = squares(grid) @ rows.T <= levels
    # The first instant below, or the one after the last above; the grid's length if there is none.
    places = np.where(below.any(axis=0), below.argmax(axis=0), len(grid))
    places[first:] = len(grid) - np.where(below.all(axis=0), len(grid), (~below[::-1]).argmax(axis=0))[first:]
    found = np.where(places == 0, 0.0, NEVER)
    asked = np.flatnonzero((places > 0) & (places < len(grid)) & (levels > 0.0))

    def values(times: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("ltk,lk->lt", squares(times), rows[asked]))

    places = places[asked]
    found[asked] = crossings(values, levels[asked], grid[places - 1], grid[places]) * reduced.time_unit
    return [float(time) for time in np.where(levels > 0.0, found, NEVER)]


def crossings(
    values: Callable[[np.ndarray], np.ndarray], levels: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """When each of several values first falls to its level between ``low``, where it is above, and ``high``.

    Parameters
    ----------
    values
        Of times[level, instant], of the same shape.
    """
    each = np.arange(len(levels))
    for _ in range(ROUNDS):
        times = np.linspace(low, high, GRID, axis=1)
        there = values(times)
        below = there <= levels[:, None]
        below[:, -1] = True  # up to rounding
        place = np.maximum(below.argmax(axis=1), 1)
        low, high = times[each, place - 1], times[each, place]
    above, under = (np.maximum(there[each, place - 1] - levels, 0.0), levels - there[each, place])
    share = above / np.where(above + under > 0.0, above + under, 1.0)
    return np.asarray(low + (high - low) * np.clip(share, 0.0, 1.0))


def aligned_time(
    reduced: Reduction, record: StepRecord, follow: Follow, x: np.ndarray, y: np.ndarray, sign: int
) -> float:
    """When all neurons of S_{sign,1} have first come within a cosine of ``ALIGNED`` of sign D_sign; else NEVER.

    Notes
    -----
    The few that are worst at the start alone decide when the earliest such instant can be; there all are looked
    at, and those that lag behind join the few. So a wide network is read twice or so, and not at every step. Where
    there is no such instant, as on most data, fewer still show it.
    """
    start, points = reduced.neurons, reduced.frame.inside(x[sign * y > 0])
    towards = sign * (y[sign * y > 0] @ points)
    length = float(np.hypot.reduce(towards))
    chosen = np.flatnonzero(np.sign(start.z[:, -2]) == sign)
    chosen = chosen[_active(start.z[chosen, :-2], points)]
    if length == 0.0 or not len(chosen):
        return NEVER
    edges = np.append(record.time, record.time[-1] + record.length[-1])
    w, towards = start.z[chosen, :-2], towards / length
    worst = chosen[np.argsort(w @ towards / np.linalg.norm(w, axis=1), kind="stable")]
    since = _first_aligned(follow(worst[:FEWEST]), towards, edges, 0)
    few = worst[:WORST]
    while since is not None:
        paths = follow(few)
        place = _first_aligned(paths, towards, edges, since)
        if place is None:
            return NEVER
        found = 0.0
        if place:
            before, after = edges[place - 1 : place], edges[place : place + 1]
            found = float(crossings(_lack(paths.since(before[0]), towards), np.zeros(1), before, after)[0])
        least = follow(chosen).directions(np.array([found]))[0] @ towards
        lagging = chosen[least < ALIGNED - 1e-9]
        lagging = np.setdiff1d(lagging, few)
        if not len(lagging):
            return found * reduced.time_unit
        behind = least[np.searchsorted(chosen, lagging)]
        worst = lagging[np.argsort(behind, kind="stable")[: 2 * len(few)]]
        few, since = np.union1d(few, worst), max(place - 1, 0)
    return NEVER


def _lack(paths: NeuronPaths, towards: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """How far the worst of some neurons is from the level, along times[1, instant]."""
    return lambda times: ALIGNED - (paths.directions(times[0]) @ towards).min(axis=1)[None]


def _first_aligned(paths: NeuronPaths, towards: np.ndarray, edges: np.ndarray, since: int) -> int | None:
    """The first of the steps' ends from ``since`` on at which all of these neurons are aligned."""
    block = max(1, AT_ONCE // paths.size)
    for first in range(since, len(edges), block):
        if first > since:
            paths = paths.since(edges[first])
        aligned = np.flatnonzero(_lack(paths, towards)(edges[None, first : first + block])[0] <= 0.0)
        if len(aligned):
            return first + int(aligned[0])
    return None


def _active(w: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each neuron has <w, x_k> >= 0 at all of these points, a part of the neurons at a time."""
    found = np.ones(len(w), dtype=bool)
    some = max(1, AT_ONCE // max(1, len(points)))
    for first in range(0, len(w), some):
        found[first : first + some] = (w[first : first + some] @ points.T >= 0.0).all(axis=1)
    return found
