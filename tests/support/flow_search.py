"""What must be true of a solved problem: against the twin, of the stored weights, of its end, of what it says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from filippov_course import Ambiguity, Followed
from filippov_modes import Boundaries, admissible
from filippov_twin import follow
from flow_problems import FlowProblem

from pipeline.configuration import DataConfig, InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.course import Course, follow_flow

TOLERANCE = 1e-6
ALLOWED = 10.0
"""Times the tolerance."""
CLEAR = 1e-5
"""The share of the bulk with which a boundary that repels must do so for a neuron at rest on it to be told."""


class Fault(NamedTuple):
    """What is wrong, by how much (1 is just allowed), and where."""

    check: str
    size: float
    text: str


class Solved(NamedTuple):
    """One run of the solver, read at the ends of steps and inside them; plain weights."""

    course: Course
    time: np.ndarray
    inside: np.ndarray
    w: np.ndarray
    a: np.ndarray
    r: np.ndarray
    activation: np.ndarray
    attributes: dict


def solve(problem: FlowProblem, end_time: float | None, seed: int = 0, most: int = 60) -> Solved:
    """Run the solver on a problem; at most ``most`` ends of steps are looked at, and as many random instants."""
    data = generate_data(DataConfig(x=problem.x.tolist(), y=problem.y.tolist()))
    init = initialise(data, InitConfig(start="given", w=problem.w.tolist(), a=problem.a.tolist()))
    course = follow_flow(data, init, end_time=end_time, tolerance=TOLERANCE, slope=problem.slope)
    unit, record, g = course.reduced.time_unit, course.record, np.random.default_rng(seed)
    ends = unit * (record.time + record.length)
    ends = np.append(g.permutation(ends[:-1])[: most - 1], ends[-1:])
    steps = g.integers(0, max(len(record.time), 1), most if len(record.time) else 0)
    within = unit * (record.time[steps] + g.uniform(0.02, 0.98, len(steps)) * record.length[steps])
    time = np.concatenate([[0.0], ends, within])
    inside = np.concatenate([np.zeros(1 + len(ends), dtype=bool), np.ones(len(within), dtype=bool)])
    order = np.argsort(time, kind="stable")
    time, inside = time[order], inside[order]
    if end_time is not None:
        keep = time <= end_time
        time, inside = np.append(time[keep], end_time), np.append(inside[keep], False)
    run = course.trajectory(time)
    norm = np.exp(run["log_norm"].values)
    w, a = norm[:, :, None] * run["direction"].values, norm * run["output_ratio"].values
    return Solved(course, time, inside, w, a, run["residual"].values, run["activation"].values, run.attrs)


def unit_of(problem: FlowProblem) -> float:
    """The labels' root mean square, or the residual's at the start if that is larger."""
    reach = problem.w @ problem.x.T
    start = problem.y - problem.a @ np.where(reach > 0, reach, problem.slope * reach)
    return float(max(np.sqrt(np.mean(problem.y**2)), np.sqrt(np.mean(start**2)), 1e-290))


def twin_of(problem: FlowProblem) -> Followed:
    """The problem's flow by the twin."""
    return follow(problem.x, problem.y, problem.w, problem.a, problem.end_time, slope=problem.slope)


def clear_ambiguities(twin: Followed) -> list[Ambiguity]:
    """The ambiguities that must be told: not what the definition decides, nor a fitted label's rounding."""
    clear = [one for one in twin.ambiguities if one.kind not in ("start", "held") and twin.push(one) > CLEAR]
    return sorted(clear)


def faults(problem: FlowProblem, twin: Followed) -> list[Fault]:
    """All that is wrong with the solver's answer to a problem; empty if nothing is."""
    found = solve(problem, problem.end_time)
    said = [
        *of_the_flow(problem, twin, found),
        *of_the_weights(problem, found),
        *of_the_words(problem, twin, found),
    ]
    return [*said, *of_the_end(problem, solve(problem, None, most=1))]


def of_the_flow(problem: FlowProblem, twin: Followed, found: Solved) -> list[Fault]:
    """The residual against the twin's, at the ends of steps and inside them, as far as the flow is unique.

    After a decision that the solver calls sensitive it may be on another course, if errors of the tolerance's size
    do change the twin's. Where a start has several solutions and the solver says so, it may be on another one.
    """
    if found.attributes["ambiguous_events"] and any(one.kind == "start" for one in twin.ambiguities):
        return []
    said = []
    wrong = np.abs(found.r - twin.residual(found.time)).max(axis=1) / (TOLERANCE * unit_of(problem))
    unique_until = min((one.time for one in clear_ambiguities(twin)), default=np.inf)
    wrong[found.time > unique_until - 1e-6 * problem.end_time] = 0.0
    sensitive = np.atleast_1d(np.asarray(found.attributes.get("sensitive_times", ()), dtype=float))
    doubtful = found.time > min(sensitive, default=np.inf) - 1e-6 * problem.end_time
    if not (wrong[doubtful] <= ALLOWED).all() and changes_course(problem, twin, found.time[doubtful]):
        wrong[doubtful] = 0.0
    for name, which in (("ends", ~found.inside), ("inside", found.inside)):
        worst = int(np.argmax(np.where(which, wrong, -1.0)))
        if which.any() and not wrong[worst] <= ALLOWED:
            first = found.time[np.flatnonzero(which & ~(wrong <= ALLOWED))[0]]
            text = f"{wrong[worst]:.3g} tolerances at t = {found.time[worst]:.6g}, first at t = {first:.6g}"
            said.append(Fault(name, float(wrong[worst] / ALLOWED), text))
    return said


def changes_course(problem: FlowProblem, twin: Followed, times: np.ndarray) -> bool:
    """Whether the twin's residual moves by more than is allowed if every neuron is a tolerance larger or smaller.

    Their directions stay, so that a start on a boundary stays one.
    """
    for seed in range(3):
        factor = 1.0 + TOLERANCE * np.random.default_rng(seed).standard_normal(len(problem.a))
        moved = twin_of(problem._replace(w=factor[:, None] * problem.w, a=factor * problem.a))
        apart = np.abs(moved.residual(times) - twin.residual(times)).max() / (TOLERANCE * unit_of(problem))
        if not apart <= ALLOWED:
            return True
    return False


def of_the_weights(problem: FlowProblem, found: Solved) -> list[Fault]:
    """The stored residual is that of the stored weights, and a^2 - |w|^2 is what it was."""
    said = []
    reach = found.w @ problem.x.T
    reach = np.where(reach > 0, reach, problem.slope * reach)
    own = problem.y - np.einsum("tj,tjk->tk", found.a, reach)
    added = np.abs(problem.y) + np.einsum("tj,tjk->tk", np.abs(found.a), np.abs(reach))
    added = np.maximum(added, 1e-3 * unit_of(problem))
    wrong = np.abs(own - found.r) / added / 1e-10
    worst = np.unravel_index(np.argmax(wrong), wrong.shape)
    if not wrong[worst] <= 1.0:
        t, k = (int(one) for one in worst)
        text = (
            f"stored r[{k}] = {found.r[t, k]:.12g}, its weights give {own[t, k]:.12g} at t = {found.time[t]:.6g}"
        )
        said.append(Fault("stored residual", float(wrong[worst]), text))
    square = (found.w**2).sum(axis=2)
    first = found.a[0] ** 2 - square[0]
    first[np.abs(first) <= 1e-14 * square[0]] = 0.0  # balanced: for ever
    drift = np.abs(found.a**2 - square - first) / (found.a**2 + square + 1e-290)
    if not drift.max() <= 1e-9:
        text = f"a^2 - |w|^2 moves by {drift.max():.2g} of a^2 + |w|^2"
        said.append(Fault("balancedness", float(drift.max() / 1e-9), text))
    if not np.isfinite(found.r).all():
        said.append(Fault("not finite", np.inf, "the residual is not finite"))
    return said


def of_the_words(problem: FlowProblem, twin: Followed, found: Solved) -> list[Fault]:
    """The status, and whether an ambiguity is said where there is one and nowhere else."""
    said, attributes = [], found.attributes
    if attributes["status"] in ("out_of_steps", "stalled", "diverged"):
        said.append(Fault("status", np.inf, str(attributes["status"])))
    flagged = bool(attributes["ambiguous_events"])
    if flagged != (attributes["status"] == "non_unique") and not said:
        said.append(Fault("status", np.inf, f"{attributes['ambiguous_events']} and {attributes['status']}"))
    clear = clear_ambiguities(twin)
    close = np.atleast_1d(np.asarray(attributes.get("sensitive_times", ()), dtype=float))
    if clear and not flagged:  # where a fitted residual decides, the decision is told as a sensitive one
        flagged = bool((np.abs(close - clear[0].time) <= 1e-3 * problem.end_time).any())
    if clear and clear[0].time < 0.999 * problem.end_time and not flagged:
        text = f"{clear[0].kind} of neuron {clear[0].neuron} at t = {clear[0].time:.6g}"
        said.append(Fault("ambiguity not flagged", 1.0, text))
    if not twin.ambiguities and flagged:
        said.append(Fault("ambiguity that is none", 1.0, f"{attributes['ambiguous_events']} events"))
    return said


def of_the_end(problem: FlowProblem, found: Solved) -> list[Fault]:
    """Where the solver says that nothing moves any more, nothing can by Filippov's definition at the last weights.

    A neuron whose share of every output is below 1e-9 and falls has vanished.
    """
    if found.attributes["status"] in ("out_of_steps", "stalled", "end_time"):
        return [Fault("end", np.inf, f"its end is {found.attributes['status']}")]
    if found.course.status.name != "STATIONARY":
        return []
    bounds, said = Boundaries.between(problem.x, problem.slope), []
    w, a, r = found.w[-1], found.a[-1], found.r[-1]
    positive, negative = bounds.forces(r)
    bulk = np.abs(r * bounds.along).sum() / len(r)
    unit, length = unit_of(problem), np.abs(bounds.along).max()
    for j in range(len(a)):
        size = np.linalg.norm(w[j])
        reach = bounds.normal @ w[j]
        hand = np.abs(reach) <= 1e-8 * np.hypot(size, a[j])  # all of them where w has reached 0
        share = np.where(hand, 0.0, np.where(reach > 0, positive, negative))
        rest = share @ bounds.normal
        choices = admissible(
            rest, bounds.normal[hand], positive[hand], negative[hand], float(np.sign(a[j]) or 1.0), 1e-9 * bulk
        )
        off = np.array(
            [bounds.slope * (r * bounds.along / len(r))[bounds.of == u].sum() for u in np.flatnonzero(hand)]
        )
        by_definition = np.sign(a[j]) * (rest + off @ bounds.normal[hand])
        moves = min(
            (np.linalg.norm(v) for v in (*(one.velocity for one in choices), by_definition)), default=np.inf
        )
        along = abs(w[j] @ rest)
        small = max(size, abs(a[j])) * abs(a[j]) * length <= 1e-9 * unit
        speed = max(moves * abs(a[j]), along) / max(np.hypot(size, a[j]), 1e-290)
        if speed > 1e-6 * bulk and not (small and a[j] * (w[j] @ rest) <= 0):
            text = f"neuron {j} (|w| = {size:.3g}, a = {a[j]:.3g}) moves at {speed / bulk:.3g} of the bulk"
            said.append(Fault("end", float(speed / bulk / 1e-6), text))
    return said[:1]
