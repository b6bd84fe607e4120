"""A run as one HTML file that needs no server and no network: it contains BokehJS, the data and the player."""

from __future__ import annotations

import re
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.annotations import BoxAnnotation, Label, Span
from bokeh.resources import INLINE
from jinja2 import Environment
from markupsafe import Markup

from catalog import decode
from dashboards.exports.animation_frames import FRAMES, AnimationFrames, read_frames
from dashboards.html_table import powers
from dashboards.paper_notation import name_statement, print_numbers, typeset
from dashboards.plots.figure_style import set_limits, styled_figure
from dashboards.plots.legends import GREEN, PURPLE
from dashboards.plots.source_columns import MARKERS
from dashboards.plots.statements_table import VERDICTS
from dashboards.theme import LIGHT, Theme
from pipeline import printed_sides, statement_rows
from pipeline.figures import PHASES, ROLES, heading, intervals, phase_order, shown_until, time_text

HERE = Path(__file__).parent
ELSEWHERE = re.compile(r"<script[^>]* src=[^>]*></script>|<link[^>]* rel=\"stylesheet\"[^>]*>")
"""Scripts and styles from other addresses: Bokeh adds those of every Panel model that this process has loaded.
This page has none of these models, and its own scripts and styles are inside it."""


def write_standalone_page(tree: xr.DataTree, theme: Theme = LIGHT) -> str:
    """Write the page: figure 2 with a player, the loss with its phases, results, statements, citation.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases, minimal_norm and statements.
    theme
        Light or dark.

    Returns
    -------
    str
        HTML; some 1.3 MB, of which BokehJS takes all but a tenth.
    """
    animation = read_frames(tree)
    roots, words = _plots(tree, animation, theme)
    # With autoescape: titles and names come from the author of the configuration.
    template = Environment(autoescape=True).from_string((HERE / "standalone_page.html").read_text())
    # Without a document of its own it would get the scripts of the event loop's current one: this function may run
    # in a thread, and that document belong to any page.
    document = Document()
    for root in roots.values():
        document.add_root(root)
    page = file_html(
        document,
        INLINE,
        title=f"{tree.attrs.get('id', 'run')} · reluflow",
        template=template,
        template_variables={
            "style_variables": theme.css_variables(),
            "scheme": theme.name,
            "words": words,
            "player": Markup((HERE / "player.js").read_text()),
            "marks": marks(animation),
            "heading": heading(tree),
            "run_id": tree.attrs.get("id", ""),
            "about": [text for text in (tree.attrs.get("title"), tree.attrs.get("summary")) if text],
            "references": tree.attrs.get("references", ""),
            "thinned": _thinned(tree, animation),
            "results": results(tree),
            "statements": statements(tree),
            "phases": [PHASES[name].name for name in phase_order(tree)],
        },
    )
    return ELSEWHERE.sub("", page)


def _plots(tree: xr.DataTree, animation: AnimationFrames, theme: Theme) -> tuple[dict[str, Any], list[str]]:
    """Make the two plots with the script that moves them, and describe each frame in words."""
    moving: dict[str, Any] = {}
    plots = {
        "network": _network_plot(tree, animation, theme, moving),
        "loss": _loss_plot(tree, animation, theme, moving),
    }
    for name, plot in plots.items():
        plot.name = name
    shown = tree["trajectory"].dataset[["time", "loss"]].isel(time=animation.samples)
    frames = ColumnDataSource({"time": shown["time"].values, "loss": shown["loss"].values})
    states = ColumnDataSource(
        {
            "across": animation.across.ravel(),
            "up": animation.up.ravel(),
            "sliding": animation.sliding.ravel().astype(np.uint8),
        }
    )
    functions = None if animation.function is None else ColumnDataSource({"y": animation.function.ravel()})
    # The player is plain HTML: Bokeh's slider has no name for screen readers, and its widgets are 0.3 MB. It
    # writes the frame's number into the tags of the point that moves along the loss.
    moving["dot"].js_on_change(
        "tags",
        CustomJS(
            args={"frames": frames, "states": states, "functions": functions, **moving},
            code=(HERE / "frame.js").read_text(),
        ),
    )
    order = phase_order(tree)
    labels = decode(tree["phases"].dataset["phase"].isel(time=animation.samples))
    words = [
        f"t = {time_text(t)}, phase {order.index(label) + 1}: {PHASES[label].name}"
        for t, label in zip(shown["time"].values.tolist(), labels, strict=True)
    ]
    return plots, words


def marks(animation: AnimationFrames) -> list[tuple[str, str, str]]:
    """List the meaning of the markers and lines of the network's plot: colour, sign, words."""
    signs = {"^": "▲", "v": "▼", "o": "●"}
    found = [
        (style.color, signs[style.marker], style.name) for role, style in ROLES.items() if role in animation.role
    ]
    if animation.function is not None:
        found += [(GREEN, "━", "function h"), (GREEN, "⬤", "data")]
    if animation.minimum is not None:
        found.append(("currentColor", "╌", "minimum norm"))
    return found


def _network_plot(tree: xr.DataTree, animation: AnimationFrames, theme: Theme, moving: dict[str, Any]) -> Any:
    """Draw the neurons (and over one input the function, the data) at the first frame."""
    plot = _figure(theme, *animation.labels, height=380)
    curve = None
    if animation.position is not None and animation.function is not None:
        curve = ColumnDataSource({"x": animation.position, "y": animation.function[0]})
        plot.line("x", "y", source=curve, color=GREEN, line_width=3)
        if animation.minimum is not None:
            plot.line(animation.position, animation.minimum, color=theme.ink, line_dash=[6, 4], line_width=1.3)
        set_limits(plot.x_range, float(animation.position[0]), float(animation.position[-1]))
        plot.scatter(
            animation.data, tree["data"].dataset["y"].values, size=12,
            fill_color=GREEN, line_color=theme.ink,
        )  # fmt: skip
        heights = [animation.up, animation.function, tree["data"].dataset["y"].values]
        heights += [] if animation.minimum is None else [animation.minimum]
        low, high = min(float(np.min(h)) for h in heights), max(float(np.max(h)) for h in heights)
        margin = 0.08 * ((high - low) or 1.0)
        set_limits(plot.y_range, low - margin, high + margin)
    else:
        for axis in (plot.x_range, plot.y_range):
            set_limits(axis, -1.08, 1.08)
    groups = []
    for name, style in reversed(ROLES.items()):
        index = np.flatnonzero(np.array(animation.role) == name)
        if not index.size:
            continue
        edges = np.where(animation.sliding[0, index], theme.ink, theme.panel)
        group = ColumnDataSource(
            {
                "index": index.astype(np.int32), "across": animation.across[0, index],
                "up": animation.up[0, index], "edge": edges,
            },
            tags=[len(animation.neurons), theme.ink, theme.panel],
        )  # fmt: skip
        plot.scatter(
            "across", "up", source=group, marker=MARKERS[name], size=9, fill_color=style.color,
            line_color="edge",
        )  # fmt: skip
        groups.append(group)
    moving |= {"neurons": groups, "curve": curve}
    return plot


def _loss_plot(tree: xr.DataTree, animation: AnimationFrames, theme: Theme, moving: dict[str, Any]) -> Any:
    """Draw the loss with its numbered phases, and the cursor."""
    plot = _figure(theme, "time t of the flow", "loss L", height=405)  # the other has a legend above
    trajectory, end, order = tree["trajectory"].dataset, shown_until(tree), phase_order(tree)
    time, loss = trajectory["time"].values, trajectory["loss"].values
    top = float(np.max(loss)) or 1.0
    set_limits(plot.x_range, 0.0, end)
    set_limits(plot.y_range, -0.02 * top, 1.2 * top)
    for interval in intervals(tree, "phase"):
        if interval.start >= end:
            continue
        stop = min(interval.end, end)
        plot.add_layout(
            BoxAnnotation(
                left=interval.start, right=stop, fill_color=PHASES[interval.label].color, fill_alpha=0.13
            )
        )
        plot.add_layout(
            Label(
                x=(interval.start + stop) / 2, y=1.1 * top, text=str(order.index(interval.label) + 1),
                text_color=theme.ink, text_align="center", text_baseline="middle", text_font_style="bold",
            )
        )  # fmt: skip
    plot.line(time, loss, color=theme.ink, line_width=2)
    dot = ColumnDataSource({"time": time[:1], "loss": loss[:1]}, name="now", tags=[0])
    plot.scatter("time", "loss", source=dot, size=10, fill_color=PURPLE, line_color=theme.ink)
    cursor = Span(location=float(time[0]), dimension="height", line_color=theme.ink, line_dash="dotted")
    plot.add_layout(cursor)
    moving |= {"cursor": cursor, "dot": dot}
    return plot


def _figure(theme: Theme, x_label: str, y_label: str, height: int) -> Any:
    """Make an empty figure without a toolbar."""
    return styled_figure(theme, height=height, x_label=x_label, y_label=y_label, toolbar_location=None, tools="")


def _thinned(tree: xr.DataTree, animation: AnimationFrames) -> str:
    """Say which neurons and samples are left out; empty if none."""
    neurons, samples = tree["trajectory"].sizes["neuron"], tree["trajectory"].sizes["time"]
    said = []
    if neurons > len(animation.neurons):
        said.append(f"{len(animation.neurons)} of the {neurons:,} neurons (half of them the largest)")
    if samples > len(animation.samples) >= FRAMES:
        said.append(f"{len(animation.samples)} of the {samples:,} samples")
    return f"Shown are {' and '.join(said)}." if said else ""


def results(tree: xr.DataTree) -> list[tuple[str, str]]:
    """List the results, as names and texts."""
    trajectory, phases, norm = (tree[name].dataset for name in ("trajectory", "phases", "minimal_norm"))
    rows = [
        ("how it ended", str(trajectory.attrs.get("status_message", trajectory.attrs.get("status", "")))),
        ("final loss", f"{float(trajectory['loss'][-1]):.3g}"),
    ]
    least = float(norm["value"])
    if not isnan(least):
        rows.append(("least ½|θ|² of all interpolators", f"{least:.10g}"))
        rows.append(("excess of the network over it", f"{float(norm['excess'][-1]):.3g}"))
    for name in ("t1", "t2", "t3"):
        measured, predicted = (float(phases[key]) for key in (name, f"{name}_predicted"))
        if not isnan(measured):
            paper = "" if isnan(predicted) else f" (the paper's leading order: {predicted:.4g})"
            rows.append((name, f"{measured:.4g}{paper}"))
    return [(typeset(name), typeset(text)) for name, text in rows]


def statements(tree: xr.DataTree) -> list[tuple[str, str, str, str, str]]:
    """List the paper's statements: name, verdict, measured, bound, claim, the last as HTML."""
    rows: list[tuple[str, str, str, str, str]] = []
    for key, (claim, row) in statement_rows(tree["statements"].dataset).items():
        measured, bound = map(print_numbers, printed_sides(row)[:2])
        said = Markup(powers(typeset(claim)))  # which escapes it
        rows.append((name_statement(key), VERDICTS[row.verdict], measured, bound, said))
    return rows
