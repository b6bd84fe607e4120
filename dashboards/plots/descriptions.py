"""The content of the plots in words and numbers: for screen readers, and for exact values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboards.drawing_data import DrawingData
from dashboards.html_table import Table
from dashboards.paper_notation import typeset
from dashboards.time_units import TimeUnit
from pipeline.figures import PHASES, ROLES, occurring, power_text, scale_text, time_text

ROWS = 13
"""Instants of the table of curves."""


def phase_at(drawing: DrawingData, time: float) -> str:
    """Name the phase at an instant."""
    for interval in drawing.phases:
        if interval.start <= time <= interval.end:
            return PHASES[interval.label].name
    return "none"


def sizes(drawing: DrawingData) -> dict[str, int]:
    """Count the neurons of each role, by the name of the role."""
    return {ROLES[role].name: int(np.sum(drawing.role == role)) for role in occurring(drawing.role)}


def facts(drawing: DrawingData, unit: TimeUnit, frame: int) -> list[tuple[str, str]]:
    """List what is known at a frame: names and values.

    The excess of the norm over the minimum is in the list once the complete run is known.
    """
    groups, time = drawing.run.groups, float(drawing.time[frame])
    trajectory = groups["trajectory"]
    rows = [
        (
            "time t",
            time_text(time)
            if unit.length == 1.0
            else f"{time_text(time)} ({time / unit.length:,.4g} {unit.name})",
        ),
        ("phase", phase_at(drawing, time)),
        ("loss L", written(float(trajectory["loss"][frame]))),
    ]
    residual = trajectory["residual"].isel(time=frame).values
    if len(residual) <= 6:
        rows.append(("residuals", ", ".join(written(value) for value in residual)))
    else:
        rows.append(("largest |residual|", written(float(np.abs(residual).max()))))
    minimum = groups.get("minimal_norm")
    if minimum is not None and "half_squared_norm" in minimum:
        rows.append(("½ |θ|²", written(float(minimum["half_squared_norm"][frame]), 7)))
    if minimum is not None and np.isfinite(minimum["value"]):
        rows.append(("least ½ |θ|²", written(float(minimum["value"]), 7)))
    elif minimum is not None and np.isfinite(minimum["lower_bound"]):
        rows.append(("least ½ |θ|²", f"at least {written(float(minimum['lower_bound']), 5)}"))
    state = drawing.state(frame)
    rows.append(("largest |wⱼ|", scale_text(float(state.log_norm.max()))))
    sliding = int(state.sliding.sum())
    if sliding:
        rows.append(("sliding neurons", f"{sliding:,}"))
    rows.append(("λ", scale_text(drawing.log_scale)))
    status = str(trajectory.attrs.get("status", "unknown")).replace("_", " ")
    rows.append(("the run ends", f"t = {time_text(float(drawing.time[-1]))}, {status}"))
    data = groups["data"].sizes
    rows.append(("data", f"n = {data['point']:,}, d = {data['coord']:,}"))
    return rows


def how_it_ended(drawing: DrawingData) -> str:
    """Say in a sentence how the run ended."""
    message = typeset(str(drawing.run.groups["trajectory"].attrs.get("status_message", "")).strip())
    return f"The run ends at t = {time_text(float(drawing.time[-1]))}. {message}".strip()


def times(drawing: DrawingData) -> Table:
    """Tabulate t1, t2, t3: the symbol, the measured time, and the paper's prediction."""
    phases = drawing.run.groups["phases"]
    rows = []
    for name, symbol in (("t1", "t₁"), ("t2", "t₂"), ("t3", "t₃")):
        measured, predicted = (float(phases[key]) for key in (name, f"{name}_predicted"))
        rows.append((symbol, _instant(measured), _instant(predicted)))
    return Table("The ends of the phases", ("", "measured", "paper"), rows)


def _instant(time: float) -> str:
    return time_text(time) if np.isfinite(time) else "none"


def sentence(drawing: DrawingData, rows: Sequence[tuple[str, str]]) -> str:
    """Describe a frame, whose facts are ``rows``, in one or two sentences."""
    said = dict(rows)
    before = {"S": "in ", "a": "with "}
    roles = ", ".join(f"{count:,} {before.get(name[0], '')}{name}" for name, count in sizes(drawing).items())
    shown = "" if drawing.neurons <= len(drawing.shown) else f" (the {len(drawing.shown):,} largest are drawn)"
    return (
        f"At t = {said['time t']} the flow is in the phase '{said['phase']}' and the loss is {said['loss L']}. "
        f"{drawing.neurons:,} neurons{shown}: {roles}."
    )


def samples(drawing: DrawingData, unit: TimeUnit) -> Table:
    """Tabulate the curves at some instants."""
    frames = np.unique(np.linspace(0, len(drawing.time) - 1, ROWS).astype(int))
    groups = drawing.run.groups
    trajectory, phases = groups["trajectory"], groups["phases"]
    points = trajectory.sizes["point"]
    shown = min(points, 6)
    head = (unit.name, "phase", "loss", *(f"r{k}" for k in range(shown)), "u₊", "u₋", "cos D₊", "cos −D₋")
    names = ("norm_positive", "norm_negative", "alignment_positive", "alignment_negative")
    columns = np.column_stack(
        [
            trajectory["loss"].values,
            trajectory["residual"].values[:, :shown],
            *(phases[name].values for name in names),
        ]
    )[frames]
    instants = drawing.time[frames]
    rows = [
        [f"{time / unit.length:,.4g}", phase_at(drawing, time), *map(number, values)]
        for time, values in zip(instants.tolist(), columns.tolist(), strict=True)
    ]
    return Table("The curves at some instants", head, rows)


def number(value: float, digits: int = 4) -> str:
    """Write a number with a few digits; a dash if it is not finite."""
    return f"{value:.{digits}g}" if np.isfinite(value) else "–"


def written(value: float, digits: int = 4) -> str:
    """Write a number as in a printed text: ``−7.073 × 10⁻¹⁵``, without a line break."""
    mantissa, _, exponent = number(value, digits).partition("e")
    mantissa = mantissa.replace("-", "−")
    return f"{mantissa}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{power_text(int(exponent))}" if exponent else mantissa
