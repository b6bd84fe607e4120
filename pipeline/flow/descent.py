"""Gradient descent, the iteration of the authors' notebooks, as a labelled trajectory.

The notebooks train with torch's SGD, full batch, on the *mean* squared error (1/n) sum_k r_k^2, which is 2L: an
iteration w -= step_size grad(2L) is 2 step_size of the paper's time.

It follows the flow only for a while: on inputs that are not orthogonal its steps break Lemma 1, output weights
change sign, and it can end in another basin. The variant ``balanced`` restores a_j = s_j |w_j| after each step and
tends to the flow as the step tends to 0.
"""

from __future__ import annotations

from time import perf_counter
from typing import NamedTuple

import numpy as np
import xarray as xr

from pipeline.flow.frame import Frame
from pipeline.flow.gradient_descent_kernels import (
    FITTED,
    RAN_AWAY,
    Blocks,
    descend,
    in_blocks,
    load_descent,
    out_of_blocks,
)
from pipeline.flow.weights import account_of, label_trajectory, plain_weights, refuse_unbalanced
from pipeline.network import algebra
from pipeline.network.activation import Activation
from pipeline.network.status import Status

PLAIN, BALANCED = "gradient_descent", "gradient_descent:balanced"
METHODS = (PLAIN, BALANCED)

MOST_ITERATIONS = 10_000_000
"""A bound that turns a hang into a status: t = 20,000 at the notebooks' step, 5 s for the paper's network."""

CONVERGED = 1e-12
"""The residual, in units of the labels' root mean square, at which the network fits."""

NEARLY, FALLING = 1e-9, 0.9
"""A residual below ``NEARLY`` that has not fallen by a tenth over :data:`WATCHED` is rounding, and fits too: a
step of less than half a unit in the weights' last place is no step, and residuals of 1e-12 to 1e-11 stay."""

RESTING = 1e-10
"""A neuron rests if its weights change by less than this part of themselves over :data:`WATCHED`."""

WATCHED = 0.05
"""The part of all iterations so far over which rest is judged, and the fewest iterations that take part in it:
what relaxes at a rate mu moves by 1/(0.05 mu t) of that part later, and t is many 1/mu by then."""
FEWEST_WATCHED = 1000

WORK = 2e8
"""Multiplications between two moments at which Ctrl-C is heard: some 0.1 s."""


class KeptIterations:
    """The weights that are kept: after given numbers of steps, or after evenly spaced ones.

    Parameters
    ----------
    m, d
        The network's width and the number of its coordinates.
    iterations
        Which are kept, in increasing order (one may be named several times); None: evenly spaced ones, between
        ``count`` and 2 ``count`` however many there will be. Every second is dropped when they are too many, so
        the memory is bounded without knowing the end.
    count
        How many are kept in the end, if none are given.
    """

    def __init__(self, m: int, d: int, iterations: np.ndarray | None, count: int) -> None:
        self.even = iterations is None
        self.count = count
        self.iterations = np.zeros(2 * count, dtype=np.int64) if iterations is None else iterations
        self.w, self.a = np.empty((len(self.iterations), m, d)), np.empty((len(self.iterations), m))
        self.taken, self.stride = 0, 1

    def due(self) -> float:
        """The next iteration to keep; infinite if there is none."""
        if self.even:
            return float(self.taken * self.stride)
        return float(self.iterations[self.taken]) if self.taken < len(self.iterations) else np.inf

    def take(self, iteration: int, network: Blocks) -> None:
        """Keep the network for every iteration that is due at ``iteration`` or before it."""
        if not self.even:
            until = int(np.searchsorted(self.iterations, iteration, side="right"))
        else:
            if self.taken == 2 * self.count:
                for each in (self.iterations, self.w, self.a):
                    each[: self.count] = each[::2].copy()
                self.taken, self.stride = self.count, 2 * self.stride
            until = self.taken + 1
            self.iterations[self.taken] = iteration
        self.w[self.taken : until], self.a[self.taken : until] = out_of_blocks(network, self.a.shape[1])
        self.taken = until

    def close(self, iteration: int, network: Blocks | None) -> None:
        """End with ``network`` after ``iteration`` steps, which moves no more; None: with the last one kept."""
        if network is not None and not self.even:
            self.take(int(max(iteration, self.iterations[-1])), network)
        elif network is not None and self.iterations[self.taken - 1] != iteration:
            self.take(iteration, network)
        kept = np.arange(self.taken)
        if self.even and self.taken > self.count:
            kept = np.rint(np.linspace(0, self.taken - 1, self.count)).astype(int)
        self.iterations, self.w, self.a = self.iterations[kept], self.w[kept], self.a[kept]


def simulate_descent(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    method: str,
    end_time: float | None,
    tolerance: float,
    times: np.ndarray | None,
    samples: int,
    slope: float,
    step_size: float,
) -> xr.Dataset:
    """Gradient descent with ``step_size`` on the mean squared error, in double precision.

    Parameters
    ----------
    data, init
        Of the stages data and flow.
    method
        ``"gradient_descent"``, or ``"gradient_descent:balanced"`` with a_j = s_j |w_j| after each step.
    end_time
        The paper's t, 2 ``step_size`` an iteration; None: until it fits, or rests.
    tolerance
        Recorded, and without effect: the step alone decides how far this is from the flow.
    times
        Of the samples, answered by the nearest iteration; None: ``samples`` times, evenly.
    slope
        Of the leaky ReLU.

    Returns
    -------
    Dataset
        A trajectory; where it ran away it ends with the last weights kept before that.

    Raises
    ------
    RequestError
        If the weights are no floats, or the start of a balanced descent is not.
    """
    if method == BALANCED:
        refuse_unbalanced(init, method)
    w, a = plain_weights(init, method)
    frame, x, w = Frame.of(data["x"].values, w)
    # Copies: for read-only arrays, or those of another layout, all would be compiled once more.
    x, y = np.array(x, dtype=float, order="C"), np.array(data["y"].values, dtype=float)
    step = 2.0 * step_size
    if times is None and end_time is not None:
        times = np.linspace(0.0, end_time, samples)
    last, wanted = iterations_of(end_time, times, step)
    kept = KeptIterations(w.shape[0], w.shape[1], wanted, samples)

    network = in_blocks(w, a, balanced=method == BALANCED)
    load_descent()
    started = perf_counter()
    iterations, status = follow(network, Iteration(x, y, step, slope), last, kept)
    integrated = perf_counter()
    if status in (Status.CONVERGED, Status.STATIONARY) or (kept.even and status is not Status.DIVERGED):
        kept.close(iterations, network)
    else:
        kept.close(iterations, None)
    if kept.taken == 0:
        kept.w, kept.a, times = w[None], a[None], np.zeros(1)
    taken = kept.iterations * step if times is None else times[: len(kept.w)]
    account = account_of(method, status, tolerance, integrated - started, iterations, 0) | {
        "slope": slope,
        "step_size": step_size,
    }
    trajectory = label_trajectory(data, init, taken, frame.back(kept.w), kept.a, slope=slope, account=account)
    trajectory.attrs["sampling_seconds"] = perf_counter() - integrated
    return trajectory


def iterations_of(
    end_time: float | None, times: np.ndarray | None, step: float
) -> tuple[float, np.ndarray | None]:
    """The last iteration, infinite without an end, and those nearest to ``times``; ``step`` is one's time."""
    with np.errstate(over="ignore"):
        last = np.inf if end_time is None else float(np.rint(np.divide(end_time, step)))
        wanted = None if times is None else np.rint(times / step).clip(max=min(last, 2.0**62)).astype(np.int64)
    return last, wanted


class Iteration(NamedTuple):
    """What every step of a descent takes.

    x, y : float64[n, d], float64[n]
        The points and their labels.
    step : float
        In the paper's t.
    slope : float
        Of the leaky ReLU.
    """

    x: np.ndarray
    y: np.ndarray
    step: float
    slope: float


def follow(network: Blocks, iterated: Iteration, last: float, kept: KeptIterations) -> tuple[int, Status]:
    """Iterate in place until ``last`` iterations are done, or nothing is left to do; return how many and why."""
    x, y, step, slope = iterated
    n, m = len(y), network.a.size
    scale = float(np.sqrt(np.mean(y**2))) or 1.0
    enough = n * (CONVERGED * scale) ** 2
    between_checks = max(1, int(WORK / (m * x.size)))
    iteration, watched, before, error = 0, 0, (network.w.copy(), network.a.copy()), np.inf
    while True:
        if kept.due() <= iteration:
            kept.take(iteration, network)
        if iteration >= last:
            return iteration, Status.END_TIME
        if iteration >= MOST_ITERATIONS:
            return iteration, Status.OUT_OF_STEPS
        judged = max(watched + FEWEST_WATCHED, int(watched / (1.0 - WATCHED)))
        if iteration >= judged:
            previous, error = error, residual_size(network, iterated)
            if error <= NEARLY * scale:
                if error >= FALLING * previous:
                    return iteration, Status.CONVERGED
            elif rests(network, before):
                return iteration, Status.STATIONARY
            watched, before = iteration, (network.w.copy(), network.a.copy())
            continue
        until = int(min(kept.due(), last, judged, iteration + between_checks, MOST_ITERATIONS))
        done, state = descend(network, (x, y), step / n, slope, enough, until - iteration)
        iteration += done
        if state == RAN_AWAY:
            return iteration, Status.DIVERGED
        if state == FITTED:
            return iteration, Status.CONVERGED


def rests(network: Blocks, before: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether no neuron has moved by more than :data:`RESTING` of itself since ``before``, however small it is."""
    w, a = before
    moved = np.maximum(np.abs(network.w - w).max(axis=1), np.abs(network.a - a))
    size = np.maximum(np.abs(w).max(axis=1), np.abs(a))
    return bool((moved <= RESTING * size).all())


def residual_size(network: Blocks, iterated: Iteration) -> float:
    """The root mean square of the residual."""
    w, a = out_of_blocks(network, network.a.size)
    residual = iterated.y - algebra.outputs(iterated.x, w, a, Activation(iterated.slope))
    return float(np.sqrt(np.mean(residual**2)))
