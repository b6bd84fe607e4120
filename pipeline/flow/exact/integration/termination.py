"""Why an integration ends: it has converged, nothing moves any more, its time is over, or it was stopped."""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.corrector.step import RESIDUAL_FLOOR
from pipeline.flow.exact.corrector.step_control import norm, stiffness_limit
from pipeline.flow.exact.machine_code.jit import inlined

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 1, 2, 3, 4, 5, 99
"""Why an integration ended; :class:`pipeline.network.status.Status` has the sentences of all but the last."""

GOING_ON, CROSSED, FULL = 0, -1, -2
"""What else can be said of a step: neurons have crossed and are to be grouped anew, the record is full."""

CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
HIDDEN_RESIDUAL = 1e-6
"""The residual, over the labels' scale, that rounding may hide in a flow that has converged."""
RESTING_RATE = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
FITTED_SHARE = 10.0 * RESIDUAL_FLOOR
"""The share of its terms below which a residual pushes nothing: the solver's steps leave as much."""
IDLE_TURN = 0.01
"""|D| of the fastest group times the longest step (``stiffness_limit``) up to which its movement is rounding."""


@inlined
def reason_to_pause(solver, progress, fastest_felt, aims, watch):
    """The status with which the flow ends here, INTERRUPTED if it is to stop, GOING_ON if neither.

    ``watch`` is told how far it has come.
    """
    event = reason_to_stop(solver, progress, fastest_felt, aims.end_time)
    watch[1], watch[2] = progress.time, progress.steps
    if event == GOING_ON and watch[0] != 0.0:
        event = INTERRUPTED
    return event


@inlined
def reason_to_stop(solver, progress, fastest_felt, end_time):
    """The status with which the flow ends here, GOING_ON if it does not.

    It rests if nothing is pushed, or if over the longest step that there can be nothing turns but by the rounding
    of fitted residuals, and the loss has not fallen: such steps would go on without end.

    It has converged if the residual is small without its rounding. Of neurons that are enormous beside the labels
    the rounding may hide a residual that is not small at all: that is no convergence.
    """
    problem, r, pushing = solver.network.problem, solver.current.r, solver.work.pushing
    if root_mean_square(pushing) <= CONVERGED_RESIDUAL * problem.label_scale:
        return CONVERGED if root_mean_square(r) <= HIDDEN_RESIDUAL * problem.label_scale else STALLED
    longest = stiffness_limit(solver.current.kernel, r, problem)
    idle = 0.0 < longest <= progress.step and fastest_felt * longest <= IDLE_TURN
    fallen = root_mean_square(solver.current.last_r) > (1.0 + RESIDUAL_FLOOR) * root_mean_square(r)
    if (idle and not fallen) or fastest_felt <= RESTING_RATE * problem.resting_growth:
        return STATIONARY
    if progress.time >= end_time:
        return END_TIME
    return GOING_ON


@inlined
def root_mean_square(r):
    """Over the points."""
    return norm(r) / sqrt(r.shape[0])


@inlined
def remove_rounding(r, problem, work):
    """Write the residual without what is only rounding into ``work.pushing``: what can still push."""
    gross, pushing, scale = work.end.gross, work.pushing, problem.label_scale
    for k in range(r.shape[0]):
        pushing[k] = r[k] if abs(r[k]) > FITTED_SHARE * max(scale, gross[k]) else 0.0
