"""What a run says of small starts on any data: where its neurons align, the limit beside it, its tangent kernel.

Each part is left out where it would take more than about a second; the rows that need it then say why. Nothing
here is computed for a sweep's cells, of which the scalars alone are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import validate, variable
from catalog.schema.blocks import at_instant
from pipeline import (
    add_rows,
    check_small_start,
    limit_beside,
    limit_process,
    measure_alignment,
    predict_alignment,
    tangent_kernel_spectrum,
)
from pipeline.flow import Followed, refuse_long_limit
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network.points import take_points
from pipeline.phases import frozen_ends, last_aligning

PRODUCTS_LIMIT = 15_000
"""The number of points times that of neurons up to which neurons and jumps are predicted: about half a second."""
LIMIT_WORK = 1e7
"""After how much work a run follows its limit no further: about a second."""
KERNEL_POINTS_LIMIT, KERNEL_WEIGHTS_LIMIT = 200, 100_000
"""The numbers of points and of weights up to which the tangent kernel is decomposed."""
KERNEL_WORK, KERNEL_SAMPLES = 2e7, (10, 100)
"""How many numbers its eigenvalues may cost, n^3 a sample, and the fewest and the most samples."""
CURVE_SAMPLES = 3000
"""At how many instants a flow's loss is held to the limit, whatever ``flow.samples`` is."""
SMALL = 1e-2
"""|r - y| over |y| up to which a start is small: h is nearly 0."""
SAME_LOSS = 1e-2
"""The difference of two plateaus' losses, over the first loss, up to which they are one."""
NO_PARTNER = -2
"""The number of the limit's plateau where a measured one has no partner."""

Groups = dict[str, xr.Dataset]
Start = tuple[xr.Dataset, xr.Dataset]
"""The predicted alignment, and the limit process."""


def with_small_start(
    groups: Groups, course: Followed | None = None, find_limit: Callable[[], Start | None] | None = None
) -> Groups:
    """Add the groups alignment, jumps and kernel to those of a run, and their rows to its statements.

    Parameters
    ----------
    groups
        Those of :func:`pipeline.workflow.computation.follow`.
    course
        The flow that its trajectory was read from; None where the samples are all that there is.
    find_limit
        What gives :func:`limit_of_start` of this run; None: it is found here.
    """
    data, trajectory = groups["data"], groups["trajectory"]
    found: Groups = {}
    reason = not_predicted(data, trajectory)
    if not reason:
        start = limit_of_start(data, trajectory) if find_limit is None else find_limit()
        assert start is not None
        found = predicted(data, trajectory, start, course)
    if kernel_samples(data, trajectory):
        found["kernel"] = tangent_kernel_spectrum(data, trajectory, kernel_samples(data, trajectory))
    plateaus = groups["plateaus"]
    if "jumps" in found:
        plateaus = with_partners(plateaus, found["jumps"], float(trajectory["log_init_scale"]))
    rows = check_small_start(
        found.get("jumps"), found.get("alignment"), plateaus, groups["minimal_norm"], trajectory, reason
    )
    return groups | found | {"plateaus": plateaus, "statements": add_rows(groups["statements"], rows)}


def not_predicted(data: xr.Dataset, trajectory: xr.Dataset) -> str:
    """Say why neurons and jumps of a run are not predicted; nothing if they are."""
    n, m = data.sizes["point"], trajectory.sizes["neuron"]
    speed = float(trajectory.attrs.get("output_speed", 1.0))
    if speed != 1.0:
        return f"the output layer is {speed:g} times as fast; the limit is that of two layers that learn alike"
    if float(trajectory["log_init_scale"]) >= 0.0:
        return "lambda is not below 1; the limit is that of small starts"
    residual, y = at_instant(trajectory, 0, "residual")[0], data.variables["y"].values
    if np.linalg.norm(residual - y) > SMALL * np.linalg.norm(y):
        return "the start is not small: its outputs are more than 1 % of the labels"
    if n * m > PRODUCTS_LIMIT:
        return (
            f"n m = {n * m:,}: a run predicts its neurons and jumps where that is at most {PRODUCTS_LIMIT:,}; "
            "reluflow theory limit follows more"
        )
    return ""


def limit_of_start(data: xr.Dataset, trajectory: xr.Dataset) -> Start | None:
    """Where the neurons of a run align, and the limit of its start; None where neither is predicted."""
    if not_predicted(data, trajectory):
        return None
    return predict(data, first_sample(trajectory), float(trajectory.attrs.get("slope", 0.0)), LIMIT_WORK)


def predict(data: xr.Dataset, start: xr.Dataset, slope: float, work: float = np.inf) -> Start:
    """Where the neurons of a start align, and its limit; the frozen flow that both begin with is followed once.

    Raises
    ------
    RequestError
        If the limit would take minutes.
    """
    refuse_long_limit(data, start)
    ends = frozen_ends(data, start, slope=slope)
    return (
        predict_alignment(data, start, slope=slope, ends=ends),
        limit_process(data, start, slope=slope, work=work, ends=ends),
    )


def predicted(data: xr.Dataset, trajectory: xr.Dataset, start: Start, course: Followed | None = None) -> Groups:
    """The groups alignment and jumps of a run with a small start, by what :func:`limit_of_start` says."""
    alignment, limit = start
    if course is None:
        return {
            "alignment": measure_alignment(data, trajectory, alignment),
            "jumps": limit_beside(trajectory, limit),
        }
    curve = course.curve(CURVE_SAMPLES)
    alignment = measured_along(course, curve, alignment)
    return {"alignment": alignment, "jumps": limit_beside(trajectory, limit, curve)}


def measured_along(course: Followed, curve: xr.Dataset, alignment: xr.Dataset) -> xr.Dataset:
    """:func:`pipeline.measure_alignment` at the end of the alignment itself: its instant is one of a curve's.

    Parameters
    ----------
    course
        The flow; its neurons are read around that instant alone.
    curve
        residual(time, point) of it, dense.
    alignment
        Of :func:`pipeline.predict_alignment`.
    """
    time, residual = curve.variables["time"].values, curve.variables["residual"].values
    last = last_aligning(course.data.variables["y"].values, residual)
    # One more on each side: read with the neurons, the residual is another within the solver's tolerance.
    around = course.look(time[max(last - 1, 0) : last + 2])
    found: xr.Dataset = measure_alignment(course.data, around, alignment)
    return found


def alignment_of(data: xr.Dataset, trajectory: xr.Dataset) -> xr.Dataset | None:
    """Predict and measure where the neurons of a run align; None where a run does not store it.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow.

    Returns
    -------
    Dataset or None
        Group ``alignment`` of the schema. None where the start is not small, or it would take seconds.
    """
    data, trajectory = take_points(data), validate("trajectory", trajectory)
    refuse_other_sizes(data=data, trajectory=trajectory)
    if not_predicted(data, trajectory):
        return None
    slope, start = float(trajectory.attrs.get("slope", 0.0)), first_sample(trajectory)
    found: xr.Dataset = measure_alignment(data, trajectory, predict_alignment(data, start, slope=slope))
    return found


def first_sample(trajectory: xr.Dataset) -> xr.Dataset:
    """The start of a run, as the stage flow took it."""
    names = ("direction", "log_norm", "output_ratio")
    values = at_instant(trajectory, 0, *names)
    variables: dict[str, Any] = {
        name: (variable("initial", name).dims, array) for name, array in zip(names, values, strict=True)
    }
    return xr.Dataset(variables | {"log_init_scale": trajectory.variables["log_init_scale"]})


def kernel_samples(data: xr.Dataset, trajectory: xr.Dataset) -> int:
    """At how many samples the tangent kernel's eigenvalues are computed; 0: it is too large."""
    n, weights = data.sizes["point"], trajectory.sizes["neuron"] * data.sizes["coord"]
    if n > KERNEL_POINTS_LIMIT or weights > KERNEL_WEIGHTS_LIMIT:
        return 0
    least, most = KERNEL_SAMPLES
    return int(np.clip(KERNEL_WORK / n**3, least, most))


def with_partners(plateaus: xr.Dataset, limit: xr.Dataset, log_scale: float) -> xr.Dataset:
    """Put the limit's plateau beside each measured one: that between whose jumps it is, if it has its loss."""
    tau, loss = limit.variables["measured_tau"].values, limit.variables["loss"].values
    slowest, measured = (plateaus.variables[name].values for name in ("slowest", "stationary_loss"))
    there = np.array([np.flatnonzero(tau <= instant)[-1] for instant in slowest / -log_scale], dtype=np.int64)
    has = np.abs(measured - loss[there]) <= SAME_LOSS * loss[0]
    values = {
        "limit_number": np.where(has, there, NO_PARTNER),
        "limit_loss": np.where(has, loss[there], np.nan),
        "limit_start": np.where(has, limit.variables["tau"].values[there] * -log_scale, np.nan),
    }
    specs = {name: variable("plateaus", name) for name in values}
    return plateaus.assign({name: (spec.dims, values[name], spec.attributes) for name, spec in specs.items()})
