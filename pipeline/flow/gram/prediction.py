"""What the residual will be at a step's end: by the last step's cubic, by the slope, or by a frozen kernel.

Where labels are stiff a polynomial that goes on makes more of every error, from about h K = 1 on: they would cut
each step of the long tail in which they are almost fitted. Under a kernel that does not change

    r_1 = r_0 + (1 + h K/2 + h^2 K^2/12)^-1 h d_0,    d_1 = d_0 - K (r_1 - r_0)

which makes less of any error as long as K is right to a half, so that one sweep a step suffices and K is formed
seldom.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.propagation.bernstein import slope_at, value
from pipeline.flow.gram.compiling import allocating, inner
from pipeline.flow.gram.state import FELT, KERNEL, LAST_STEP, SMOOTH
from pipeline.flow.gram.tangent import apply_kernel, factorise_kernel, solve_factored

STIFF = 0.35
"""The share of an error of the assumed residual that the computed one feels, over a step, from which on the cubic
is not continued: errors that are allowed would never decay."""


@inner
def is_implicit(state, step):
    """Whether the frozen kernel tells a step's end: where labels are stiff, or the last cubic was worse."""
    clock = state.clock
    return clock[KERNEL] > 0.0 and (clock[SMOOTH] == 0.0 or clock[FELT] * step > STIFF)


@allocating
def predict(state, step):
    """Assume the residual and its slope at the step's end.

    By the slope alone where that was nearer than the cubic: of what is only noise that makes twenty times as much.

    Returns
    -------
    float
        How far the cubic over the step is from the frozen kernel's flow in its middle; 0 without that.
    """
    now, assumed, last = state.now, state.assumed, state.clock[LAST_STEP]
    if is_implicit(state, step):
        go_implicitly(state, step)
        for k in range(now.shape[1]):
            state.predicted[k] = assumed[0, k]
        return missed_within(state, step)
    for k in range(now.shape[1]):
        state.predicted[k] = now[0, k] + step * now[1, k]
        if state.clock[SMOOTH] > 0.0:
            assumed[0, k] = value(state.last, k, 1.0 + step / last)
            assumed[1, k] = slope_at(state.last, k, 1.0 + step / last, last)
        else:
            assumed[0, k], assumed[1, k] = state.predicted[k], now[1, k]
    return 0.0


@allocating
def go_implicitly(state, step):
    """Assume at the step's end what the frozen kernel makes of the slope."""
    now, assumed, n = state.now, state.assumed, state.now.shape[1]
    factorise_kernel(state, step)
    gone, bent = np.empty(n), np.empty(n)
    for k in range(n):
        gone[k] = step * now[1, k]
    solve_factored(state.factor, gone)
    apply_kernel(state, step, gone, bent)
    for k in range(n):
        assumed[0, k], assumed[1, k] = now[0, k] + gone[k], now[1, k] - bent[k] / step


@allocating
def missed_within(state, step):
    """How far the cubic over the step is, in its middle, from r_0 + h d_0/2 - K times its integral up to there.

    No error at the step's end shows that: of a label that decays within the step a cubic makes a swing of (h K)^2
    times its residual, and a reading inside the step would see it.
    """
    now, assumed, n = state.now, state.assumed, state.now.shape[1]
    mean, bent = np.empty(n), np.empty(n)
    for k in range(n):
        slopes = step * (11.0 * now[1, k] - 5.0 * assumed[1, k])
        mean[k] = (18.0 * (assumed[0, k] - now[0, k]) + slopes) / 192.0
    apply_kernel(state, step, mean, bent)
    total = 0.0
    for k in range(n):
        gone = 0.5 * (assumed[0, k] - now[0, k]) - 0.125 * step * (3.0 * now[1, k] + assumed[1, k])
        total += (gone + bent[k]) ** 2
    return sqrt(total / n)


@inner
def goes_on(state, step):
    """Whether the last step's cubic comes nearer to the residual at the step's end than the other prediction."""
    reached, last = state.assumed[0], state.clock[LAST_STEP]
    smooth, rough = 0.0, 0.0
    for k in range(reached.shape[0]):
        smooth += (reached[k] - value(state.last, k, 1.0 + step / last)) ** 2
        rough += (reached[k] - state.predicted[k]) ** 2
    return smooth <= rough
