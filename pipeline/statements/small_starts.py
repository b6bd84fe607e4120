"""What is claimed of small starts on any data: rows beside the paper's, which speak of orthogonal inputs.

Each holds a run of one lambda to what the limit lambda -> 0 says (:func:`pipeline.limit_process`), or to what the
frozen direction flow says of its neurons (:func:`pipeline.predict_alignment`). A jump comes later than the limit
says by a t that does not depend on lambda: :data:`LATE` over the first rate of escape is taken for it, and for
later jumps the passages until then. Two rows need no small start: what the plateaus are, and the least norm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from catalog.schema import validate
from catalog.schema.blocks import at_instant
from pipeline.inputs.kinds import dataset, refuse_other_sizes, text
from pipeline.network.status import Status
from pipeline.statements.rows import Row, at_least, at_most, not_applicable

ALIGNED = 0.99
"""The cosine with its predicted direction from which on a neuron counts as aligned."""
SHARE = 0.99
"""The share of the neurons that are to be."""
LATE = 10.0
"""How many times 1/rate an escape may come early or late, with the rate of the first one."""
LASTING = 2.0
"""How many times the passage to it a plateau must last in the limit to be seen at this lambda."""
LOSS = 1e-2
"""How far a plateau's loss may be from the limit's, over the first loss."""
STATIONARY = 1e-8
"""|grad L| at the stationary point of a plateau, over that of the loss falling in one unit of time."""
NORM = 1e-2
"""How far 1/2 |theta|^2 at the end may be from the limit's, relatively."""
COARSE = 0.1
"""The share of the time to the first escape that may lie between the sample of the directions and the next one."""
ROUNDING = 1e-9
"""The share of 1/2 |theta|^2 that is rounding."""
LIMIT_ENDS = ("all labels are fitted", "no neuron grows")
"""The reasons of a limit that was followed to its end."""

Rows = dict[str, tuple[str, Row]]

CLAIMS = {
    "extremal_alignment": (
        f"at the end of the alignment {SHARE:.0%} of the neurons are within a cosine of {ALIGNED} of the end of "
        "their frozen flow"
    ),
    "first_escape": f"t max |G| over -ln lambda is 1, up to {LATE:g}/(-ln lambda)",
    "saddle_losses": (
        f"each plateau that lasts {LASTING:g} passages to it is there, in the limit's order, with its loss: up to "
        f"{LOSS:.0%} of the first"
    ),
    "jump_times": (
        "each jump comes at the limit's tau (-ln lambda), up to the passages until then and "
        f"{LATE:g}/max |G|: the largest part of that"
    ),
    "stationary_plateaus": "each plateau is next to a stationary point, or a passage no longer than the limit's",
    "limit_norm": f"1/2 |theta|^2 ends where the limit does, up to {NORM:.0%}",
    "least_norm": "1/2 |theta|^2 at the end is at least <q, h> of the dual certificate q",
}
"""What each row claims, in the schema's order."""


def check_small_start(
    limit: xr.Dataset | None,
    alignment: xr.Dataset | None,
    plateaus: xr.Dataset,
    comparison: xr.Dataset,
    trajectory: xr.Dataset,
    reason: str = "",
) -> Rows:
    """Check what small starts do on any data: both sides measured, the margin, the verdict, the reason.

    Parameters
    ----------
    limit
        Of :func:`pipeline.limit_beside`; None if there is none.
    alignment
        Of :func:`pipeline.measure_alignment`; None if there is none.
    plateaus
        Of :func:`pipeline.find_plateaus`.
    comparison
        Of :func:`pipeline.compare`.
    trajectory
        The run itself.
    reason
        Why there is no limit or no alignment.

    Returns
    -------
    dict
        The claim and the row of each statement, by its name, as :func:`pipeline.statement_rows` has them.
    """
    plateaus, trajectory = validate("plateaus", plateaus), validate("trajectory", trajectory)
    comparison = validate("minimal_norm", comparison, "comparison")
    if limit is not None:
        limit = validate("jumps", limit, "limit")
    if alignment is not None:
        alignment = dataset(
            "alignment", validate("alignment", alignment), "measure_alignment", "cosine", "aligned_at"
        )
    refuse_other_sizes(trajectory=trajectory, limit=limit, alignment=alignment, comparison=comparison)
    missing = not_applicable(text("reason", reason, "the start is not small"))
    unit = -float(trajectory["log_init_scale"])
    rows = {
        "extremal_alignment": missing if alignment is None else _alignment(alignment, trajectory),
        "first_escape": missing if limit is None else _first_escape(limit, unit),
        "saddle_losses": missing if limit is None else _saddle_losses(limit, unit),
        "jump_times": missing if limit is None else _jump_times(limit, trajectory),
        "stationary_plateaus": _stationary(plateaus, limit),
        "limit_norm": missing if limit is None else _limit_norm(limit, comparison, trajectory),
        "least_norm": _least_norm(comparison, trajectory),
    }
    return {name: (claim, rows[name]) for name, claim in CLAIMS.items()}


def _alignment(alignment: xr.Dataset, trajectory: xr.Dataset) -> Row:
    """The share of neurons in their predicted direction, just before the residual has moved by a hundredth."""
    cosine, at = alignment.variables["cosine"].values, float(alignment["aligned_at"])
    open_ended = np.isnan(alignment.variables["predicted_direction"].values[:, 0])
    stopped = int((np.isnan(cosine) & ~open_ended).sum())
    cosine = cosine[~np.isnan(cosine)]
    if not len(cosine):
        return not_applicable("no neuron has a direction to be held to: w comes to 0")
    share = float(np.mean(cosine >= ALIGNED))
    time, rate = trajectory.variables["time"].values, float(alignment["predicted_rate"].max())
    gap = float(time[np.flatnonzero(time > at)[:1]].sum()) - at
    if share < SHARE and gap * rate > -COARSE * float(trajectory["log_init_scale"]):
        return not_applicable(f"of {len(time)} samples the last of the alignment is t = {at:.4g}, which is early")
    said = f"{int((cosine >= ALIGNED).sum())} of {len(cosine)} neurons; the least cosine is {cosine.min():.6g}"
    if stopped:
        said += f"; w of {stopped} more comes to 0, as predicted, and has no direction there"
    if open_ended.any():
        said += f"; w of {int(open_ended.sum())} more comes to 0, from where the flow is not unique"
    return at_least(share, SHARE, said, at)


def _first_escape(limit: xr.Dataset, unit: float) -> Row:
    """The time at which the loss has made half of the way to the first saddle's, over the limit's."""
    if limit.sizes["limit_plateau"] < 2:
        return not_applicable(f"no neuron escapes: {limit.attrs['reason']}")
    time, predicted = float(limit["measured_tau"][1]), float(limit["tau"][1])
    if np.isnan(time):
        return not_applicable("the run ends before a neuron has escaped")
    return at_most(
        abs(time / predicted - 1.0),
        LATE / unit,
        f"t max |G| over -ln lambda is {time / predicted:.6g}",
        time * unit,
    )


def _saddle_losses(limit: xr.Dataset, unit: float) -> Row:
    """The loss where it falls slowest between two jumps, less that of the limit's plateau, over the first loss."""
    wait, way = limit.variables["wait"].values * unit, limit.variables["passage"].values
    lasting = np.isnan(wait) | (wait >= LASTING * np.nan_to_num(way))
    there, loss = limit.variables["measured_loss"].values, limit.variables["loss"].values
    reached = np.isfinite(limit.variables["measured_tau"].values)
    # Of a limit that was not followed further the last plateau is left at a time that it does not say.
    left = np.arange(len(loss)) < len(loss) - (limit.attrs["reason"] not in LIMIT_ENDS)
    chosen = np.flatnonzero(lasting & reached & left)
    if not chosen.size:
        return not_applicable("no plateau of the limit lasts long enough to be seen at this lambda")
    away = np.abs(there - loss)[chosen] / loss[0]
    worst = int(chosen[np.argmax(away)])
    said = f"plateau {worst} has {there[worst]:.6g}, the limit {loss[worst]:.6g}"
    if (short := np.flatnonzero(~lasting)).size:
        said += f"; too short to be seen at this lambda: {_listed(short, loss)}"
    if (late := np.flatnonzero(~reached)).size:
        said += f"; not reached by this run: {_listed(late, loss)}"
    return at_most(float(away.max()), LOSS, said)


def _listed(numbers: np.ndarray, loss: np.ndarray) -> str:
    return ", ".join(f"plateau {i} (loss {loss[i]:.6g})" for i in numbers)


def _jump_times(limit: xr.Dataset, trajectory: xr.Dataset) -> Row:
    """When the loss has made half of the way between two plateaus, less the limit's time, over what is allowed."""
    if limit.sizes["limit_plateau"] < 2:
        return not_applicable(f"there is no jump: {limit.attrs['reason']}")
    unit = -float(trajectory["log_init_scale"])
    tau, way = limit.variables["tau"].values[1:], limit.variables["passage"].values[1:]
    allowed = np.cumsum(way) + LATE * tau[0]
    late = (limit.variables["measured_tau"].values[1:] - tau) * unit
    # A run that was ended before a jump says nothing of it; one at rest never has it.
    chosen = np.flatnonzero(np.isfinite(late) | at_rest(trajectory))
    if not chosen.size:
        return not_applicable("the run ends before the first jump")
    share = np.where(np.isfinite(late), np.abs(late) / allowed, np.inf)[chosen]
    worst = int(chosen[np.argmax(share)])
    if np.isnan(late[worst]):
        return at_most(2.0, 1.0, f"jump {worst + 1} of {len(tau)} never comes")
    when, at = "late" if late[worst] > 0 else "early", float(tau[worst] * unit + late[worst])
    return at_most(
        float(share.max()),
        1.0,
        f"jump {worst + 1} of {len(tau)} comes at t = {at:.5g}, {abs(late[worst]):.3g} {when}; allowed are "
        f"{allowed[worst]:.3g}",
        at,
    )


def _stationary(plateaus: xr.Dataset, limit: xr.Dataset | None) -> Row:
    """The gradient's norm at the stationary point next to each plateau, over the root of the loss there."""
    gradient, loss = (plateaus.variables[name].values for name in ("stationary_gradient", "stationary_loss"))
    if not len(gradient):
        return not_applicable("the flow lingers nowhere")
    near, said = np.isfinite(gradient), ""
    if not near.all():
        # No point is near a slow passage either.
        lasts = (plateaus.variables["end"].values - plateaus.variables["start"].values)[~near]
        longest = 0.0 if limit is None else float(np.nan_to_num(limit.variables["passage"].values).max())
        missing = int(np.flatnonzero(~near)[np.argmax(lasts)])
        if lasts.max() > longest or not near.any():
            return at_most(1.0, STATIONARY, f"no stationary point is near plateau {missing}")
        said = f"; plateau {missing} is a passage, as slow as the limit's"
    share = gradient[near] / np.sqrt(np.maximum(loss[near], np.max(loss[near]) * 1e-12))
    worst = int(np.flatnonzero(near)[np.argmax(share)])
    return at_most(
        float(share.max()), STATIONARY, f"largest |grad L|/sqrt(L) at theta_S, at plateau {worst}{said}"
    )


def _limit_norm(limit: xr.Dataset, comparison: xr.Dataset, trajectory: xr.Dataset) -> Row:
    """1/2 |theta|^2 at the end less the limit's, relatively."""
    if limit.attrs["reason"] not in LIMIT_ENDS:
        return not_applicable(f"the limit was not followed to its end: {limit.attrs['reason']}")
    if not at_rest(trajectory):
        return not_applicable("the run ends before the flow has come to rest")
    there = float(limit["half_squared_norm"][-1])
    end, least = float(comparison["half_squared_norm"][-1]), float(comparison["value"])
    fits = limit.attrs["reason"] == LIMIT_ENDS[0]
    above = f"; the least that fits the data is {least:.8g}, the limit is {there - least:.3g} above it"
    above = above if fits and np.isfinite(least) else "" if fits else "; it does not fit the data"
    return at_most(
        abs(end - there) / (there or 1.0), NORM, f"it ends at {end:.8g}, the limit at {there:.8g}{above}"
    )


def _least_norm(comparison: xr.Dataset, trajectory: xr.Dataset) -> Row:
    """Duality: <q, h> <= 1/2 |theta|^2 for any network, fitted or not, if |sum_k q_k phi(<u, x_k>)| <= 1."""
    q, certified = comparison.variables["certificate"].values, float(comparison["lower_bound"])
    if not (np.isfinite(q).all() and np.isfinite(certified)):
        why = comparison.attrs.get("method", "not known")
        return not_applicable(f"there is no dual certificate: the minimum norm is {why}")
    residual = at_instant(trajectory, -1, "residual")[0]
    end, left = float(comparison["half_squared_norm"][-1]), float(q @ residual)
    bound = certified - left - ROUNDING * (abs(certified) + abs(left))
    said = f"1/2 |theta|^2 is {end:.8g}, certified are {certified:.8g} for a fit"
    if abs(left) > NORM * abs(certified):
        said += f", and {bound:.8g} for the function at this end, which does not fit"
    return at_least(end, bound, said)


MEASURES: dict[str, Callable[..., Row]] = {
    "extremal_alignment": _alignment,
    "first_escape": _first_escape,
    "saddle_losses": _saddle_losses,
    "jump_times": _jump_times,
    "stationary_plateaus": _stationary,
    "limit_norm": _limit_norm,
    "least_norm": _least_norm,
}
"""What measures each row; the manual tells it by their docstrings."""


def at_rest(trajectory: xr.Dataset) -> bool:
    """Whether the run went on until nothing moves."""
    cut = Status.END_TIME.value in str(trajectory.attrs.get("status_message", ""))
    status = trajectory.attrs.get("status")
    return status not in Status.INCOMPLETE and status != Status.END_TIME.word and not cut
