"""One step's length: short enough for its error, and for the neurons that cross a boundary within it."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.corrector.interior import carry_within, largest_at_end
from pipeline.flow.exact.corrector.step import RESIDUAL_FLOOR, predict, try_step
from pipeline.flow.exact.corrector.step_control import (
    FIRST_RAPIDITY,
    LARGEST_SHRINKING,
    stiffness_limit,
    time_until_felt,
)
from pipeline.flow.exact.corrector.workspace import StepStart
from pipeline.flow.exact.events.candidates import find_candidates
from pipeline.flow.exact.events.crossings import follow_candidates, fraction_to_keep, ignored_error_until
from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.propagation.bernstein import SIZE, restrict
from pipeline.flow.exact.propagation.boost import LARGEST_BOOST
from pipeline.flow.exact.propagation.magnus import carry_propagator

CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
NEXT_CROSSING_SHARE = 4.0
"""Times what a step's crossings may use: the next step tries to reach so far. Where every step is cut, a longer
next step would not help: neurons beyond the cut need not be followed."""
STAYING = 0.5
"""Shortened to a quarter, an error that grows with the length of the step falls below this share of itself. One
that stays above it is there at the step's start already: no cut helps, and the step is accepted."""
UNSEEN_ROUNDINGS = 10.0
"""Times the residual's rounding: what a neuron adds to h within a boundary's width (boundary_times.BEYOND)."""
FELT_SHARE = 0.01
"""The share of one step's allowance up to which a group's output has no effect yet (it is not *felt*)."""


@inlined
def longest_step(solver, rates, progress, aims):
    """The length to try: what the errors allow, unless such a step would skip something.

    Parameters
    ----------
    rates : (fastest_felt, fastest, fastest_shrinking)
        As ``growth_rates`` has them.
    """
    network = solver.network
    fastest_felt, fastest, fastest_shrinking = rates
    step = FIRST_RAPIDITY / fastest_felt if progress.steps == 0 else progress.step
    felt = FELT_SHARE * aims.allowed / network.problem.label_scale
    step = min(step, LARGEST_BOOST / fastest)
    step = min(step, time_until_felt(network.groups, network.motion.group_speeds, network.problem, felt))
    step = min(step, aims.end_time - progress.time)
    if fastest_shrinking > 0.0:
        step = min(step, LARGEST_SHRINKING / fastest_shrinking)
    return min(step, stiffness_limit(solver.current.kernel, solver.current.r, network.problem))


@inlined
def find_step(solver, last, time, step, allowed):
    """Find the step whose defect is allowed and in which no crossing matters.

    ``solver.network.trial`` is written (the groups at the step's end), and ``solver.events.crossed`` (the neurons
    that cross within the step).

    Parameters
    ----------
    last : LastStep

    Returns
    -------
    step, error, order
        The error is infinite if the time can't resolve the step any more.
    wanted : float
        The length that the crossings have cut; the step itself if they have not.
    refused : int
    """
    network, work, current, crossed = solver.network, solver.work, solver.current, solver.events.crossed
    start = StepStart(current.r, current.d, current.kernel)
    error, order, refused, wanted, settled = np.inf, np.int64(4), np.int64(0), 0.0, False
    before = np.inf  # the error of events at the start, before the step was cut
    while not settled and time + step > time:
        predict(start, step, last, work)
        error, order = try_step(network, start, last, step, allowed, work)
        if not error <= 1.0:
            step *= min(max(0.9 * error ** (-1.0 / order), 0.1), 0.9) if error < np.inf else 0.25
            refused += 1
        while error <= 1.0 and not settled:
            ignorable = max(CROSSING_SHARE * allowed, UNSEEN_ROUNDINGS * rounding(network.problem, work.end.gross))
            cut = cut_for_events(solver, step, ignorable)
            at_start = ignored_error_until(0.0, crossed)
            # An error that does not shrink with the step comes from before it: a neuron was beyond its boundary.
            settled = cut >= 1.0 or (at_start <= allowed and at_start > STAYING * before)
            if not settled:
                before = at_start if at_start > ignorable and cut <= 0.5 * STAYING else np.inf
                kept = fraction_to_keep(crossed, NEXT_CROSSING_SHARE * ignorable)
                wanted = max(wanted, step * min(kept, 1.0))
                shorten(network, cut, step, allowed, work)
                step *= cut
                if not time + step > time:
                    error = np.inf
    return step, error if settled else np.inf, order, max(wanted, step), refused


@inlined
def rounding(problem, gross):
    """The size of the residual's rounding, from the sizes of its terms."""
    largest = problem.label_scale
    for k in range(gross.shape[0]):
        largest = max(largest, gross[k])
    return RESIDUAL_FLOOR * largest


@inlined
def cut_for_events(solver, step, ignorable):
    """Follow the neurons that may have events within the step, up to its end or each to its own.

    Returns
    -------
    fraction : float
        To which the step must be cut so that what its groups know nothing of is ``ignorable``; infinite if it
        stands.
    """
    network, curve, events, trial = solver.network, solver.work.curve, solver.events, solver.network.trial
    carry_propagator(network.groups, network.motion.impulses, trial.propagator, trial.propagator_logs)
    events.crossed.total[0], events.crossed.sensitive_count[0] = 0, 0
    cut = np.inf
    if find_candidates(network, curve, step, events.candidates, events.work) > 0:
        follow_candidates(network, curve, step, events)
        cut = fraction_to_keep(events.crossed, ignorable)
    return cut


@jitted
def shorten(network, cut, step, allowed, work):
    """Keep only the fraction ``cut`` of a step: before the event for which it is cut the step is valid.

    The residual at the end is the polynomial's, which the rows give to what is ``allowed``: the neurons are
    grouped there, and observed anew.
    """
    curve, part, r = work.curve, work.part, work.end.r
    restrict(curve, 0.0, cut, part)
    carry_within(network, part, cut * step, min(allowed, largest_at_end(part)), work)
    for k in range(r.shape[0]):
        for i in range(SIZE):
            curve[i, k] = part[i, k]
        r[k] = part[SIZE - 1, k]
