"""The stage ``phases`` on labelled data."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform, validate, variable
from pipeline.inputs.arguments import PROPER_SHARE, number
from pipeline.inputs.kinds import refuse_other_sizes, truth
from pipeline.network.points import describe_points
from pipeline.phases.plateaus import find_plateaus, plateau_numbers
from pipeline.phases.roles import courses, members
from pipeline.phases.timeline import measured_times, phase_numbers, predicted_times, told_by


def label_phases(
    data: xr.Dataset,
    trajectory: xr.Dataset,
    *,
    epsilon: float = 0.05,
    plateaus: xr.Dataset | None = None,
    with_plateaus: bool = True,
) -> xr.Dataset:
    """Label the phases, the plateaus and the neurons' roles, and measure t1, t2, t3 beside the paper's.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow.
    epsilon
        The free constant of the lemmas, between 0 and 1; enters the predicted t1 only.
    plateaus
        From :func:`pipeline.phases.find_plateaus`, if they are known already.
    with_plateaus
        False: do not look for plateaus, ``plateau`` is none throughout. They take most of the time.

    Returns
    -------
    Dataset
        phase(time), plateau(time), role(neuron), u_+ and u_-, the alignments, the times, assumption 3. What is
        measured how: :mod:`pipeline.phases.timeline`, :mod:`pipeline.phases.plateaus`.
    """
    data, trajectory = describe_points(data), validate("trajectory", trajectory)
    refuse_other_sizes(data=data, trajectory=trajectory)
    epsilon = number("epsilon", epsilon, PROPER_SHARE)
    if plateaus is not None:
        plateaus = validate("plateaus", plateaus)
    elif truth("with_plateaus", with_plateaus):
        plateaus = find_plateaus(data, trajectory)
    course, points = trajectory.variables, data.variables
    time, residual, y = course["time"].values, course["residual"].values, points["y"].values
    growth = {1: points["growth_positive"].values, -1: points["growth_negative"].values}
    rate = {sign: float(np.linalg.norm(growth[sign])) for sign in growth}
    first = 1 if rate[1] >= rate[-1] else -1
    chosen = {sign: members(data, trajectory, sign) for sign in growth}
    norm, alignment = courses(trajectory, chosen, {sign: sign * growth[sign] for sign in growth})

    # In the paper's order: the sign that is fitted first is its positive one.
    ordered = {sign: alignment[first * sign] for sign in alignment}
    told = told_by(trajectory.attrs, float(time[-1]), first)
    times, ends = measured_times(time, residual, first * y, ordered, told)
    predicted = predicted_times(float(course["log_init_scale"]), rate[first], rate[-first], epsilon)
    role = variable("phases", "role")
    roles = np.where(chosen[1], role.flag("positive"), role.flag("other"))
    return conform(
        "phases",
        {
            "time": time,
            "phase": phase_numbers(time, ends, first == 1),
            "plateau": plateau_numbers(time, plateaus),
            "role": np.where(chosen[-1], role.flag("negative"), roles),
            "norm_positive": norm[1],
            "norm_negative": norm[-1],
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
