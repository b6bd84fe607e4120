"""The labelled layer around the solver: datasets in, the trajectory out."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform, validate
from pipeline.errors import RequestError
from pipeline.flow.exact.patterns import Neurons
from pipeline.flow.exact.problem import Problem, make_problem
from pipeline.flow.exact.sampling import place_samples, replay
from pipeline.flow.exact.states import OFF, ON
from pipeline.flow.exact.stepping import integrate
from pipeline.flow.exact.warm import interrupts_wait, load_solver
from pipeline.flow.frame import Frame
from pipeline.flow.status import BY_NUMBER

MOST_STEPS = 500_000
"""A bound that no run has come near (lambda = 1e-10000 takes 300 steps): it turns a hang into a status."""


def simulate(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    end_time: float | None = None,
    tolerance: float = 1e-6,
    sample_times: Sequence[float] | np.ndarray | None = None,
    samples: int = 400,
    method: str = "exact",
) -> xr.Dataset:
    """Follow the gradient flow (3) of the network ``init`` on ``data``.

    Parameters
    ----------
    data, init
        The datasets of stages 1 and 2 (``generate_data``, ``initialise``).
    end_time
        The paper's t at which to stop; None: until converged or provably stationary.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square
        (or of the residual's at the start, if that is larger).
    sample_times
        When to look; None: at ``samples`` instants placed where the trajectory moves.
    samples
        Their number.
    method
        ``"exact"``: the boosts of this package.

    Returns
    -------
    Dataset
        direction, log_norm, output_ratio, activation, residual, loss and gradient_norm along time. The
        attributes are the solver's account: status, steps, crossings, seconds.

    Raises
    ------
    RequestError
        If the inputs are not orthogonal, or the sample times are not increasing from 0 on.

    Notes
    -----
    Past the time at which the flow has come to rest (``status`` converged or stationary) the network is
    constant, whatever ``end_time``.
    """
    validate("data", data)
    validate("initial", init)
    if method != "exact":
        raise RequestError(f"flow.method = {method!r}: allowed is 'exact'")
    refuse_oblique(data)
    times = None if sample_times is None else _checked_times(sample_times)
    if end_time is None and times is not None:
        end_time = float(times[-1])
    frame, problem, neurons = as_kernels_see_it(data, init)

    load_solver()
    started = perf_counter()
    with interrupts_wait():
        record, status, rejected, crossings, patterns = integrate(
            neurons, problem, tolerance, np.inf if end_time is None else float(end_time), MOST_STEPS
        )
    integrated = perf_counter()
    if times is None:
        times = place_samples(record, samples, problem.label_scale, end_time)
    with interrupts_wait():
        taken = replay(neurons, problem, record, times)
    sampled = perf_counter()

    trajectory = conform(
        "trajectory",
        {
            "time": times,
            "direction": frame.back(taken.direction),
            "log_norm": taken.log_norm,
            "output_ratio": np.broadcast_to(neurons.sign, taken.log_norm.shape),
            "activation": taken.state,
            "residual": taken.residual,
            "loss": 0.5 * np.mean(taken.residual**2, axis=1),
            "gradient_norm": taken.gradient_norm,
            "log_init_scale": init["log_init_scale"].values,
        },
        {
            "method": method,
            "status": BY_NUMBER[status].word,
            "status_message": BY_NUMBER[status].value,
            "tolerance": tolerance,
            "solver_seconds": integrated - started,
            "sampling_seconds": sampled - integrated,
            "steps": len(record.time),
            "rejected_steps": rejected,
            "crossings": crossings,
            "patterns": patterns,
        },
    )
    trajectory["coord"].attrs.update(data["coord"].attrs)
    return trajectory


def as_kernels_see_it(data: xr.Dataset, init: xr.Dataset) -> tuple[Frame, Problem, Neurons]:
    """The frame of the solver's coordinates, and in it the data set and the network at t = 0."""
    frame, x, direction = Frame.of(data["x"].values, init["direction"].values)
    signs = np.sign(init["output_ratio"].values)
    neurons = Neurons(
        np.column_stack([direction, signs]),
        init["log_norm"].values.astype(float),
        signs,
        np.where(direction @ x.T > 0.0, ON, OFF).astype(np.int8),
    )
    return frame, make_problem(x, data["y"].values), neurons


def refuse_oblique(data: xr.Dataset) -> None:
    """Raise if the inputs are not orthogonal: neurons would have to slide along boundaries.

    Raises
    ------
    RequestError
    """
    cosine = float(data["largest_cosine"])
    if cosine > ORTHOGONAL:
        raise RequestError(
            f"data.x: two inputs have the cosine {cosine:.3g}: "
            f"orthogonal inputs are allowed (cosine at most {ORTHOGONAL:g})"
        )


def _checked_times(sample_times: Sequence[float] | np.ndarray) -> np.ndarray:
    times = np.asarray(sample_times, dtype=float)
    if times.ndim != 1 or times.size == 0 or not np.isfinite(times).all():
        raise RequestError("sample_times: a list of finite numbers is allowed")
    if times[0] < 0 or (np.diff(times) < 0).any():
        raise RequestError("sample_times: increasing times from 0 on are allowed")
    return times
