"""The columns of a section's plots: where cells and lines are drawn, their colours, hatches and texts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from bokeh.palettes import Colorblind, Viridis256

from dashboards.cubes.scales import ROUNDING, is_rounding
from dashboards.cubes.section import HAS_VALUE
from dashboards.cubes.section_table import format_values
from dashboards.paper_notation import print_numbers
from dashboards.theme import DARK, Theme

LABELS = (Colorblind[8][0], Colorblind[8][5], "#9AA2AC", *Colorblind[8][1:5], Colorblind[8][6])
"""Colours of labels, in order: of verdicts blue holds, vermilion fails, grey is not applicable (Okabe and Ito)."""
HATCHES = (" ", "x", ".", "-", "|", "+", '"', ":")
"""Hatches of labels, beside their colours."""
ROUNDED = "#9AA2AC"
"""The colour of what is 0 up to rounding: a grey, which the scale of colours does not have."""
GAPS_CELLS_LIMIT = 2_500
"""Up to so many cells there are gaps between them, and hatches of labels; with more, neither would be visible."""
POINTS_LIMIT = 5_000
"""Up to so many cells that are taken together each is a point; of more, only the quartiles are drawn."""
FAILED_HATCH, NEGATIVE_HATCH = "/", "."


def cell_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the places of a section: where both plots draw them, their colours and texts."""
    rows, columns = cut["value"].shape
    row, column = (index.ravel() for index in np.indices((rows, columns)))
    drawn = heights(cut)
    x_words, y_words = cut["x_word"].values, cut["y_word"].values
    return {
        "x": column.astype(float), "y": row.astype(float), "row": row, "at": cut["x_at"].values[column],
        "height": drawn.ravel(), "color": painted(cut, drawn, theme).tolist(),
        "line_color": line_colors(rows, theme)[row],
        "x_word": [str(x_words[i]) for i in column], "y_word": [str(y_words[i]) for i in row],
        "said": format_values(cut), "more": remarks(cut),
    }  # fmt: skip


def heights(cut: xr.Dataset, name: str = "value") -> npt.NDArray[np.float64]:
    """Return the drawn heights of values: on a logarithmic scale magnitudes, no smaller than its lower end.

    Labels of different rows are shifted a little, so that no marker hides another.
    """
    values: npt.NDArray[np.float64] = cut[name].values
    if cut.attrs["logarithmic"]:
        bottom = cut.attrs["limits"][0]
        drawn = np.where(is_rounding(values, cut.attrs["rounding"]), bottom, np.maximum(np.abs(values), bottom))
        return np.where(np.isfinite(values), drawn, np.nan)
    if cut.attrs["kind"] == "label":
        rows = len(values)
        return values + ((np.arange(rows) - (rows - 1) / 2) * 0.7 / rows)[:, None]
    return values


def hatched_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the places that have a hatch: failed cells, negative numbers, labels (in small sections)."""
    value, there = cut["value"].values.ravel(), cut["state"].values.ravel() == HAS_VALUE
    hatch = np.full(value.shape, " ", dtype="<U1")
    if cut.attrs["kind"] == "label" and value.size <= GAPS_CELLS_LIMIT:
        hatch = np.array(HATCHES)[label_index(value) % len(HATCHES)]
    elif cut.attrs["negative"]:
        hatch = np.where(
            value < -max(cut.attrs["rounding"], ROUNDING * cut.attrs["limits"][1]), NEGATIVE_HATCH, " "
        )
    hatch = np.where(cut["failed"].values.ravel() > 0, FAILED_HATCH, np.where(there, hatch, " "))
    chosen = hatch != " "
    row, column = (index.ravel()[chosen].astype(float) for index in np.indices(cut["value"].shape))
    fills = painted(cut, heights(cut), theme)[chosen]
    over = ["#000000" if luminance(fill) > 0.4 else "#FFFFFF" for fill in fills]
    return {"x": column, "y": row, "hatch": hatch[chosen].tolist(), "hatch_color": over}


def painted(cut: xr.Dataset, drawn: npt.NDArray[np.float64], theme: Theme) -> npt.NDArray[np.str_]:
    """Choose the colour of each place; the background's where there is no value."""
    there = cut["state"].values.ravel() == HAS_VALUE
    if cut.attrs["kind"] == "label":
        palette = LABELS
        index = label_index(cut["value"].values.ravel()) % len(LABELS)
    else:
        palette = Viridis256
        index = shades(drawn.ravel(), cut.attrs["color_limits"], cut.attrs["logarithmic"])
    colors = np.where(cut["rounded"].values.ravel(), ROUNDED, np.array(palette)[index])
    return np.where(there, colors, theme.panel)


def label_index(value: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Number labels from 0; 0 also where there is none."""
    return np.nan_to_num(value - 1, nan=0.0).astype(np.intp)


def shades(drawn: npt.NDArray[np.float64], limits: tuple[float, float], logarithmic: bool) -> npt.NDArray[np.intp]:
    """Number the colours of numbers from 0 to 255."""
    low, high = limits
    where = np.nan_to_num(drawn, nan=low)
    if logarithmic:
        where, low, high = np.log(where), float(np.log(low)), float(np.log(high))
    return np.clip((where - low) / (high - low) * 255.999, 0, 255).astype(np.intp)


def luminance(color: str) -> float:
    """Return the luminance of a colour, from 0 to 1 (sRGB's weights, without its gamma)."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def line_colors(rows: int, theme: Theme) -> npt.NDArray[np.str_]:
    """Choose the colours of the lines, in the rows' order: the part of Viridis that contrasts with the page."""
    first, last = (75, 255) if theme is DARK else (0, 200)
    return np.array([Viridis256[int(i)] for i in np.linspace(first, last, max(rows, 2))])[:rows]


def line_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the rows of a section as lines; a row of labels has none, because categories have no values between."""
    drawn = heights(cut)
    lines = [np.full_like(row, np.nan) for row in drawn] if cut.attrs["kind"] == "label" else list(drawn)
    return {
        "xs": [cut["x_at"].values] * len(drawn), "ys": lines, "color": line_colors(len(drawn), theme).tolist()
    }  # fmt: skip


def point_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List every cell that is taken together with others as a point; nothing of labels, or of too many cells."""
    rows, columns, cells = cut["each"].shape
    if cells < 2 or cut.attrs["kind"] != "number" or cut["each"].size > POINTS_LIMIT:
        return {"at": [], "height": [], "color": []}
    row, column, _ = (index.ravel() for index in np.indices((rows, columns, cells)))
    drawn = heights(cut, "each").ravel()
    there = np.isfinite(drawn)
    colors = line_colors(rows, theme)[row]
    return {"at": cut["x_at"].values[column][there], "height": drawn[there], "color": colors[there].tolist()}


def band_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the areas between the quartiles of each row, as outlines; empty where there are no quartiles."""
    low, high, at = heights(cut, "low"), heights(cut, "high"), cut["x_at"].values
    xs, ys = [], []
    for below, above in zip(low, high, strict=True):
        there = np.isfinite(below) & np.isfinite(above)
        xs.append(np.concatenate([at[there], at[there][::-1]]))
        ys.append(np.concatenate([below[there], above[there][::-1]]))
    return {"xs": xs, "ys": ys, "color": line_colors(len(low), theme).tolist()}


def remarks(cut: xr.Dataset) -> list[str]:
    """Describe the spread of each place, and its failed cells with the message of the first."""
    cells, said = cut.attrs["cells"], []
    spreads = [""] * cut["value"].size
    if cut.attrs["words"] and cells > 1:
        spreads = [count_words(place, cut.attrs["words"]) for place in cut["each"].values.reshape(-1, cells)]
    columns = (cut[name].values.ravel().tolist() for name in ("low", "high", "failed", "message"))
    for spread, low, high, failed, message in zip(spreads, *columns, strict=True):
        parts = [spread] if spread else []
        if np.isfinite(low):
            parts.append(print_numbers(f"half of {cells} within {low:.3g} … {high:.3g}"))
        if failed:
            of = f"{failed} of {cells} failed: " if cells > 1 else ""
            parts.append(of + (message if len(message) <= 160 else f"{message[:159]}…"))
        said.append("; ".join(parts))
    return said


def count_words(labels: npt.NDArray[np.float64], words: tuple[str, ...]) -> str:
    """Count the labels of some cells, the most frequent first: ``14 × holds, 6 × fails``."""
    found = Counter(labels[np.isfinite(labels)].astype(int).tolist())
    return ", ".join(f"{number} × {words[label - 1]}" for label, number in found.most_common())
