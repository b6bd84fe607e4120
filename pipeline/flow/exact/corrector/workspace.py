"""What the steps read and write: where a step starts, the step before it, and the arrays of the corrector."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.corrector.interior import WEIGHT
from pipeline.flow.exact.corrector.residual import EndWeights, Observation
from pipeline.flow.exact.machine_code.jit import allocating
from pipeline.flow.exact.propagation.bernstein import SIZE


class LastStep(NamedTuple):
    """The step before: what a prediction continues.

    curve : float64[6, n]
        Its polynomial.
    r, d : float64[n]
        The residual and its slope at its start.
    length : float
    smooth : bool
        Whether no neuron has crossed a boundary since its start.
    """

    curve: np.ndarray
    r: np.ndarray
    d: np.ndarray
    length: float
    smooth: bool


class StepStart(NamedTuple):
    """Where a step starts.

    r, d : float64[n]
        The residual and its slope.
    kernel : float64[n, n]
        The tangent kernel.
    """

    r: np.ndarray
    d: np.ndarray
    kernel: np.ndarray


class StepWorkspace(NamedTuple):
    """The arrays that the steps write: allocated once.

    assumed_r, assumed_d : float64[n]
        The assumed right end: the residual and its slope there. (Formulas: p, q.)
    end : Observation
        What the rows say there. The sizes of the residual's terms are those of the last observation, also inside.
    middle, middle_gross : float64[n]
        What they say in the middle, as a difference from what is assumed; the size of its terms.
    no_kernel : float64[0, 0]
        Stands where no kernel is wanted.
    curve : float64[6, n]
        The residual over the step (``propagation.bernstein``).
    part : float64[6, n]
        The same over a part of the step.
    mode_curve : float64[6, n]
        The same, by mode.
    gap, slope_gap : float64[n]
        How far the residual is from the assumed right end, and its slope.
    pushing : float64[n]
        The residual without what is only rounding.
    matrix : float64[n, n]
        Of the corrector's equation; half of a product.
    modes : float64[n, n]
        Column i: mode i of the tangent kernel (``corrector.modes``); what follows is by mode.
    decay_rates, mode_gap, mode_slope_gap, tolerance : float64[n]
        The kernel's value for the mode; the gaps by mode; the error allowed to it.
    start_kernel, end_kernel : float64[n, n]
        The tangent kernel at the step's start and at its end.
    stiff : bool[n]
        Modes that are fitted and follow (h K >> 1): their polynomial is the quadratic without the left slope,
        which makes the step L-stable for them (Radau IIA instead of Lobatto IIIA). With the cubic an error of
        such a mode would never be forgotten, only its rounding amplified.
    cubic, middle_by_mode : float64[n]
        What is added to a stiff mode's quadratic (``corrector.step.add_cubics``); the middle's gap by mode.
    remembers : bool[n]
        Modes whose polynomial takes the last step into account and is of degree 5.
    weights : EndWeights
    n_force : float64[q]
        n D of one group.
    inside : Observation
        What the rows say at an instant inside the step (``corrector.interior``).
    correction : float64[n]
        The last correction of the residual there.
    no_slopes, inside_weights : float64[n], EndWeights
        Zeros, and the weights of that correction.
    """

    assumed_r: np.ndarray
    assumed_d: np.ndarray
    end: Observation
    middle: np.ndarray
    middle_gross: np.ndarray
    no_kernel: np.ndarray
    curve: np.ndarray
    part: np.ndarray
    mode_curve: np.ndarray
    gap: np.ndarray
    slope_gap: np.ndarray
    pushing: np.ndarray
    matrix: np.ndarray
    modes: np.ndarray
    decay_rates: np.ndarray
    mode_gap: np.ndarray
    mode_slope_gap: np.ndarray
    tolerance: np.ndarray
    start_kernel: np.ndarray
    end_kernel: np.ndarray
    stiff: np.ndarray
    cubic: np.ndarray
    middle_by_mode: np.ndarray
    remembers: np.ndarray
    weights: EndWeights
    n_force: np.ndarray
    inside: Observation
    correction: np.ndarray
    no_slopes: np.ndarray
    inside_weights: EndWeights


@allocating
def make_step_workspace(problem):
    """Allocate the workspace for steps on this data set."""
    n, q = problem.x.shape
    gross = np.empty(n)
    return StepWorkspace(
        assumed_r=np.empty(n),
        assumed_d=np.empty(n),
        end=Observation(np.empty(n), gross, np.empty((n, n)), np.empty(n)),
        middle=np.empty(n),
        middle_gross=np.empty(n),
        no_kernel=np.empty((0, 0)),
        curve=np.empty((SIZE, n)),
        part=np.empty((SIZE, n)),
        mode_curve=np.empty((SIZE, n)),
        gap=np.empty(n),
        slope_gap=np.empty(n),
        pushing=np.empty(n),
        matrix=np.empty((n, n)),
        modes=np.eye(n),
        decay_rates=np.empty(n),
        mode_gap=np.empty(n),
        mode_slope_gap=np.empty(n),
        tolerance=np.empty(n),
        start_kernel=np.empty((n, n)),
        end_kernel=np.empty((n, n)),
        stiff=np.zeros(n, dtype=np.bool_),
        cubic=np.zeros(n),
        middle_by_mode=np.zeros(n),
        remembers=np.zeros(n, dtype=np.bool_),
        weights=EndWeights(np.empty(n), np.empty(n)),
        n_force=np.empty(q),
        inside=Observation(np.empty(n), gross, np.empty((n, n)), np.empty(n)),
        correction=np.empty(n),
        no_slopes=np.zeros(n),
        inside_weights=EndWeights(np.full(n, WEIGHT), np.zeros(n)),
    )
