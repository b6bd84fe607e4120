"""Every method of following the flow but the exact one, by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow import descent, libraries
from pipeline.flow.sample_times import merged_sample_times
from pipeline.inputs.errors import RequestError

EXACT = "exact"
"""The method of :mod:`pipeline.flow.exact`; ``pipeline.flow.simulate`` calls it, not this module."""

METHODS = (EXACT, *descent.METHODS, *libraries.METHODS)
"""What ``flow.method`` may be."""

MEMORY = 4_000_000_000
"""The bytes that a trajectory may take while it is found and labelled; only the exact method streams it."""


def simulate_by(
    method: str,
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    end_time: float | None,
    tolerance: float,
    times: np.ndarray | None,
    samples: int,
    including: np.ndarray | tuple[()] = (),
    slope: float,
    step_size: float,
) -> xr.Dataset:
    """The trajectory by gradient descent or by another library's solver.

    Parameters
    ----------
    method
        One of :data:`METHODS` except ``"exact"``.
    data, init
        Of the stages data and flow.
    end_time
        The paper's t at which to stop; None: the last of ``times``, or, in gradient descent, when it rests.
    tolerance
        The relative tolerance of a library's steps; without effect on gradient descent.
    times
        When to look; None: at ``samples`` times, evenly.
    samples
        Their number.
    including
        Instants to look at besides those. Only where the end of the run is known beforehand: a descent that goes
        on until it rests keeps evenly spaced iterations.
    slope
        Of the leaky ReLU phi(u) = u for u > 0, else slope u; its derivative at 0 too (relu'(0) = 0).
    step_size
        Of gradient descent on the *mean* squared error, as in the authors' notebooks: 2 ``step_size`` of t an
        iteration.

    Returns
    -------
    Dataset
        Labelled as the exact method's, with ``slope`` (and ``step_size``) among its attributes.

    Raises
    ------
    RequestError
        If there is no such method, or it can't take these weights or hold so many samples of them, or it needs a
        time or a library that is missing.
    """
    if times is not None and end_time is None:
        end_time = float(times[-1])
    if end_time is not None and len(including):
        times = merged_sample_times(
            np.linspace(0.0, end_time, samples) if times is None else times, np.asarray(including)
        )
    if method in METHODS:
        refuse_too_large(method, data, init, samples if times is None else len(times))
    asked: dict[str, Any] = {
        "method": method, "end_time": end_time, "tolerance": tolerance, "times": times, "samples": samples,
        "slope": slope,
    }  # fmt: skip
    if method in descent.METHODS:
        return descent.simulate_descent(data, init, **asked, step_size=step_size)
    if method in libraries.METHODS:
        return libraries.simulate_by_library(data, init, **asked)
    raise RequestError(f"flow.method = {method!r}: allowed are {', '.join(map(repr, METHODS))}")


def refuse_too_large(method: str, data: xr.Dataset, init: xr.Dataset, samples: int) -> None:
    """Raise if ``samples`` of the network don't fit in :data:`MEMORY`.

    Raises
    ------
    RequestError
    """
    (n, d), m = data["x"].shape, init.sizes["neuron"]
    # Twice the weights (descents keep up to twice the looks), their labels, and an activation for each point.
    sample = m * (16 * (d + 1) + 8 * (d + 2) + n)
    if samples * sample > MEMORY:
        raise RequestError(
            f"flow.samples = {samples}: at most {MEMORY // sample} of {m} neurons fit in memory with "
            f"flow.method = {method!r}"
        )
