"""The labelled layer around the methods: datasets in, the trajectory out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from catalog.schema import validate
from pipeline.errors import RequestError
from pipeline.flow.course import Progress, follow_flow
from pipeline.points import take_points


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
    data, init = take_points(data), validate("initial", init)
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
    course = follow_flow(data, init, end_time=end_time, tolerance=tolerance, slope=slope, progress=progress)
    return course.trajectory(samples if times is None else times, including=besides)


def _checked_times(sample_times: Sequence[float] | np.ndarray, empty: bool = False) -> np.ndarray:
    times = np.asarray(sample_times, dtype=float)
    if times.ndim != 1 or (times.size == 0 and not empty) or not np.isfinite(times).all():
        raise RequestError("sample_times: a list of finite numbers is allowed")
    if (times < 0).any() or (np.diff(times) < 0).any():
        raise RequestError("sample_times: increasing times from 0 on are allowed")
    return times
