"""The labelled layer around the solver: datasets in, the trajectory out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from pipeline.errors import RequestError
from pipeline.flow.curvature import kind_of, smallest_eigenvalue
from pipeline.flow.exact.record import Record
from pipeline.flow.exact.sampling import Samples, place_samples, replay
from pipeline.flow.exact.stepping import integrate
from pipeline.flow.exact.warm import load_solver
from pipeline.flow.exact.watching import watched
from pipeline.flow.looking import looked_at
from pipeline.flow.reduction import Reduction
from pipeline.flow.status import BY_NUMBER, Status
from pipeline.flow.streaming import Blocks
from pipeline.threads import one_thread

MOST_STEPS = 500_000
"""A bound that no run has come near (lambda = 1e-10000 takes 300 steps): it turns a hang into a status."""
IN_MEMORY = 1_000_000_000
"""The bytes of samples up to which they are kept in memory."""

Progress = Callable[[float, int], None]
"""Told now and then the paper's t that was reached and the number of steps."""


def simulate(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    end_time: float | None = None,
    tolerance: float = 1e-6,
    sample_times: Sequence[float] | np.ndarray | None = None,
    samples: int = 400,
    including: Sequence[float] | np.ndarray = (),
    method: str = "exact",
    slope: float = 0.0,
    step_size: float = 1e-3,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Follow the gradient flow (3) of the network ``init`` on ``data``.

    Parameters
    ----------
    data, init
        The datasets of stages 1 and 2 (``generate_data``, ``initialise``): any points, any start.
    end_time
        The paper's t at which to stop; None: until converged or provably stationary.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square
        (or of the residual's at the start, if that is larger).
    sample_times
        When to look; None: at ``samples`` instants placed where the trajectory moves.
    samples
        Their number.
    including
        Instants to look at besides those, as far as they lie within the run; they are added to ``samples``.
    method
        ``"exact"``: the boosts of this package; ``"gradient_descent"`` and the ODE libraries:
        :mod:`pipeline.flow.methods`.
    slope
        Of the leaky ReLU: phi(u) = u for u > 0 and slope u for u < 0.
    step_size
        Of gradient descent, in the notebooks' sense: one iteration is 2 ``step_size`` of t.
    progress
        Told now and then how far the exact method has come.

    Returns
    -------
    Dataset
        direction, log_norm, output_ratio, activation, residual, loss and gradient_norm along time. The
        attributes are the solver's account: status, steps, crossings, seconds. More than :data:`IN_MEMORY` of
        it comes as dask arrays in blocks of time.

    Raises
    ------
    RequestError
        If the sample times are not increasing from 0 on, or the method is unknown or can't take this.

    Notes
    -----
    Past the time at which the flow has come to rest (``status`` converged or stationary) the network is
    constant, whatever ``end_time``.
    """
    validate("data", data)
    validate("initial", init)
    times = None if sample_times is None else _checked_times(sample_times)
    besides = _checked_times(including, empty=True)
    if end_time is None and times is not None:
        end_time = float(times[-1])
    if method != "exact":
        from pipeline.flow.methods import simulate_by  # SciPy's solvers take a while to import

        return simulate_by(
            method, data, init, end_time=end_time, tolerance=tolerance, times=times, samples=samples,
            including=besides, slope=slope, step_size=step_size,
        )  # fmt: skip
    reduced = Reduction.of(data, init, slope)
    unit = reduced.time_unit
    load_solver()
    watch = np.zeros(3)

    def tell(time: float, steps: int) -> None:
        if progress is not None:
            progress(time * unit, steps)

    until = np.inf if end_time is None else float(end_time) / unit
    with one_thread(len(reduced.problem.y)):
        started = perf_counter()
        record, number, rejected, crossings, patterns, ambiguous = watched(
            lambda: integrate(reduced.neurons, reduced.problem, tolerance, until, MOST_STEPS, watch), watch, tell
        )
        integrated = perf_counter()
        if times is None:
            last = None if end_time is None else until
            times = unit * place_samples(record, samples, reduced.problem.label_scale, last)
            if end_time is not None:
                times[-1] = end_time
        times = looked_at(times, besides)
        taken, end = read_samples(reduced, record, times)
    ended = BY_NUMBER[number]
    status, message = describe_end(ended, ambiguous, reduced.contradictory)
    account = {
        "method": method,
        "slope": slope,
        "status": status.word,
        "status_message": message,
        "tolerance": tolerance,
        "solver_seconds": integrated - started,
        "sampling_seconds": perf_counter() - integrated,
        "steps": len(record.time),
        "rejected_steps": rejected,
        "crossings": crossings,
        "patterns": patterns,
        "ambiguous_events": ambiguous,
    }
    if ended is Status.STATIONARY:
        account |= stationary_point(reduced, end)
    residual = taken.pop("residual")
    trajectory = conform(
        "trajectory",
        {
            **taken,
            "time": times,
            "residual": residual,
            "loss": 0.5 * np.mean(residual**2, axis=1),
            "log_init_scale": init.variables["log_init_scale"].values,
        },
        account,
    )
    trajectory.variables["coord"].attrs.update(data.variables["coord"].attrs)
    return trajectory


def read_samples(reduced: Reduction, record: Record, times: np.ndarray) -> tuple[dict[str, Any], Samples]:
    """The trajectory's variables at ``times``, in the data's own terms, and the last of the solver's samples.

    In blocks of time if they would fill the memory: then as dask arrays over temporary files.
    """
    m, n = len(reduced.neurons.sign), len(reduced.point)
    d = reduced.problem.x.shape[1] if reduced.frame.basis is None else reduced.frame.basis.shape[1]
    large = len(times) * m * (8 * (d + 2) + n) > IN_MEMORY
    blocks = Blocks(len(times), 8 * m * d) if large else None
    whole: dict[str, list[np.ndarray]] = {}
    neurons, first = reduced.neurons, 0
    for part in blocks.slices if blocks else [slice(0, len(times))]:
        own_times = times[part] / reduced.time_unit
        read = partial(replay, neurons, reduced.problem, record, own_times, first)
        taken, neurons, first = watched(read, np.zeros(3))
        found = {
            "direction": reduced.frame.back(taken.direction),
            "log_norm": taken.log_norm + reduced.log_weight_unit,
            "output_ratio": taken.output_ratio,
            "activation": reduced.activation(taken.state),
            "residual": reduced.residual(taken.residual),
            "gradient_norm": reduced.gradient_norm(taken.gradient_norm),
        }
        for name, values in found.items():
            if blocks and values.ndim > 1 and name != "residual":
                blocks.append(name, values)
            else:
                whole.setdefault(name, []).append(values)
    arrays: dict[str, Any] = {
        name: values[0] if len(values) == 1 else np.concatenate(values) for name, values in whole.items()
    }
    return arrays | (blocks.arrays() if blocks else {}), taken


def describe_end(ended: Status, ambiguous: int, contradictory: bool) -> tuple[Status, str]:
    """The status and its sentence, with what else has to be said of the run."""
    if ended is Status.CONVERGED and contradictory:
        ended = Status.LEAST_LOSS
    if ambiguous and ended.complete:
        return Status.NON_UNIQUE, f"{Status.NON_UNIQUE.value} {ended.value}"
    return ended, ended.value


def stationary_point(reduced: Reduction, taken: Samples) -> dict[str, Any]:
    """What kind of stationary point the last sample is: the Hessian's smallest eigenvalue in the data's units."""
    eigenvalue = smallest_eigenvalue(
        reduced.problem, taken.direction[-1], taken.log_norm[-1], taken.output_ratio[-1], taken.state[-1],
        taken.residual[-1],
    )  # fmt: skip
    return {
        "hessian_smallest_eigenvalue": eigenvalue / reduced.time_unit,
        "stationary_kind": kind_of(eigenvalue, reduced.problem),
    }


def _checked_times(sample_times: Sequence[float] | np.ndarray, empty: bool = False) -> np.ndarray:
    times = np.asarray(sample_times, dtype=float)
    if times.ndim != 1 or (times.size == 0 and not empty) or not np.isfinite(times).all():
        raise RequestError("sample_times: a list of finite numbers is allowed")
    if (times < 0).any() or (np.diff(times) < 0).any():
        raise RequestError("sample_times: increasing times from 0 on are allowed")
    return times
