"""Where the neurons of one configuration align: predicted by the frozen flow, and measured on its run."""

from __future__ import annotations

from typing import Any

import xarray as xr

from catalog.schema import decode
from pipeline import follow_flow, initialise, predict_alignment
from pipeline.configuration import RunConfig
from pipeline.inputs.errors import RequestError
from pipeline.workflow.computation import prepare
from pipeline.workflow.small_start import CURVE_SAMPLES, measured_along

PRODUCTS_LIMIT = 200_000
"""The number of points times that of neurons up to which it takes seconds."""
BEYOND = 2.0
"""How far it goes, over the time at which the fastest neurons would escape."""


def aligned_start(config: RunConfig) -> xr.Dataset:
    """Predict where each neuron of a configuration aligns, and measure where it does.

    Parameters
    ----------
    config
        Of a run with a small start.

    Returns
    -------
    Dataset
        Of :func:`pipeline.measure_alignment`, with log_init_scale.

    Raises
    ------
    RequestError
        If the start is so large that nothing aligns, or it would take minutes.
    """
    data, slope = prepare(config), config.flow.slope
    init = initialise(data, config.init)
    n, m = data.sizes["point"], init.sizes["neuron"]
    if n * m > PRODUCTS_LIMIT:
        raise RequestError(
            f"data.points = {n} and init.width = {m}: directions are followed where their product is at most "
            f"{PRODUCTS_LIMIT:,}"
        )
    predicted = predict_alignment(data, init, slope=slope)
    fastest, escape = float(predicted["predicted_rate"].max()), -float(init["log_init_scale"])
    end = BEYOND * escape / fastest if fastest > 0 and escape > 0 else None
    course = follow_flow(data, init, slope=slope, end_time=end)
    found = measured_along(course, course.curve(CURVE_SAMPLES), predicted)
    return found.assign(log_init_scale=-escape)


def direction_rows(found: xr.Dataset) -> list[dict[str, Any]]:
    """Say of each extremal direction how many neurons go there, when they would escape, and if they are there.

    Parameters
    ----------
    found
        Of :func:`aligned_start`.

    Returns
    -------
    list of dict
        direction, value (G), kind, the numbers of neurons with a > 0 and a < 0, escape (the t at which the growing
        ones have grown by -ln lambda; None if none grows), least_cosine (None without neurons).
    """
    partner, sign = found["partner"].values, found["predicted_sign"].values
    escape = -float(found["log_init_scale"])
    rows = []
    for number, kind in enumerate(decode(found["kind"])):
        value, own = float(found["value"][number]), partner == number
        positive, negative = (int((own & (sign == s)).sum()) for s in (1, -1))
        grows = (positive if value > 0 else negative) > 0
        rows.append(
            {
                "direction": found["direction"].values[number].tolist(),
                "value": value,
                "kind": str(kind),
                "positive": positive,
                "negative": negative,
                "escape": escape / abs(value) if grows and escape > 0 and value else None,
                "least_cosine": float(found["cosine"].values[own].min()) if own.any() else None,
            }
        )
    return rows
