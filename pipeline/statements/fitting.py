"""Section 4.2, second and third phase: one sign is fitted, then the other (Lemmas 3 and 4).

Each lemma says that *some* time up to a bound has all its properties at once. So each is measured at the sample
up to the bound at which the sign is fitted (ii) and the property with the least margin has the largest one.

The paper's epsilon is 'small enough, depending on the dataset'. How small shows in (iii) of Lemma 3 and (iv) of
Lemma 4: a neuron that sees a proper part S of a sign's points grows along D_S and is left at
lambda^(1 - |D_S|/|D|) when the sign is fitted, and S_{-,1} is at lambda^(1 - 1/r) at t2. Both must be below
lambda^epsilon.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log, nan

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant, coordinates_first, over_neurons
from pipeline.statements.assumptions import SETTING, first_collinear, second_collinear
from pipeline.statements.between_samples import BetweenSamples, DenseOutput
from pipeline.statements.label_signs import Side
from pipeline.statements.reading import ANGLE, SIZE, Reading, natural_log
from pipeline.statements.rows import Row, Statement, at_most, fails, log_at_most, log_margin, not_applicable

SOLVER = 10.0
"""How many of the solver's tolerances the course of u may be off."""

UNSEEN = 0.1
"""The share of that up to which the course of u is not read closer: it is within the solver's error."""

TIE = 1e-6
"""The weight of the sum of all margins beside the least one."""


@dataclass(frozen=True)
class Property:
    """One property of a lemma along time: ln of what is measured, ln of its bound, and the resolution."""

    log_measured: np.ndarray
    log_bound: float
    resolution: float

    @property
    def margin(self) -> np.ndarray:
        """At each time, with both sides raised to the resolution."""
        return log_margin(self.log_measured, self.log_bound, self.resolution)


def logistic_ode(run: Reading) -> Row:
    """Measure u_+ beside the solution of du/dt = 2 |D_+| (1 - u/(n |D_+|)) u through its own half height.

    The paper writes it with an approximate sign. As bound stands lambda^(epsilon/5), which is how well Lemma 3
    has u_+ at the end of this phase.
    """
    u, size = run.norm(run.first), run.first.size
    above = np.flatnonzero(u >= 0.5 * size)
    if not len(above) or not above[0]:
        if not run.at_rest:
            return not_applicable(f"u_{run.first.symbol} has not risen through |v|/2 when the run ends")
        return fails(f"u_{run.first.symbol} never rises through |v|/2 = {0.5 * size:.4g}")
    resolution = SOLVER * float(run.trajectory.attrs.get("tolerance", SIZE))
    half, inside, at, away = _apart(run, u, None)
    if run.dense_output is not None and away > UNSEEN * resolution:
        half, inside, at, away = _apart(run, u, run.dense_output)
    return log_at_most(
        # What is less is the solver's error, wherever it happens to be largest.
        float(natural_log(np.array(max(away, resolution)))),
        run.log_power(run.epsilon / 5.0),
        f"worst |u_+ - logistic|/|v| up to t = {inside:.4g}; half height at t = {half:.4g}",
        at if away > resolution else nan,
        resolution=resolution,
    )


def _apart(run: Reading, u: np.ndarray, dense_output: DenseOutput | None) -> tuple[float, float, float, float]:
    """When u is farthest from the logistic curve, and by how much.

    Returns
    -------
    half, until, at, away
        When u rises through |v|/2; up to when it is compared; when it is farthest; how far, over |v|.
    """
    time, size, first = run.time, run.first.size, int(np.flatnonzero(u >= 0.5 * run.first.size)[0])

    def odds(heights: np.ndarray) -> np.ndarray:
        # Of a logistic curve a straight line.
        return np.asarray(np.log(heights) - np.log(np.maximum(size - heights, SIZE * size)))

    if dense_output is None:
        half = float(np.interp(0.0, odds(u[first - 1 : first + 1]), time[first - 1 : first + 1]))
    else:
        between = BetweenSamples(*time[first - 1 : first + 1].tolist())
        there = between.through(odds(_heights(run, dense_output.trajectory(between.nodes))))
        half = between.least(-there, there)[0]

    def apart(instants: np.ndarray, heights: np.ndarray) -> np.ndarray:
        curve = size / (1.0 + np.exp(np.minimum(-2.0 * run.first.rate * (instants - half), 700.0)))
        return np.asarray((heights - curve) / size)

    inside = int(np.flatnonzero(time <= max(run.times.second_phase[1], half))[-1]) + 1
    away = np.abs(apart(time[:inside], u[:inside]))
    worst = int(np.argmax(away))
    until, at, most = (float(found) for found in (time[inside - 1], time[worst], away[worst]))
    if dense_output is not None:
        beside = BetweenSamples.beside(time[:inside], worst)
        there = apart(beside.nodes, _heights(run, dense_output.trajectory(beside.nodes)))
        at, least = beside.least(-np.abs(beside.through(there)))
        most = -least
    return half, until, at, most


def _heights(run: Reading, trajectory: xr.Dataset) -> np.ndarray:
    """The first sign's u along another trajectory of the same flow."""
    log_norm = np.take(trajectory.variables["log_norm"].values, np.flatnonzero(run.first.members), axis=1)
    return np.asarray(np.exp(2.0 * log_norm).sum(axis=1))


def second_phase(run: Reading) -> tuple[Property, ...]:
    """Lemma 3 (i) to (iii) along time."""
    return (
        _alignment(run, run.first, run.epsilon / 5.0),
        _height(run, run.first, run.epsilon / 5.0),
        Property(run.courses.largest_idle, log(2.0) + run.log_c + run.log_power(run.epsilon), 0.0),
    )


def third_phase(run: Reading) -> tuple[Property, ...]:
    """Lemma 4 (i) to (iv) along time."""
    since, until = run.once(fitted_first), run.times.third_phase[1]
    others = (
        _alignment(run, run.second, run.epsilon / 14.0),
        _height(run, run.second, run.epsilon / 20.0),
        Property(run.courses.largest_other, log(3.0) + run.log_c + run.log_power(run.epsilon), 0.0),
    )
    # Of the neurons only the samples are read that may stand for t3, and t2 itself: they are gigabytes.
    asked = allowed_samples(run, others, until, since)
    asked[since] = True
    log_moved = np.full(len(run.time), np.nan)
    log_moved[asked] = natural_log(_moved(run, since, np.flatnonzero(asked)))
    moved = Property(log_moved, run.log_power(run.epsilon / 15.0), SIZE * np.sqrt(run.first.size))
    return (*others[:2], moved, others[2])


def fitted_first(run: Reading) -> int:
    """The sample that stands for Lemma 3's t2."""
    return best(run, run.once(second_phase), run.times.second_phase[1])


def fitted_second(run: Reading) -> int:
    """The sample that stands for Lemma 4's t3."""
    return best(run, run.once(third_phase), run.times.third_phase[1], since=run.once(fitted_first))


def named_samples(run: Reading) -> np.ndarray:
    """The samples at the instants that the statements name."""
    return run.at_statement_times


def best(run: Reading, properties: tuple[Property, ...], until: float, since: int = 1) -> int:
    """The fitted sample from ``since`` on up to ``until`` at which the least margin of all properties is largest.

    Of the samples that the statements name, if there are such. Fitted: the second property, the height, holds; if
    it never does, the sample where it is nearest to.

    An alignment that the data excludes (D and v are not collinear) is not asked for.
    """
    margins = np.array([asked.margin for asked in properties])
    allowed = allowed_samples(run, properties, until, since)
    # Where the narrowest property stays as it is, the others decide between the samples.
    best_of = margins.min(axis=0) + TIE * margins.sum(axis=0)
    fitted = allowed & (margins[1] >= 0.0)
    allowed, best_of = (fitted, best_of) if fitted.any() else (allowed, margins[1])
    return max(int(np.argmax(np.where(allowed, best_of, -np.inf))), since)


def allowed_samples(run: Reading, properties: tuple[Property, ...], until: float, since: int) -> np.ndarray:
    """Which samples may stand for a lemma's time: those that :func:`best` chooses from, bool[time]."""
    margins = np.array([asked.margin for asked in properties])
    allowed = (
        (run.time <= until * (1.0 + 1e-9)) & (np.arange(len(run.time)) >= since) & ~np.isnan(margins).any(axis=0)
    )
    named = allowed & run.once(named_samples)
    return np.asarray(named if named.any() else allowed)


def _alignment(run: Reading, side: Side, exponent: float) -> Property:
    """<wbar_j, D> >= |D| - lambda^exponent for the worst neuron of the side."""
    if not side.collinear:
        return Property(np.full(len(run.time), -np.inf), 0.0, ANGLE)
    return Property(natural_log(run.courses.bend[side.sign] * side.rate), run.log_power(exponent), ANGLE)


def _height(run: Reading, side: Side, exponent: float) -> Property:
    """The height u >= |v| - lambda^exponent."""
    return Property(natural_log(side.size - run.norm(side)), run.log_power(exponent), SIZE * side.size)


def _moved(run: Reading, since: int, samples: np.ndarray) -> np.ndarray:
    """The largest |w_j(t) - w_j(t2)| over the first sign's neurons at some samples."""
    names, members = ("log_norm", "direction"), run.first.members
    log_there, direction_there = at_instant(run.trajectory, since, *names)
    old = coordinates_first((np.exp(log_there)[:, None] * direction_there)[None])

    def reduce(part: slice, log_norm: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray]:
        away = coordinates_first(direction)
        away *= np.exp(log_norm)
        away -= old[..., part]
        squares = np.einsum("ctj,ctj->tj", away, away)
        return (np.max(np.where(members[part], squares, -np.inf), axis=1, initial=-np.inf),)

    chosen = (run.trajectory.variables[name][samples] for name in names)
    return np.asarray(np.sqrt(over_neurons(reduce, [np.maximum], *chosen)[0]))


def _row(
    run: Reading, phase: Callable[[Reading], tuple[Property, ...]], number: int, until: float, name: str, what: str
) -> Row:
    """The row of one property at the lemma's time; not applicable if the run ends too early to say."""
    properties = run.once(phase)
    place = run.once(fitted_second) if phase is third_phase else run.once(fitted_first)
    chosen, at = properties[number], float(run.time[place])
    row = log_at_most(
        float(chosen.log_measured[place]),
        chosen.log_bound,
        f"{what} at {name} = {at:.4g}; allowed is {name} <= {until:.4g}",
        at,
        resolution=chosen.resolution,
    )
    if row.verdict == "fails" and not run.covers(until):
        return not_applicable(f"the run ends at t = {run.time[-1]:.4g}, before the bound {until:.4g} of {name}")
    return row


def lemma_3_i(run: Reading) -> Row:
    """Lemma 3 (i): <wbar_j, D_+> >= |D_+| - lambda^(epsilon/5) on S_{+,1} at t2."""
    return _row(run, second_phase, 0, run.times.second_phase[1], "t2", "|D| (1 - cos) of the worst neuron")


def lemma_3_ii(run: Reading) -> Row:
    """Lemma 3 (ii): u_+ >= n |D_+| - lambda^(epsilon/5) at t2."""
    return _row(run, second_phase, 1, run.times.second_phase[1], "t2", "|v| - u")


def lemma_3_iii(run: Reading) -> Row:
    """Lemma 3 (iii): |w_j| <= 2 c lambda^epsilon outside S_{+,1} at t2."""
    limit = 1.0 - max(run.first.idle_share, 1.0 / run.growth_ratio)
    return _idle(
        run, second_phase, 2, run.times.second_phase[1], "t2", largest=run.courses.largest_idle, limit=limit
    )


def lemma_4_i(run: Reading) -> Row:
    """Lemma 4 (i): <wbar_j, -D_-> >= |D_-| - lambda^(epsilon/14) on S_{-,1} at t3."""
    return _row(run, third_phase, 0, run.times.third_phase[1], "t3", "|D| (1 - cos) of the worst neuron")


def lemma_4_ii(run: Reading) -> Row:
    """Lemma 4 (ii): u_- >= n |D_-| - lambda^(epsilon/20) at t3."""
    return _row(run, third_phase, 1, run.times.third_phase[1], "t3", "|v| - u")


def lemma_4_iii(run: Reading) -> Row:
    """Lemma 4 (iii): |w_j(t2) - w_j(t3)| <= lambda^(epsilon/15) on S_{+,1}, for the t2 of Lemma 3's rows."""
    return _row(run, third_phase, 2, run.times.third_phase[1], "t3", "the farthest that a neuron moved since t2")


def lemma_4_iv(run: Reading) -> Row:
    """Lemma 4 (iv): |w_j| <= 3 c lambda^epsilon outside S_{+,1} and S_{-,1} at t3."""
    limit = 1.0 - max(run.first.idle_share, run.second.idle_share)
    return _idle(
        run, third_phase, 3, run.times.third_phase[1], "t3", largest=run.courses.largest_other, limit=limit
    )


def _idle(
    run: Reading, phase: Callable[[Reading], tuple[Property, ...]], number: int, until: float, name: str,
    *, largest: np.ndarray, limit: float,
) -> Row:  # fmt: skip
    """The row of the neurons that do not take part, which there may be none of."""
    if not np.isfinite(largest).any():
        return at_most(0.0, 0.0, "there are no other neurons")
    row = _row(run, phase, number, until, name, "the largest |w_j| of the other neurons")
    if row.verdict == "fails" and run.epsilon >= limit:
        return replace(row, reason=f"{row.reason}; for this data epsilon must be below {limit:.3g}")
    return row


FIRST_FITTED = (
    Statement(
        "logistic_ode", "phase 2: |u_+ - logistic curve|/|v_+| is small (<= lambda^(epsilon/5))",
        (*SETTING, first_collinear), logistic_ode,
    ),
    Statement(
        "lemma_3_i", "at t2: |D_+| (1 - cos(w_j, D_+)) <= lambda^(epsilon/5) on S_{+,1}",
        (*SETTING, first_collinear), lemma_3_i,
    ),
    Statement("lemma_3_ii", "at t2: |v_+| - u_+ <= lambda^(epsilon/5)", SETTING, lemma_3_ii),
    Statement("lemma_3_iii", "at t2: |w_j| <= 2 c lambda^epsilon outside S_{+,1}", SETTING, lemma_3_iii),
)  # fmt: skip
SECOND_FITTED = (
    Statement(
        "lemma_4_i",
        "at t3: |D_-| (1 - cos(w_j, -D_-)) <= lambda^(epsilon/14) on S_{-,1}",
        (*SETTING, second_collinear),
        lemma_4_i,
    ),
    Statement("lemma_4_ii", "at t3: |v_-| - u_- <= lambda^(epsilon/20)", SETTING, lemma_4_ii),
    Statement("lemma_4_iii", "t2 to t3: w_j moved <= lambda^(epsilon/15) on S_{+,1}", SETTING, lemma_4_iii),
    Statement("lemma_4_iv", "at t3: |w_j| <= 3 c lambda^epsilon outside both sets", SETTING, lemma_4_iv),
)
