"""The columns of the plots that move: plain arrays of a run, one row per marker or line."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dashboards.drawing_data import LOSS_DECADES_LIMIT, DrawingData, Numbers
from dashboards.plots.log_heights import LogHeights
from dashboards.theme import LIGHT, Theme, shade
from pipeline.figures import PHASES, ROLES, State, intervals, place, plateau_name

BOKEH = {"^": "triangle", "v": "inverted_triangle", "o": "circle"}
MARKERS = {role: BOKEH[style.marker] for role, style in ROLES.items()}
"""Bokeh's names for the markers of the roles."""
DASHES = {role: "dashed" if style.marker == "v" else "solid" for role, style in ROLES.items()}
WIDTHS = {role: 0.7 if role == "other" else 1.4 for role in ROLES}
"""Dashes and widths of a role's lines, beside its colour. No dotted lines: a browser without a graphics card
takes as long for them as for everything else."""
SAME_PLACE = 60.0
"""Markers are in the same place if they are nearer than about this share of the picture: a marker's width."""
SELECTED_LINES_LIMIT = 60
"""Selected neurons whose lines are emphasized, at most."""

Columns = dict[str, Any]


def neuron_columns(
    drawing: DrawingData, state: State, heights: LogHeights | None = None, theme: Theme = LIGHT
) -> Columns:
    """Place the neurons of a frame: at their kinks and heights for one input, else in the principal plane.

    Parameters
    ----------
    drawing, state
        The run, and its neurons at the frame.
    heights
        The scale of the heights; None for s_j |w_j| itself.
    theme
        The page's colours.
    """
    chosen, relative = drawing.shown, None
    plane = drawing.plane
    if plane is not None:
        kink, at = plane.place(state)
        x, y = at[chosen], (state.height if heights is None else heights.place(state))[chosen]
        inside = (kink[chosen] >= plane.window[0]) & (kink[chosen] <= plane.window[1])
        where = np.where(np.isfinite(kink[chosen]), kink[chosen], np.inf)
    else:
        relative = np.exp(state.log_norm - state.log_norm.max())
        x, y = place(drawing.view, state.direction, relative)[chosen].T
        inside, where = np.ones(len(chosen), dtype=bool), np.full(len(chosen), np.nan)
    role = state.role[chosen]
    color = np.array([shade(ROLES[name].color, theme) for name in role])
    sliding = state.sliding[chosen]
    return {
        "x": x,
        "y": y,
        "fill": np.where(inside, color, "rgba(255, 255, 255, 0)"),
        "edge": np.where(sliding, theme.ink, np.where(inside, theme.panel, color)),
        "width": np.where(sliding, 2.2, np.where(inside, 0.6, 1.4)),
        "marker": np.array([MARKERS[name] for name in role]),
        "neuron": chosen,
        "role": np.array([ROLES[name].name for name in role]),
        "kink": where,
        "log10_norm": state.log_norm[chosen] / np.log(10.0),
        "sliding": np.where(sliding, "yes", "no"),
        "more": count_hidden(x, y),
    }


def count_hidden(x: Numbers, y: Numbers) -> npt.NDArray[np.str_]:
    """Say at each marker how many others are in the same place: only one of their tooltips is shown."""
    if not len(x):
        return np.zeros(0, dtype=str)
    cell = np.stack([np.round(SAME_PLACE * part / (float(np.ptp(part)) or 1.0)) for part in (x, y)], axis=1)
    _, group, counts = np.unique(cell, axis=0, return_inverse=True, return_counts=True)
    others = counts[group.ravel()] - 1
    return np.where(others > 0, np.char.add(np.char.add("+", others.astype(str)), " more here"), "none")


def function_columns(drawing: DrawingData, state: State) -> Columns:
    """Evaluate the learned function at a frame; empty for inputs of more dimensions."""
    plane = drawing.plane
    return {"x": [], "h": []} if plane is None else {"x": plane.position, "h": plane.function(state)}


def minimum_columns(drawing: DrawingData) -> Columns:
    """Evaluate the minimum-norm function, if it is known."""
    plane = drawing.plane
    if plane is None or plane.minimum is None:
        return {"x": [], "h": []}
    return {"x": plane.position, "h": plane.minimum}


def point_columns(drawing: DrawingData) -> Columns:
    """List the data as points of figure 2; empty for inputs of more dimensions."""
    plane = drawing.plane
    return {"x": [], "y": []} if plane is None else {"x": plane.one.x, "y": plane.y}


def tick_columns(drawing: DrawingData, theme: Theme = LIGHT) -> Columns:
    """Place a tick on the edge of the principal plane for each data point, as long as its projection."""
    if drawing.plane is not None:
        return {"x0": [], "y0": [], "x1": [], "y1": [], "color": []}
    data = drawing.run.groups["data"]
    x, y = data["x"].values, data["y"].values
    length = np.linalg.norm(x, axis=1, keepdims=True)
    within = x @ drawing.view.basis.T / np.where(length > 0, length, 1.0)
    share = np.linalg.norm(within, axis=1, keepdims=True)
    towards = within / np.where(share > 0, share, 1.0)
    begin, end = 1.04 * towards, (1.04 + 0.12 * share / (share.max(initial=0.0) or 1.0)) * towards
    color = [shade(ROLES["positive" if label > 0 else "negative"].color, theme) for label in y]
    return {"x0": begin[:, 0], "y0": begin[:, 1], "x1": end[:, 0], "y1": end[:, 1], "color": color}


def window(drawing: DrawingData) -> tuple[float, float, float, float]:
    """Choose the limits (left, right, bottom, top) that hold every frame of figure 2."""
    plane = drawing.plane
    if plane is None:
        return -1.3, 1.3, -1.3, 1.3
    shown = [plane.y, np.zeros(1), *([] if plane.minimum is None else [plane.minimum])]
    for frame in np.unique(np.linspace(0, len(drawing.time) - 1, 6).astype(int)):
        state = drawing.state(int(frame))
        shown += [state.height[drawing.shown], plane.function(state)]
    low, high = (float(reduce(np.concatenate(shown))) for reduce in (np.min, np.max))
    height = (high - low) or 1.0
    return *plane.window, *round_outwards(low - 0.08 * height, high + 0.08 * height)


def loss_columns(drawing: DrawingData, unit: float) -> Columns:
    """Take the loss over time, in this unit."""
    curve = drawing.run.curve
    return columns_of_loss(curve["time"].values / unit, curve["loss"].values)


def columns_of_loss(time: Numbers, loss: Numbers) -> Columns:
    """Take a loss over time, also its logarithm, which ends where the loss is 0."""
    with np.errstate(divide="ignore"):
        logarithm = np.log10(loss)
    return {"t": time, "loss": loss, "log10_loss": np.where(np.isfinite(logarithm), logarithm, np.nan)}


def test_loss_columns(drawing: DrawingData, unit: float) -> Columns:
    """Take the loss at the test points over time, as :func:`loss_columns`; nothing where there are none."""
    trajectory = drawing.run.groups["trajectory"]
    if "test_loss" not in trajectory.variables:
        return columns_of_loss(np.empty(0), np.empty(0))
    return columns_of_loss(trajectory["time"].values / unit, trajectory["test_loss"].values)


def residual_columns(drawing: DrawingData, unit: float) -> dict[str, Columns]:
    """Take the residuals of at most 200 points over time, by the sign of the label: ``positive``, ``negative``."""
    residual, y = drawing.run.curve["residual"].values[:, :200], drawing.run.groups["data"]["y"].values[:200]
    time = drawing.run.curve["time"].values / unit
    parts = {"positive": residual[:, y > 0], "negative": residual[:, y <= 0]}
    return {
        sign: dict(zip(("t", "r"), join_lines(time, np.ascontiguousarray(part.T)), strict=True))
        for sign, part in parts.items()
    }


def line_columns(drawing: DrawingData, unit: float) -> dict[str, Columns]:
    """Take log10 |w_j| and the cosine of the neurons that are drawn as lines, by role."""
    time, log10_norm, cosine, role = drawing.followed(drawing.shown[: drawing.lines])
    found = {}
    for name in ROLES:
        own = role == name
        t, norm = join_lines(time / unit, log10_norm[own])
        found[name] = {"t": t, "log10_norm": norm, "cosine": join_lines(time / unit, cosine[own])[1]}
    return found


def chosen_columns(drawing: DrawingData, unit: float, neurons: list[int], theme: Theme = LIGHT) -> Columns:
    """Take the lines of the selected neurons, one row each."""
    time, log10_norm, cosine, role = drawing.followed(np.array(neurons[:SELECTED_LINES_LIMIT], dtype=np.intp))
    return {
        "t": [time / unit] * len(role),
        "log10_norm": list(log10_norm),
        "cosine": list(cosine),
        "color": [shade(ROLES[name].color, theme) for name in role],
        "dash": [DASHES[name] for name in role],
        "neuron": neurons[:SELECTED_LINES_LIMIT],
    }


def join_lines(time: Numbers, lines: Numbers) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Join lines over the same instants into one, with a gap after each.

    A column of arrays travels as one message an array, and a glyph of many lines is drawn line by line: with
    60 neurons a plot took 320 ms after a move of the slider, with one long line with gaps 180.

    Parameters
    ----------
    time : float64[instants]
    lines : float64[lines, instants]

    Returns
    -------
    x, y : float32[lines * (instants + 1)]
    """
    gaps = np.full((len(lines), 1), np.nan)
    y = np.hstack([lines, gaps]).astype(np.float32).ravel()
    x = np.tile(np.append(time, np.nan), len(lines)).astype(np.float32)
    return x, y


def phase_columns(drawing: DrawingData, unit: float) -> Columns:
    """Take the phases as strips of time."""
    found = drawing.phases
    return {
        "from": [interval.start / unit for interval in found],
        "to": [interval.end / unit for interval in found],
        "color": [PHASES[interval.label].color for interval in found],
        "name": [PHASES[interval.label].name for interval in found],
    }


def plateau_columns(drawing: DrawingData, unit: float) -> Columns:
    """Take the loss where the flow lingers, one line a plateau."""
    time, loss = drawing.run.curve["time"].values, drawing.run.curve["loss"].values
    lines: Columns = {"t": [], "loss": [], "log10_loss": [], "name": []}
    for interval in intervals(drawing.run.groups, "plateau"):
        inside = (time >= interval.start) & (time <= interval.end)
        if interval.label == "none" or inside.sum() < 2:
            continue
        lines["t"].append(time[inside] / unit)
        lines["loss"].append(loss[inside])
        lines["log10_loss"].append(np.log10(np.maximum(loss[inside], 1e-300)))
        lines["name"].append(plateau_name(interval.label))
    return lines


def axis_limits(values: Numbers, margin: float = 0.06) -> tuple[float, float]:
    """Choose limits of an axis that contain these values."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    height = (high - low) or abs(high) or 1.0
    return round_outwards(low - margin * height, high + margin * height)


def round_outwards(low: float, high: float) -> tuple[float, float]:
    """Round limits outwards, by at most a twentieth of their distance.

    While a slider moves most axes then stay the same: when the width of an axis' numbers changes, the browser
    lays out the whole figure again, which takes as long as drawing it.
    """
    step = 0.05 * 10.0 ** np.floor(np.log10(high - low)) if high > low else 1.0
    return float(step * np.floor(low / step)), float(step * np.ceil(high / step))


def log_loss_limits(log10_loss: Numbers) -> tuple[float, float]:
    """Choose the limits of the logarithmic axis: at most ``LOSS_DECADES_LIMIT`` decades."""
    low, high = axis_limits(log10_loss)
    return max(low, float(np.floor(high - LOSS_DECADES_LIMIT))), high
