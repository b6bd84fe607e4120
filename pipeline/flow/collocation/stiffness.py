"""Whether the correction pays: where the labels are stiff the sweeps alone hold the steps, however slow the flow.

It is tried once last sweeps leave a good part of the change before them, and kept while its steps are longer by
more than what they cost besides. A trial that fails is repeated after twice as many steps.
"""

from __future__ import annotations

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.correction import (
    CONTRACTION,
    FRESH,
    LEFT,
    LEFT_MEAN,
    LIMIT,
    ON,
    PAUSE,
    POINTS_A_NUMBER,
    SINCE,
    TRACE,
    WAIT,
    WINDOW,
    find_gram,
    find_side,
)
from pipeline.flow.collocation.sweep import CARE, N
from pipeline.flow.collocation.workspace import NOW

STIFF = 0.02
"""What two sweeps leave, at least, where they hold the steps."""
LEAST, LEAST_ROUGH = 1.0, 0.3
"""The step times the trace of S, at least: some three to eight times its largest eigenvalue; and where no
crossing is followed: there most steps are one sweep."""
AGAIN = 4.0
"""Windows until the trace is looked at again; and the work of the steps before the first trial, over that of H."""
LONGEST_PAUSE = 16.0
"""Windows between two trials, at most: where steps were short for who slides it did not pay, and may later."""
OUTDATED = 0.2
"""What they leave with the correction, at most, by an H that is kept."""
PAIR_COST = 20.0
"""What a sweep costs for a pair of a neuron and a point beside its products, in products."""


@inner
def prepare(points, state):
    """Bring the correction to the start of a step."""
    correction = state.correction
    control = correction.control
    if control[ON] == 0.0:
        return
    if control[CONTRACTION] > OUTDATED:
        find_gram(points, state.network, state.work, correction)
        control[FRESH] = 1.0
    control[TRACE] = find_side(points, state)


@inner
def refresh(points, state):
    """Find H anew if it was not of this step, and left too much; return whether."""
    correction = state.correction
    control = correction.control
    if control[ON] == 0.0 or control[FRESH] > 0.0 or control[CONTRACTION] <= OUTDATED:
        return False
    find_gram(points, state.network, state.work, correction)
    control[TRACE] = find_side(points, state)
    control[FRESH] = 1.0
    return True


@inner
def sweep_price(points, correction):
    """Of a sweep, in products."""
    blocks, d, size = points.columns.shape
    return blocks * size * float(correction.gram.shape[0]) * (5.0 + PAIR_COST / d)


@inner
def price(points, correction):
    """A step with the correction over one without: products of matrices beside those of the sweeps."""
    return 1.3 + float(correction.gram.shape[0]) ** 3 / (3.0 * sweep_price(points, correction))


@inner
def first_trial(points, correction):
    """The windows before the first trial: H costs as much as many sweeps."""
    count = float(correction.gram.shape[0])
    if count == 0.0:
        return 0.0
    work = 0.5 * count * count * min(points.about[N], POINTS_A_NUMBER * count)
    return AGAIN * work / (2.0 * WINDOW * sweep_price(points, correction))


@inner
def judge(points, state):
    """After a step: begin with the correction, or end with it, by the mean step of a window."""
    correction, now = state.correction, state.clock[NOW]
    control = correction.control
    control[FRESH] = 0.0
    control[LEFT] -= 1.0
    control[LEFT_MEAN] += min(control[CONTRACTION], 1.0)
    if correction.gram.shape[0] == 0 or control[LEFT] > 0.0:
        return
    step, left = (now - control[SINCE]) / WINDOW, control[LEFT_MEAN] / WINDOW
    control[LEFT], control[SINCE], control[LEFT_MEAN] = WINDOW, now, 0.0
    control[WAIT] -= 1.0
    if control[ON] > 0.0:
        if step * control[TRACE] < price(points, correction) * control[LIMIT]:
            control[ON], control[WAIT], control[PAUSE] = (
                0.0,
                control[PAUSE],
                min(2.0 * control[PAUSE], LONGEST_PAUSE),
            )
    elif control[WAIT] <= 0.0 and left > STIFF:
        find_gram(points, state.network, state.work, correction)
        control[TRACE] = find_side(points, state)
        control[LIMIT] = step * control[TRACE]
        rough = points.about[CARE] == 0.0
        if control[LIMIT] > (LEAST_ROUGH if rough else LEAST):
            control[ON], control[CONTRACTION] = 1.0, 0.0
        else:
            control[WAIT] = 1.0 if rough else AGAIN
