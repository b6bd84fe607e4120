"""Fact 1: between the two fits the flow lingers at a strict saddle theta_S != 0.

theta_S has the first sign's labels fitted by its own neurons, w_j = c_j v_+/|v_+| and a_j = c_j with
sum c_j^2 = |v_+|, and all other neurons at 0. Which split c is free: it is taken from the trajectory where it is
slowest, once for the whole interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.schema import variable
from catalog.schema.blocks import at_instant, coordinates_first, over_neurons
from pipeline.network.algebra import forces
from pipeline.statements.assumptions import SETTING
from pipeline.statements.reading import SIZE, Reading, natural_log
from pipeline.statements.rows import Row, Statement, fails, log_at_most, not_applicable


@dataclass(frozen=True)
class Saddle:
    """A stationary point in the weights of the run's own neurons.

    Attributes
    ----------
    w, a
        [neuron, coord] and [neuron].
    curvature
        The Hessian's smallest eigenvalue; negative: strict.
    """

    w: np.ndarray
    a: np.ndarray
    curvature: float


def saddle_near(run: Reading, place: int) -> Saddle:
    """The nearest theta_S to the network at one sample.

    The Hessian's smallest eigenvalue: a neuron of theta_S that is 0 has the block -[[0, D_j], [D_j^T, 0]] with
    the eigenvalues +-|D_j| (the force of the labels still unfitted, for the pattern that it has on the
    trajectory); on the neurons along v_+ the unfitted points are off, and the Hessian has no negative one.
    """
    side = run.first
    log_norm, direction, ratio, activation = at_instant(
        run.trajectory, place, "log_norm", "direction", "output_ratio", "activation"
    )
    along = np.exp(log_norm) * (direction @ side.goal + side.sign * ratio)
    split = np.where(side.members, np.maximum(along, 0.0), 0.0)
    length = float(np.linalg.norm(split))
    split *= np.sqrt(side.size) / length if length > 0.0 else 0.0
    x, y = run.data.variables["x"].values, run.data.variables["y"].values
    active = activation == variable("trajectory", "activation").flag("on")
    left = np.where(side.rows, 0.0, y)
    left_force = np.linalg.norm(forces(x, active[~side.members], left), axis=1)
    return Saddle(np.outer(split, side.goal), side.sign * split, -float(left_force.max(initial=0.0)))


def fact_1(run: Reading) -> Row:
    """Measure the largest |theta(t) - theta_S| over Fact 1's interval, and theta_S's strictness."""
    start, end = run.times.saddle
    if start >= end:
        least = (1.0 + 3.0 * run.epsilon) / (1.0 - run.epsilon)
        return not_applicable(
            f"its interval is empty: r = {run.growth_ratio:.4g}, and above {least:.4g} is needed"
        )
    if not run.covers(end):
        return not_applicable(
            f"the run ends at t = {run.time[-1]:.4g}, within the interval [{start:.4g}, {end:.4g}]"
        )
    inside = np.flatnonzero((run.time >= start * (1.0 - 1e-9)) & (run.time <= end * (1.0 + 1e-9)))
    if not len(inside):
        if run.time[-1] < start:
            inside = np.array([len(run.time) - 1])  # at rest since before the interval
        else:
            return not_applicable(f"there is no sample in [{start:.4g}, {end:.4g}]")
    slowest = inside[np.argmin(run.trajectory.variables["gradient_norm"].values[inside])]
    saddle = saddle_near(run, int(slowest))
    away = _distance(run, saddle, inside)
    worst = int(np.argmax(away))
    said = (
        f"largest |theta - theta_S| over [{start:.4g}, {end:.4g}]; the Hessian's smallest eigenvalue at theta_S "
        f"is {saddle.curvature:.4g}"
    )
    if not saddle.curvature < 0.0:
        return fails(f"{said}: it is not strict")
    return log_at_most(
        float(natural_log(away)[worst]),
        run.log_power(run.epsilon / 5.0),
        said,
        float(run.time[inside[worst]]),
        resolution=SIZE * np.sqrt(run.first.size),
    )


def _distance(run: Reading, saddle: Saddle, inside: np.ndarray) -> np.ndarray:
    """|theta(t) - theta_S| at the given samples."""
    span, names = slice(inside[0], inside[-1] + 1), ("log_norm", "direction", "output_ratio")

    there = np.ascontiguousarray(saddle.w.T)[:, None]

    def reduce(part: slice, log_norm: np.ndarray, direction: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray]:
        norm, w = np.exp(log_norm), coordinates_first(direction)
        w *= norm
        w -= there[..., part]
        norm *= ratio
        norm -= saddle.a[part]
        return (np.einsum("ctj,ctj->t", w, w) + np.einsum("tj,tj->t", norm, norm),)

    found = over_neurons(reduce, [np.add], *(run.trajectory.variables[name][span] for name in names))
    return np.asarray(np.sqrt(found[0]))


SADDLE = (
    Statement(
        "fact_1", "between the fits: |theta - theta_S| <= lambda^(epsilon/5) for a strict saddle theta_S != 0",
        SETTING, fact_1,
    ),
)  # fmt: skip
