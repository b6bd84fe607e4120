"""What is claimed of small starts on any data: rows beside the paper's, which speak of orthogonal inputs.

Each holds a run of one lambda to what the limit lambda -> 0 says (:func:`pipeline.limit_process`), or to what the
frozen direction flow says of its neurons (:func:`pipeline.predict_alignment`). A time is away from the limit's by
c/(-ln lambda), with a constant c; the bound takes :data:`LATE` for it, times the rate at which the neurons escape.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from pipeline.statements.rows import Row, at_least, at_most, not_applicable

ALIGNED = 0.99
"""The cosine with its predicted direction from which on a neuron counts as aligned."""
SHARE = 0.99
"""The share of the neurons that are to be."""
LATE = 10.0
"""How many times 1/rate a first escape may come early or late."""
LOSS = 1e-6
"""How far a plateau's loss may be from the limit's, over the first loss."""
TIME = 0.01
"""How far the time of a jump may be from the limit's, relatively."""
STATIONARY = 1e-8
"""|grad L| at the stationary point of a plateau, over that of the loss falling in one unit of time."""
NORM = 1e-6
"""How far 1/2 |theta|^2 at the end may be from the limit's, relatively."""

Rows = dict[str, tuple[str, Row]]


def check_small_start(
    limit: xr.Dataset, measured: xr.Dataset, alignment: xr.Dataset, plateaus: xr.Dataset, comparison: xr.Dataset
) -> Rows:
    """Check what small starts do on any data: both sides measured, the margin, the verdict, the reason.

    Parameters
    ----------
    limit, measured
        Of :func:`pipeline.limit_process` and :func:`pipeline.measure_limit`.
    alignment
        Of :func:`pipeline.measure_alignment`.
    plateaus
        Of :func:`pipeline.find_plateaus`.
    comparison
        Of :func:`pipeline.compare`, at the end of the run.

    Returns
    -------
    dict
        The claim and the row of each statement, by its name, as :func:`pipeline.statement_rows` has them.
    """
    return {
        "alignment": (
            f"at the end of the alignment {SHARE:.0%} of the neurons are within a cosine of {ALIGNED} of the end "
            "of their frozen flow",
            _alignment(alignment),
        ),
        "first_escape": ("t max |G| over -ln lambda is 1, up to 10/(-ln lambda)", _first_escape(limit, measured)),
        "saddles": ("each plateau has the loss of the limit's, in its order", _saddles(limit, measured)),
        "jump_times": ("each jump comes at the limit's time, within 1 %", _jump_times(limit, measured)),
        "stationary": ("each plateau is next to a stationary point of the flow", _stationary(plateaus)),
        "end_norm": ("1/2 |theta|^2 ends where the limit does", _end_norm(limit, comparison)),
    }


def _alignment(alignment: xr.Dataset) -> Row:
    cosine = alignment.variables["cosine"].values
    share = float(np.mean(cosine >= ALIGNED))
    return at_least(
        share,
        SHARE,
        f"the least cosine of {len(cosine)} neurons is {cosine.min():.6g}",
        float(alignment["measured_at"]),
    )


def _first_escape(limit: xr.Dataset, measured: xr.Dataset) -> Row:
    if limit.sizes["plateau"] < 2:
        return not_applicable(f"no neuron escapes: {limit.attrs['reason']}")
    late = float(measured["measured_time"][1]) / float(limit["time"][1])
    unit = -float(measured["log_init_scale"])
    return at_most(abs(late - 1.0), LATE / unit, f"it comes at {late:.6g} of the limit's time")


def _saddles(limit: xr.Dataset, measured: xr.Dataset) -> Row:
    away = np.abs(measured["measured_loss"].values - limit["loss"].values) / float(limit["loss"][0])
    worst = int(np.argmax(np.where(np.isfinite(away), away, np.inf)))
    wait, unit = float(limit["wait"][worst]), -float(measured["log_init_scale"])
    return at_most(
        float(away[worst]),
        LOSS,
        f"largest at plateau {worst} of {len(away)}, whose wait is {wait * unit:.4g} of t",
    )


def _jump_times(limit: xr.Dataset, measured: xr.Dataset) -> Row:
    if limit.sizes["plateau"] < 2:
        return not_applicable(f"there is no jump: {limit.attrs['reason']}")
    away = np.abs(measured["measured_time"].values[1:] / limit["time"].values[1:] - 1.0)
    worst = int(np.argmax(np.where(np.isfinite(away), away, np.inf)))
    return at_most(float(away[worst]), TIME, f"largest at jump {worst + 1} of {len(away)}")


def _stationary(plateaus: xr.Dataset) -> Row:
    if not plateaus.sizes["plateau_number"]:
        return not_applicable("the flow lingers nowhere")
    gradient, loss = (plateaus.variables[name].values for name in ("stationary_gradient", "stationary_loss"))
    if not np.isfinite(gradient).all():
        missing = int(np.argmin(np.isfinite(gradient)))
        return at_most(1.0, STATIONARY, f"no stationary point is near plateau {missing}")
    share = gradient / np.sqrt(np.maximum(loss, np.max(loss) * 1e-12))
    worst = int(np.argmax(share))
    return at_most(float(share[worst]), STATIONARY, f"largest |grad L|/sqrt(L) at theta_S, at plateau {worst}")


def _end_norm(limit: xr.Dataset, comparison: xr.Dataset) -> Row:
    there = float(limit["half_squared_norm"][-1])
    end, least = float(comparison["half_squared_norm"][-1]), float(comparison["value"])
    above = (
        ""
        if np.isnan(least)
        else f"; the least that fits the data is {least:.8g}, the limit's less it {there - least:.3g}"
    )
    return at_most(
        abs(end - there) / (there or 1.0), NORM, f"it ends at {end:.8g}, the limit at {there:.8g}{above}"
    )
