"""The labelled layer around the methods: datasets in, the trajectory out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from pipeline.flow.course import end_of_run, follow_flow
from pipeline.flow.followed import Progress, Reading
from pipeline.flow.held_out import with_held_out_loss
from pipeline.flow.initial import take_start
from pipeline.inputs.arguments import (
    FINER_TOLERANCE,
    OUTPUT_SPEED,
    POSITIVE,
    SAMPLES,
    SLOPE,
    instants,
    number,
    whole,
)
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import function, text
from pipeline.network.points import take_points


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
    output_speed: float = 1.0,
    step_size: float = 1e-3,
    progress: Progress | None = None,
    reading: Reading | None = None,
) -> xr.Dataset:
    """Follow the gradient flow (3) of the network ``init`` on ``data``.

    Parameters
    ----------
    data, init
        The datasets of the stages data and flow (``generate_data``, ``initialise``): any points, any start.
    end_time
        The paper's t at which to stop, above 0; None or infinity: until converged or provably stationary. With
        ``sample_times`` alone the run goes to the last of them.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square
        (or of the residual's at the start, if that is larger): 1e-11 to 0.1; a library takes 1e-14 too.
    sample_times
        When to look: increasing times from 0 to ``end_time``. None: at ``samples`` instants placed where the
        trajectory moves.
    samples
        Their number, at least 2.
    including
        Instants to look at besides those, as far as they lie within the run; they are added to ``samples``.
    method
        ``"exact"``: the boosts of this package; ``"gradient_descent"`` and the ODE libraries:
        :mod:`pipeline.flow.methods`.
    slope
        Of the leaky ReLU: phi(u) = u for u > 0 and slope u for u < 0. At most 1000 in size.
    output_speed
        Of the a_j against the w_j: da_j/dt is so many times <D_j, w_j>. Exact, by a change of units; for the
        method ``"exact"`` alone.
    step_size
        Of gradient descent, in the notebooks' sense: one iteration is 2 ``step_size`` of t.
    progress
        Told now and then how far the exact method has come.
    reading
        Told now and then how many samples of it have been read.

    Returns
    -------
    Dataset
        direction, log_norm, output_ratio, activation, residual, loss and gradient_norm along time. The
        attributes are the solver's account: status, steps, crossings, seconds. More than
        :data:`pipeline.flow.samples_in_parts.IN_MEMORY` of it comes as dask arrays in blocks of time.

    Raises
    ------
    RequestError
        If a number is none, or not allowed; or the method is unknown or can't take this.

    Notes
    -----
    Past the time at which the flow has come to rest (``status`` converged or stationary) the network is
    constant, whatever ``end_time``.

    Any number may be Python's or NumPy's, whole where a float is meant, or an array of no dimension; a truth value
    or a text is refused.
    """
    data = take_points(data)
    init = take_start(init, data)
    end_time, slope = end_of_run(end_time), number("slope", slope, SLOPE)
    tolerance, samples = number("tolerance", tolerance, FINER_TOLERANCE), whole("samples", samples, SAMPLES)
    step_size = number("step_size", step_size, POSITIVE)
    until = np.inf if end_time is None else end_time
    times = None if sample_times is None else instants("sample_times", sample_times, until)
    besides = instants("including", including, empty=True)
    if end_time is None and times is not None:
        end_time = float(times[-1])
    method = text("method", method, "exact")
    progress, reading = function("progress", progress), function("reading", reading)
    if method != "exact":
        if number("output_speed", output_speed, OUTPUT_SPEED) != 1.0:
            raise RequestError(
                f"flow.output_speed = {output_speed:g}: allowed with flow.method = 'exact' only, not {method!r}"
            )
        from pipeline.flow.methods import simulate_by  # SciPy's solvers take a while to import

        trajectory = simulate_by(
            method, data, init, end_time=end_time, tolerance=tolerance, times=times, samples=samples,
            including=besides, slope=slope, step_size=step_size,
        )  # fmt: skip
        return with_held_out_loss(data, trajectory)
    course = follow_flow(
        data, init, end_time=end_time, tolerance=tolerance, slope=slope, output_speed=output_speed,
        progress=progress,
    )  # fmt: skip
    return course.trajectory(samples if times is None else times, including=besides, reading=reading)
