"""What is integrated: a data set, a start, a time to reach; and our own solver's answer to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import process_time

import numpy as np
import xarray as xr

from benchmarks.timing import Failed, TooLong
from pipeline.configuration import load_config
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.course import read_residual
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.integration.loop import integrate
from pipeline.flow.exact.integration.termination import INTERRUPTED
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.reduction import Reduction
from pipeline.flow.weights import plain_weights
from pipeline.network.status import BY_NUMBER

MOST_STEPS = 10**6


@dataclass(frozen=True, eq=False)
class Problem:
    """One initial value problem; equal to itself alone.

    Attributes
    ----------
    key, title
        Its name in the code and in the tables.
    data, init
        The datasets of the stages data and flow.
    end
        The paper's t to reach; infinite to go on until nothing moves.
    spacing
        Of the times at which r is compared: whole iterations of the notebooks' descent, so that it loses nothing.
    slope
        Of the leaky ReLU; the peers have it at 0.
    instants
        The times at which r is compared, whole multiples of the first above 0, the last the end; none: by
        ``spacing``.
    """

    key: str
    title: str
    data: xr.Dataset
    init: xr.Dataset
    end: float = np.inf
    spacing: float = 0.1
    slope: float = 0.0
    instants: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, key: str, title: str, preset: str, end: float = np.inf, spacing: float = 0.1, **start: float
    ) -> Problem:
        """The preset's data, and its start with what ``start`` changes of it."""
        config = load_config(preset)
        data = generate_data(config.data)
        init = initialise(data, config.init.model_copy(update=start))
        return cls(key, title, data, init, end, spacing, config.flow.slope)

    @cached_property
    def times(self) -> np.ndarray:
        """When r is wanted and compared."""
        if self.instants:
            return np.array(self.instants)
        return np.linspace(0.0, self.end, round(self.end / self.spacing) + 1)

    @cached_property
    def x(self) -> np.ndarray:
        """float64[n, d]."""
        return np.ascontiguousarray(self.data["x"].values)

    @cached_property
    def y(self) -> np.ndarray:
        """float64[n]."""
        return np.ascontiguousarray(self.data["y"].values)

    @cached_property
    def start(self) -> np.ndarray:
        """float64[d + 1, m]: the rows of w^T, then a. Rows over neurons are what vector instructions like."""
        w, a = plain_weights(self.init, "benchmark")
        return np.ascontiguousarray(np.vstack([w.T, a]))

    @cached_property
    def reduced(self) -> Reduction:
        """The same in our solver's own terms."""
        return Reduction.of(self.data, self.init, self.slope)

    @cached_property
    def unit(self) -> float:
        """The root mean square of the initial weights: the peers' absolute tolerances are in it."""
        return float(np.sqrt(np.mean(self.start**2)))

    def residual(self, weights: np.ndarray) -> np.ndarray:
        """The residuals (samples, n) of weights (samples, d + 1, m)."""
        return np.array([self.y - np.maximum(self.x @ z[:-1], 0.0) @ z[-1] for z in weights])


@dataclass(frozen=True)
class Account:
    """What our solver says of a run."""

    record: StepRecord
    status: str
    rejected: int
    crossings: int
    patterns: int


def solve(problem: Problem, tolerance: float, limit: float | None = None, end: float | None = None) -> Account:
    """Integrate by our solver.

    Parameters
    ----------
    limit
        Seconds of the processor after which to give up; None: no bound, and no clock beside the measurement.
    end
        Another end than the problem's, in the solver's own time.

    Raises
    ------
    TooLong, Failed
    """
    load_solver()
    reduced, watch = problem.reduced, np.zeros(3)
    until = problem.end / reduced.time_unit if end is None else end
    with stopped_after(limit, watch):
        record, status, rejected, crossings, patterns, *_ = integrate(
            reduced.neurons, reduced.problem, tolerance, until, MOST_STEPS, watch
        )
    if status == INTERRUPTED:
        raise TooLong(f"{int(watch[2]):,} steps, t = {watch[1] * reduced.time_unit:.3g}")
    if not BY_NUMBER[status].complete:
        raise Failed(BY_NUMBER[status].word)
    return Account(record, BY_NUMBER[status].word, rejected, crossings, patterns)


@contextmanager
def stopped_after(limit: float | None, watch: np.ndarray) -> Iterator[None]:
    """Ask a run to stop once the processor has worked so many seconds for it."""
    if limit is None:
        yield
        return
    done, until = threading.Event(), process_time() + limit

    def look() -> None:
        while not done.wait(0.02):
            if process_time() > until:
                watch[0] = 1.0

    clock = threading.Thread(target=look, daemon=True)
    clock.start()
    try:
        yield
    finally:
        done.set()
        clock.join()


def residual_of(problem: Problem, record: StepRecord) -> np.ndarray:
    """The residual at the problem's times from the polynomials of the record."""
    return problem.reduced.residual(read_residual(record, problem.times / problem.reduced.time_unit))


def compared(quick: bool) -> list[Problem]:
    """The problems of the work-precision table."""
    tiny = {"log10_scale": -6.0}
    paper = Problem.of("m60", "orthogonal, m = 60", "orthogonal", 60.0, **tiny)
    sliding = Problem.of("sliding", "non-orthogonal, large start", "non-orthogonal-large", 50.0)
    if quick:
        return [paper, sliding]
    return [
        paper,
        Problem.of("m1000", "orthogonal, m = 1,000", "orthogonal", 60.0, width=1000, **tiny),
        sliding,
        # The preset's own start, 1e-20, is a plateau of t = 130 on which r is constant: nothing could be compared.
        Problem.of("n75", "high-dimensional, λ√m = 0.1", "high-dimensional", 6.0, 0.01, log10_scale=-1.0),
    ]
