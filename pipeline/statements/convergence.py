"""Section 4.2, last phase, with Theorem 1 and equation (8): where the flow ends, and how fast.

Two of these claims are limits as lambda -> 0 without a rate. Their natural bound is lambda^(epsilon/20): so close
to a minimal interpolator is the network after the third phase (the text after Lemma 4), and it stays close.

For orthogonal inputs that are not unit vectors the rate |D_-| of Lemma 5 and Theorem 1 reads

    (1/n) min_k |x_k|^2 |v_k|,   v_k = v_+ where y_k > 0 and v_- where y_k < 0:

at a minimal interpolator the tangent kernel has |x_k|^2 |v_k| (or more) on its diagonal, so |grad L|^2/L is at
least twice this; for unit vectors it is |D_-|.
"""

from __future__ import annotations

from math import log, log10

import numpy as np

from catalog.schema.blocks import at_instant
from pipeline.network import algebra
from pipeline.statements.assumptions import SETTING, finished, known_minimum
from pipeline.statements.between_samples import BetweenSamples
from pipeline.statements.reading import SIZE, Reading, natural_log
from pipeline.statements.rows import Row, Statement, at_least, at_most, fails, log_at_most, not_applicable

FITTED = 1e-20
"""The loss, relative to the zero network's, below which a residual's own rounding shows in |grad L|^2/L."""
TAIL = 1e-4
"""The relative loss from which on it is the tail, whose rate is measured."""
CERTIFIED = 1e-6
"""The relative gap up to which a minimum counts as certified."""


def local_rate(run: Reading) -> float:
    """|D_-| for unit vectors; see above for others."""
    squares = np.sum(run.data.variables["x"].values ** 2, axis=1)
    return min(float(squares[side.rows].min()) * side.size / len(squares) for side in (run.first, run.second))


def _relative_loss(run: Reading) -> np.ndarray:
    return np.asarray(run.trajectory.variables["loss"].values / algebra.loss(run.data.variables["y"].values))


def lemma_5(run: Reading) -> Row:
    """Measure the least |grad L|^2/L within lambda^(epsilon/40) of theta*.

    The claim is about every instant in the ball, the first ones are the worst, and no formula names them. At the
    instants that the statements name alone it would hold where a sample refutes it: of all samples the worst one
    is taken, and the flow is read between those beside it.
    """
    loss = run.trajectory.variables["loss"].values
    radius = run.log_power(run.epsilon / 40.0)
    away = natural_log(run.minimum.variables["distance"].values)
    inside = np.flatnonzero((away <= radius) & (_relative_loss(run) > FITTED))
    if not len(inside):
        return not_applicable("no sample is in the ball around theta* with a loss above rounding")
    ratio = run.trajectory.variables["gradient_norm"].values[inside] ** 2 / loss[inside]
    worst = int(np.argmin(ratio))
    at, least = float(run.time[inside[worst]]), float(ratio[worst])
    if run.dense_output is not None:
        beside = BetweenSamples.beside(run.time, int(inside[worst]))
        there = run.dense_output.trajectory(beside.nodes)
        loss, gradient_norm = (natural_log(there.variables[name].values) for name in ("loss", "gradient_norm"))
        outside = beside.through(natural_log(run.dense_output.distance(there)) - radius)
        found, rate = beside.least(beside.through(2.0 * gradient_norm - loss), outside)
        at, least = (found, float(np.exp(rate))) if np.isfinite(rate) else (at, least)
    where = "" if run.dense_output is not None else " of the samples"
    return at_least(
        least,
        local_rate(run),
        f"least |grad L|^2/L{where} in the ball of radius {np.exp(radius):.3g}, at t = {at:.4g}",
        at,
    )


def proposition_1(run: Reading) -> Row:
    """Measure how far the sums of a_j w_j over each sign of a_j are from those of the two-neuron minimum."""
    log_norm, direction, ratio = at_instant(run.trajectory, -1, "log_norm", "direction", "output_ratio")
    weights = (np.exp(2.0 * log_norm) * ratio)[:, None] * direction
    square = 0.0
    for side in (run.first, run.second):
        merged = np.abs(side.sign * weights[np.sign(ratio) == side.sign].sum(axis=0) - side.size * side.goal)
        square += float(np.sum(merged**2))
    return log_at_most(
        float(natural_log(np.array(np.sqrt(square)))),
        run.log_power(run.epsilon / 20.0),
        "distance of the end's merged neurons from v_+ and v_-; as lambda -> 0 it tends to 0",
        float(run.time[-1]),
        resolution=SIZE * (run.first.size + run.second.size),
    )


def theorem_1_loss(run: Reading) -> Row:
    """Measure the exponential rate of the loss' tail: its mean one, or by least squares on samples' logarithm."""
    relative = _relative_loss(run)
    if relative[-1] > FITTED:
        return fails(f"the loss does not go to 0: it ends at {run.trajectory['loss'].values[-1]:.3g}")
    told = _told_tail(run)
    if told is not None:
        start, end = told
        return at_least(
            log(TAIL / FITTED) / (end - start),
            local_rate(run),
            f"mean rate of the loss from t = {start:.4g} to {end:.4g}; it ends at "
            f"{run.trajectory['loss'].values[-1]:.2g}",
        )
    # From the last time above TAIL: an earlier plateau is not the tail.
    start = int(np.flatnonzero(relative > TAIL)[-1]) + 1 if (relative > TAIL).any() else 0
    tail = np.arange(start, len(relative))
    tail = tail[relative[tail] > FITTED]
    if len(tail) < 2:
        return not_applicable("fewer than two samples are in the loss' tail")
    slope = np.polyfit(run.time[tail], np.log(relative[tail]), 1)[0]
    return at_least(
        -float(slope),
        local_rate(run),
        f"rate of the loss from t = {run.time[tail[0]]:.4g} to {run.time[tail[-1]]:.4g}; it ends at "
        f"{run.trajectory['loss'].values[-1]:.2g}",
    )


def _told_tail(run: Reading) -> tuple[float, float] | None:
    """From when to when the loss falls from TAIL to FITTED, as the solver tells it along its steps."""
    times = np.atleast_1d(run.trajectory.attrs.get("loss_decade_times", []))
    ends = [round(-log10(level)) for level in (TAIL, FITTED)]
    if len(times) <= max(ends):
        return None
    start, end = (float(times[k]) for k in ends)
    return (start, end) if 0.0 <= start < end <= run.time[-1] else None


def theorem_1_bias(run: Reading) -> Row:
    """Measure 1/2 |theta|^2 at the end against the least of all interpolators."""
    excess, value = (float(run.minimum.variables[name].values.flat[-1]) for name in ("excess", "value"))
    if excess < -SIZE * value:
        return fails(f"1/2 |theta|^2 ends {-excess:.3g} below the minimum: it does not fit, or that is none")
    return log_at_most(
        float(natural_log(np.array(excess))),
        run.log_power(run.epsilon / 20.0),
        f"excess over the minimum {value:.8g} at the end; as lambda -> 0 it tends to 0",
        float(run.time[-1]),
        resolution=SIZE * value,
    )


def eq_8(run: Reading) -> Row:
    """Measure how far the minimum is from the lower bound that a dual certificate proves, relatively."""
    value, bound = (float(run.minimum.variables[name]) for name in ("value", "lower_bound"))
    return at_most(
        abs(value - bound) / value if value > 0.0 else abs(bound),
        CERTIFIED,
        f"gap between {value:.10g} and its certificate, relative; {run.minimum.attrs.get('method', '')}",
    )


CONVERGENCE = (
    Statement(
        "lemma_5", "|grad L|^2/L >= |D_-| wherever |theta - theta*| <= lambda^(epsilon/40)",
        (*SETTING, known_minimum), lemma_5,
    ),
    Statement(
        "proposition_1", "the limit is two neurons, along D_+ and -D_- (to lambda^(epsilon/20))",
        (*SETTING, finished), proposition_1,
    ),
    Statement(
        "theorem_1_loss", "the loss goes to 0, at an exponential rate of |D_-| or more",
        (*SETTING, finished), theorem_1_loss,
    ),
    Statement(
        "theorem_1_bias", "the end is an interpolator of least norm (excess <= lambda^(epsilon/20))",
        (*SETTING, finished, known_minimum), theorem_1_bias,
    ),
    Statement(
        "eq_8", "min 1/2 |theta|^2 is the least variation norm: certified from below", (known_minimum,), eq_8
    ),
)  # fmt: skip
