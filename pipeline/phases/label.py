"""The labelled layer of stage 3."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform, validate, variable
from pipeline.phases.plateaus import plateau_numbers
from pipeline.phases.roles import least_cosine, members, squared_norm
from pipeline.phases.timeline import aligned_time, fitted_time, fitting_starts, phase_numbers, predicted_times


def label_phases(data: xr.Dataset, trajectory: xr.Dataset, *, epsilon: float = 0.05) -> xr.Dataset:
    """Label the phases, the plateaus and the neurons' roles, and measure t1, t2, t3 beside the paper's.

    Parameters
    ----------
    data, trajectory
        The datasets of stages 1 and 2.
    epsilon
        The free constant of the lemmas; enters the predicted t1 only.

    Returns
    -------
    Dataset
        phase(time), plateau(time), role(neuron), u_+ and u_-, the alignments, the times, assumption 3. What is
        measured how: :mod:`pipeline.phases.timeline`, :mod:`pipeline.phases.plateaus`.
    """
    validate("data", data)
    validate("trajectory", trajectory)
    time, y = trajectory["time"].values, data["y"].values
    residual = trajectory["residual"].values
    growth = {1: data["growth_positive"].values, -1: data["growth_negative"].values}
    rate = {sign: float(np.linalg.norm(growth[sign])) for sign in growth}
    first = 1 if rate[1] >= rate[-1] else -1
    chosen = {sign: members(data, trajectory, sign) for sign in growth}
    alignment = {sign: least_cosine(trajectory, chosen[sign], sign * growth[sign]) for sign in growth}

    times = (
        aligned_time(time, alignment[1], alignment[-1]),
        fitted_time(time, residual[:, first * y > 0], y[first * y > 0]),
        fitted_time(time, residual[:, first * y < 0], y[first * y < 0]),
    )
    # With labels of one sign only there is nothing to fit in between: convergence follows at once.
    ends = times if (y > 0).any() and (y < 0).any() else (times[0], times[1], times[1])
    if np.isnan(ends[0]) or ends[0] > ends[1]:  # a large start fits before it aligns, or never aligns
        ends = (fitting_starts(time, residual[:, first * y > 0]), *ends[1:])
    log_scale = float(trajectory["log_init_scale"])
    predicted = predicted_times(log_scale, rate[first], rate[-first], epsilon)
    role, plateau = variable("phases", "role"), variable("phases", "plateau")
    roles = np.where(chosen[1], role.flag("positive"), role.flag("other"))
    existing_rates = [value for value in rate.values() if value > 0]
    return conform(
        "phases",
        {
            "time": time,
            "phase": phase_numbers(time, ends, first == 1),
            "plateau": plateau_numbers(
                trajectory["loss"].values,
                trajectory["gradient_norm"].values,
                min(existing_rates, default=0.0),
                0.5 * float(np.mean(y**2)),
                len(plateau.flags),
            ),
            "role": np.where(chosen[-1], role.flag("negative"), roles),
            "norm_positive": squared_norm(trajectory, chosen[1]),
            "norm_negative": squared_norm(trajectory, chosen[-1]),
            "alignment_positive": alignment[1],
            "alignment_negative": alignment[-1],
            "t1": times[0],
            "t2": times[1],
            "t3": times[2],
            "t1_predicted": predicted[0],
            "t2_predicted": predicted[1],
            "t3_predicted": predicted[2],
            "assumption_3": variable("phases", "assumption_3").flag(
                "holds" if chosen[1].any() and chosen[-1].any() else "fails"
            ),
        },
        {"epsilon": epsilon, "fitted_first": "positive" if first == 1 else "negative"},
    )
