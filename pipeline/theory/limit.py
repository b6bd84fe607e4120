"""The limit of small starts beside flows of finite lambda: the predicted staircase of the loss, and the measured.

A jump of the limit is measured where the loss has made half of its way. It comes at

    t = tau (-ln lambda) + c + o(1),

with a c that does not depend on lambda: of orthonormal data about -1 over the rate of the neuron that escapes. So
t/(-ln lambda) is away from tau by 1/(-ln lambda) times a constant, and a plateau is seen where its wait times -ln
lambda is longer than the passage that leads to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from catalog.catalog import Catalog
from catalog.schema import VERDICTS
from pipeline import (
    check_small_start,
    compare,
    find_plateaus,
    follow_flow,
    initialise,
    limit_beside,
    measure_limit,
)
from pipeline.configuration import RunConfig, as_config
from pipeline.inputs.arguments import Allowed, at_least_one
from pipeline.inputs.errors import RequestError
from pipeline.theory.ladder import SCALABLE, Advance, nothing
from pipeline.theory.publishing import kept_if_writable
from pipeline.workflow.computation import minimum_of, prepare
from pipeline.workflow.small_start import CURVE_SAMPLES, Start, measured_along, predict

SCALES = (-6.0, -100.0, -1000.0)
"""log10 of the scales of the flows that are held beside the limit."""
SMALL = Allowed(below=0.0)
SAMPLES = 300
"""Of the flow on which the rows are checked."""


def limit_law(config: RunConfig | str, scales: Sequence[float] = SCALES, advance: Advance = nothing) -> xr.Dataset:
    """Follow the limit process of a configuration, and flows of some scales beside it.

    Parameters
    ----------
    config
        A run whose ``init.log10_scale`` is replaced.
    scales
        log10 of the scales, below 0, falling.
    advance
        Called after the limit, after each flow, and after the rows.

    Returns
    -------
    Dataset
        What :func:`pipeline.limit_process` has; measured_time, measured_loss (scale, plateau), curve_time,
        curve_loss (scale, sample) of :func:`pipeline.measure_limit`, log_init_scale(scale); and
        log10_seen(plateau): the log10 of the scale below which the plateau lasts longer than the passage that
        leads to it (NaN for the first and the last). At the last scale, the rows of
        :func:`pipeline.check_small_start`: row_measured, row_bound, row_margin, row_verdict (row), whose names,
        claims and reasons are attributes of ``row``.

    Raises
    ------
    RequestError
        If the start is given: its scale is its own. If one layer learns faster than the other.
    """
    config = as_config(config)
    if problem := limit_problem(config):
        raise RequestError(problem)
    scales = at_least_one("scales", scales, SMALL).tolist()
    data, slope = prepare(config), config.flow.slope
    alignment, limit = predict(data, initialise(data, config.init), slope)
    advance()
    flows = []
    for scale in scales:
        init = config.init.model_copy(update={"log10_scale": scale})
        flows.append(measure_limit(data, initialise(data, init), limit))
        advance()
    rows = small_start_rows(config, data, initialise(data, init), (alignment, limit))
    advance()
    measured = xr.concat(flows, "scale")
    wait = limit["wait"].where(np.isfinite(limit["wait"]))
    seen = -limit["passage"] / wait / np.log(10.0)
    seen.attrs = {"long_name": "log10 of the scale below which the plateau is seen", "units": "1"}
    log10: dict[str, Any] = {"long_name": "log10 of the scale", "comment": "init.log10_scale", "units": "1"}
    law = xr.merge([limit, measured.drop_vars("sample", errors="ignore"), seen.rename("log10_seen"), rows])
    law = law.assign_coords(scale=("scale", np.asarray(scales, dtype=float), log10))
    law.attrs = {"law": "limit", "name": config.name, **limit.attrs}
    return law


def small_start_rows(config: RunConfig, data: xr.Dataset, init: xr.Dataset, predicted: Start) -> xr.Dataset:
    """Check the rows of small starts on one flow, with what is predicted of its start."""
    slope, (alignment, limit) = config.flow.slope, predicted
    course = follow_flow(data, init, slope=slope)
    trajectory, curve = course.trajectory(SAMPLES), course.curve(CURVE_SAMPLES)
    alignment = measured_along(course, curve, alignment)
    comparison = compare(trajectory, minimum_of(config, data), data)
    beside = limit_beside(trajectory, limit, curve)
    rows = check_small_start(beside, alignment, find_plateaus(data, trajectory), comparison, trajectory)
    told = [row for _, row in rows.values()]
    flags = {"flag_values": np.arange(1, len(VERDICTS) + 1, dtype="int8"), "flag_meanings": " ".join(VERDICTS)}
    verdict = np.array([VERDICTS.index(row.verdict) + 1 for row in told], dtype="int8")
    words = {"measured": "measured side", "bound": "claimed side", "margin": "room to the bound"}
    sides = {
        f"row_{name}": ("row", np.array([getattr(row, name) for row in told]), {"long_name": long, "units": "1"})
        for name, long in words.items()
    }
    said: dict[str, Any] = {
        "long_name": "statement on small starts",
        "names": list(rows),
        "claims": [claim for claim, _ in rows.values()],
        "reasons": [row.reason for row in told],
    }
    return xr.Dataset(
        {**sides, "row_verdict": ("row", verdict, {"long_name": "verdict"} | flags)},
        {"row": ("row", np.arange(len(rows)), said)},
    )


def limit_problem(config: RunConfig) -> str:
    """Say why a configuration has no limit that can be followed; nothing if it has one."""
    config = as_config(config)
    if config.init.start not in SCALABLE:
        return f"init.start = {config.init.start!r}: the limit needs a start that it can scale, allowed is another"
    if (speed := config.flow.output_speed) != 1.0:
        return f"flow.output_speed = {speed:g}: the limit is that of two layers that learn alike, allowed is 1"
    return ""


def kept_limit(catalog: Catalog, config: RunConfig, advance: Advance = nothing) -> tuple[str | None, xr.Dataset]:
    """Take the limit of a configuration from a catalog, or compute it and keep it there.

    Parameters
    ----------
    catalog
        One that can't be written gets nothing.
    config
        Of a run; its ``init.log10_scale`` does not matter.
    advance
        Called after the limit and after each flow, if they are computed.

    Returns
    -------
    identifier, cube
        The identifier is None if the catalog can't be written.

    Raises
    ------
    RequestError
        If there is no limit that can be followed (:func:`limit_problem`).
    """
    config = as_config(config)
    return kept_if_writable(
        catalog, "limit", limit_configuration(config), lambda: limit_law(config, advance=advance)
    )


def limit_configuration(config: RunConfig) -> dict[str, Any]:
    """Tell all that determines the law: what its identifier is the hash of."""
    resolved = config.resolved()
    return {
        "name": config.name,
        "data": resolved["data"],
        "init": {key: value for key, value in resolved["init"].items() if key != "log10_scale"},
        "slope": config.flow.slope,
        "scales": list(SCALES),
    }
