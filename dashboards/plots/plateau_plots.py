"""The plateaus of the flow: the loss with its plateaus, the Hessian's eigenvalues at each, and a table of both."""

from __future__ import annotations

from math import nan
from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr

from catalog import decode
from dashboards.html_table import Cell, Table, number_cell
from dashboards.plots.holoviews_style import PRINTF_FORMATTERS, style_overlay
from dashboards.theme import Theme, shade
from pipeline.figures import ROLES, kind_in_words, plateau_name, shown_until, time_text

DOWN, UP = ROLES["negative"].color, ROLES["positive"].color
"""Colours of eigenvalues below and above 0; each also has a marker of its own."""
NAMED = 0.16
"""A band that covers this share of the axis is wide enough for its name; the table has all names."""
TALLEST = 0.74
"""Height of the stem of the most frequent eigenvalue, in units of a row."""


def names(plateaus: xr.Dataset) -> list[str]:
    """Name the plateaus: ``origin``, ``plateau 1``, ..."""
    return [plateau_name(label) for label in decode(plateaus["label"])]


def kinds_in_words(plateaus: xr.Dataset) -> list[str]:
    """Name the kind of the stationary point of each plateau, with a reason if there is one."""
    kinds = decode(plateaus["kind"])
    # A store returns a list of one string as the string.
    reasons = np.atleast_1d(plateaus["kind"].attrs.get("reasons", [""] * len(kinds))).tolist()
    return [kind_in_words(kind, reason) for kind, reason in zip(kinds, reasons, strict=True)]


def create_plateaus_plot(tree: xr.DataTree, theme: Theme) -> hv.Overlay:
    """Draw the loss with a band for each plateau, over its time.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and plateaus.
    theme
        The colours of the page.
    """
    plateaus, trajectory = tree["plateaus"].to_dataset(), tree["trajectory"].to_dataset()
    time, loss, end = trajectory["time"].values, trajectory["loss"].values, shown_until(tree)
    top = 1.12 * float(loss[time <= end].max(initial=0.0)) or 1.0
    bands, texts = [], []
    for i, name in enumerate(names(plateaus)):
        at = plateaus.isel(plateau_number=i)
        start, stop = float(at["start"]), min(float(at["end"]), end)
        if start < end:
            bands.append((start, 0.0, stop, top, name, float(at["start"]), float(at["end"])))
            if stop - start > NAMED * end:
                texts.append((0.5 * (start + stop), 0.97 * top, name))
    drawn = [
        hv.Rectangles(bands, vdims=["name", "start", "stop"]).opts(
            fill_color=theme.accent, fill_alpha=0.14, line_color=theme.accent, line_alpha=0.5, tools=["hover"],
            hover_tooltips=[("plateau", "@name"), ("from t", "@start{%.6g}"), ("to t", "@stop{%.6g}")],
            hover_formatters=PRINTF_FORMATTERS,
        ),
        hv.Curve((time, loss)).opts(color=theme.ink, line_width=2),
        hv.Labels(texts, ["x", "y"], "name").opts(
            text_color=theme.faint, text_font_size="12px", text_baseline="top"
        ),
    ]  # fmt: skip
    return style_overlay(
        hv.Overlay(drawn), theme, xlim=(0.0, end), ylim=(0.0, top), xlabel="time t", ylabel="loss L", height=300,
        show_grid=True, show_legend=False,
    )  # fmt: skip


def create_spectra_plot(plateaus: xr.Dataset, spectra: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw the eigenvalues of the Hessian at each plateau as stems, one row per plateau, the first on top.

    The height of a stem is the logarithm of the eigenvalue's multiplicity. A plateau without a stationary
    point near it has no stems.

    Parameters
    ----------
    plateaus
        The group of that name of a run.
    spectra
        Of :func:`pipeline.hessian_spectra`.
    theme
        The colours of the page.
    """
    rows, kinds = plateaus.sizes["plateau_number"], decode(plateaus["kind"])
    counts = np.log1p(spectra["multiplicity"].values)
    height = TALLEST * counts / counts.max(initial=1.0)
    points: list[tuple[float, float, float, int]] = []
    for i in range(rows):
        base = rows - 1 - i
        for value, tall, number in zip(
            spectra["eigenvalue"].values[i], height[i], spectra["multiplicity"].values[i], strict=True
        ):
            if number and kinds[i] != "unknown":
                points.append((float(value), base + float(tall), float(base), int(number)))
    drawn: list[Any] = [hv.HLine(row).opts(color=theme.line, line_width=1) for row in range(rows)]
    for sign, color, marker, label in (
        (-1, DOWN, "inverted_triangle", "negative"), (0, theme.faint, "circle", "zero"),
        (1, UP, "triangle", "positive"),
    ):  # fmt: skip
        own = [point for point in points if np.sign(point[0]) == sign]
        drawn.append(
            hv.Segments([(x, y0, x, y1) for x, y1, y0, _ in own]).opts(color=shade(color, theme), line_width=1.5)
        )
        drawn.append(
            hv.Points([(x, y1, number) for x, y1, _, number in own], vdims=["number"], label=label).opts(
                color=shade(color, theme), marker=marker, size=8, tools=["hover"],
                hover_tooltips=[("eigenvalue", "@x{%.6g}"), ("occurs", "@number times")],
                hover_formatters=PRINTF_FORMATTERS,
            )
        )  # fmt: skip
    # HoloViews needs at least one tick.
    ticks = [(rows - 1 - i, name) for i, name in enumerate(names(plateaus))] or [(0, "")]
    reach = 1.08 * max((abs(point[0]) for point in points), default=1.0) or 1.0
    return style_overlay(
        hv.Overlay(drawn), theme, ylim=(-0.12, rows - 0.02), xlim=(-reach, reach), yticks=ticks, labelled=["x"],
        xlabel="eigenvalue of the Hessian of L", height=max(300, 70 + 60 * rows), show_grid=True,
        legend_position="top",
    )  # fmt: skip


def create_plateaus_table(plateaus: xr.Dataset, labels: int) -> Table:
    """Tabulate the plateaus: their times, losses, stationary points, partners in the limit, and eigenvalues.

    Parameters
    ----------
    plateaus
        The group of that name of a run.
    labels
        n, the number of labels.
    """
    rows: list[tuple[Cell | str, ...]] = []
    kinds, said = decode(plateaus["kind"]), kinds_in_words(plateaus)
    limited = "limit_number" in plateaus
    for i, name in enumerate(names(plateaus)):
        at = plateaus.isel(plateau_number=i)
        fitted = int((decode(at["fitted"]) == "fitted").sum())
        during = f"{time_text(float(at['start']))} to {time_text(float(at['end']))}"
        known, neurons = kinds[i] != "unknown", int(at["kept_neurons"])
        kept = f"{neurons:,} neuron{'' if neurons == 1 else 's'}"
        rows.append(
            (
                Cell(name), Cell(during, css_class="number"),
                Cell(said[i], f"{fitted} of {labels} labels fitted, {kept} kept" if known else "", "headed"),
                number_cell(float(at["loss"]), ".6g"), number_cell(float(at["distance"]), ".2g"),
                *([_partner(at)] if limited else []),
                *(
                    number_cell(float(at[name]) if known else nan, form)
                    for name, form in (
                        ("negative_eigenvalues", ",g"), ("smallest_eigenvalue", ".4g"),
                        ("largest_eigenvalue", ".4g"), ("escape_rate", ".4g"),
                    )
                ),
            )
        )  # fmt: skip
    heads = (
        "plateau", "from t to t", "stationary point θₛ", "loss", "|θ − θₛ|",
        *(["in the limit λ → 0"] if limited else []), "eigenvalues < 0", "smallest", "largest", "escape rate",
    )  # fmt: skip
    return Table("The plateaus, the nearest stationary point of each, and its Hessian", heads, rows)


def _partner(at: xr.Dataset) -> Cell:
    """Name the plateau of the limit that is beside one of a run, with its loss and the t of the jump to it."""
    number = int(at["limit_number"])
    if number < 0:
        return Cell("none", css_class="headed")
    name = f"plateau {number}" if number else "origin"
    said = f"loss {float(at['limit_loss']):.6g}, from t = {time_text(float(at['limit_start']))}"
    return Cell(name, said, "headed")


def describe_plateaus(plateaus: xr.Dataset) -> str:
    """Describe the plateaus in a sentence, for screen readers."""
    if not plateaus.sizes["plateau_number"]:
        return "The flow has no plateau: its loss falls without a stop."
    columns = (plateaus[key].values for key in ("start", "end", "loss", "negative_eigenvalues"))
    parts = [
        f"{name} from t = {time_text(float(start))} to {time_text(float(end))} at loss {loss:.3g}, {kind}, "
        f"{int(negative)} negative eigenvalues"
        for name, kind, start, end, loss, negative in zip(
            names(plateaus), kinds_in_words(plateaus), *columns, strict=True
        )
    ]
    return f"Plateaus: {'; '.join(parts)}."
