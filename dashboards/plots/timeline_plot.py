"""Figure 1 on a page: the begin and end of each phase, measured and predicted by the paper."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import holoviews as hv
import xarray as xr

from dashboards.html_table import Cell, Table, number_cell
from dashboards.plots.holoviews_style import PRINTF_FORMATTERS, add_upper_axis, style_overlay
from dashboards.theme import Theme
from dashboards.time_units import UNITS, scaled_length
from pipeline.figures import (
    PHASES,
    growth_sizes,
    in_the_papers_setting,
    intervals,
    measured_times,
    orthogonal,
    phase_order,
    predicted_times,
    time_text,
    timeline_end,
)

BAR, MARK = 0.28, 0.42
"""Half the height of a bar and of a time's line, in units of a row."""
NEAR = 0.17
"""Two limits nearer than this share of the axis get one common name: a name is that wide on a phone."""
NAMES = ("t₁", "t₂", "t₃")


def escape_time(tree: xr.DataTree) -> float:
    """Return -ln lambda; NaN where lambda >= 1."""
    return scaled_length(float(tree["trajectory"]["log_init_scale"]))


def create_timeline_plot(tree: xr.DataTree, theme: Theme, unit: str = "t") -> hv.Overlay:
    """Draw one row per phase: its bar, the measured time as a solid line, the predicted one as a dashed line.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory and phases.
    theme
        The colours of the page.
    unit
        ``t`` or ``scaled``, in which the ends of the fits tend to 1/|D|; where lambda >= 1 there is only
        ``t``.
    """
    order, escape = phase_order(tree), escape_time(tree)
    unit = unit if isfinite(escape) else "t"
    one = escape if unit == "scaled" else 1.0
    bars, styles = [], [PHASES[phase] for phase in order]
    for phase, style in zip(order, styles, strict=True):
        row = len(order) - 1 - order.index(phase)
        found = [
            (part.start / one, row - BAR, part.end / one, row + BAR, style.name)
            for part in intervals(tree, "phase")
            if part.label == phase
        ]
        bars.append(
            hv.Rectangles(found, vdims=["phase"]).opts(
                color=style.color, fill_alpha=0.45, line_color=style.color, tools=["hover"],
                hooks=[hatched(style.hatch[0])],
                hover_tooltips=[("phase", "@phase"), ("from", "@x0{%.6g}"), ("until", "@x1{%.6g}")],
                hover_formatters=PRINTF_FORMATTERS,
            )
        )  # fmt: skip
    marks = [
        time_lines(measured_times(tree), one, len(order), "measured", theme, "solid"),
        time_lines(
            predicted_times(tree), one, len(order),
            "predicted by the paper" if orthogonal(tree) else "the paper's formula", theme, "dashed",
        ),
    ]  # fmt: skip
    rows = [(len(order) - 1 - i, f"{i + 1} {short(style.name)}") for i, style in enumerate(styles)]
    return style_overlay(
        hv.Overlay([*bars, *marks]), theme, add_upper_axis(limits(tree, one), theme),
        xlim=(0.0, timeline_end(tree) / one), ylim=(-0.6, len(order) - 0.4), yticks=rows,
        xlabel=f"time {UNITS[unit]}", labelled=["x"], legend_position="top_right", height=270, show_grid=True,
    )  # fmt: skip


def time_lines(
    times: tuple[float, float, float], one: float, rows: int, label: str, theme: Theme, dash: str
) -> hv.Curve:
    """Draw t1, t2, t3 as vertical lines, each across the row of its phase, if they exist."""
    x: list[float] = []
    y: list[float] = []
    for i, time in enumerate(times):
        if isfinite(time):
            x += [time / one, time / one, nan]
            y += [rows - 1 - i - MARK, rows - 1 - i + MARK, nan]
    return hv.Curve((x, y), label=label).opts(color=theme.ink, line_width=2, line_dash=dash)


def hatched(pattern: str) -> Any:
    """Make the hook that hatches bars, in addition to their colour. HoloViews has no option for it."""

    def hatch(plot: Any, _: Any) -> None:
        glyph = plot.handles["glyph"]
        glyph.update(hatch_pattern=pattern, hatch_color=glyph.line_color, hatch_alpha=0.8, hatch_scale=9.0)

    return hatch


def limits(tree: xr.DataTree, one: float) -> dict[float, str]:
    """Find where the second and the third phase end as lambda -> 0: at -ln lambda/|D_+| and -ln lambda/|D_-|."""
    escape, end = escape_time(tree), timeline_end(tree)
    named = zip(growth_sizes(tree), ("1/|D₊|", "1/|D₋|"), strict=True)
    found = {escape / size: name for size, name in named if size > 0 and escape / size <= end}  # no NaN is
    if max(found, default=0.0) - min(found, default=0.0) < NEAR * end:
        found = {min(found): ", ".join(found[place] for place in sorted(found))} if found else {}
    return {place / one: name for place, name in found.items()}


def short(name: str) -> str:
    """Shorten the name of a phase so that it fits on a phone."""
    return name.replace("fitting positive labels", "fit y > 0").replace("fitting negative labels", "fit y < 0")


def create_timeline_table(tree: xr.DataTree) -> Table:
    """Tabulate the phases: their descriptions, measured times and the paper's times, in both units."""
    found, order = intervals(tree, "phase"), phase_order(tree)
    measured, predicted = (*measured_times(tree), nan), (*predicted_times(tree), nan)
    escape, sizes = escape_time(tree), dict(zip(("₊", "₋"), growth_sizes(tree), strict=True))
    first = "₊" if order[1] == "fitting_positive" else "₋"
    second = "₋" if first == "₊" else "₊"
    formulas = (f"−ε ln λ/|D{second}|", f"−ln λ/|D{first}|", f"−ln λ/|D{second}|", "")
    limits = (
        nan,
        *(1 / sizes[sign] if sizes[sign] and isfinite(escape) else nan for sign in (first, second)),
        nan,
    )
    rows: list[tuple[Cell | str, ...]] = []
    for i, phase in enumerate(order):
        style, parts = PHASES[phase], [part for part in found if part.label == phase]
        words = style.words if in_the_papers_setting(tree) else style.plainly
        during = f"{time_text(parts[0].start)} to {time_text(parts[-1].end)}" if parts else "not reached"
        rows.append(
            (
                Cell(f"{i + 1} {style.name}", words), Cell(during, css_class="number"),
                when(i, measured[i]), when(i, predicted[i], formulas[i]),
                number_cell(measured[i] / (predicted[i] or nan)), number_cell(measured[i] / escape),
                number_cell(limits[i]),
            )
        )  # fmt: skip
    heads = (
        "phase", "from t to t", "its end, measured", "the paper", "measured/paper", "measured/(−ln λ)",
        "its limit, λ → 0",
    )  # fmt: skip
    return Table("The four phases, with the measured times beside the paper's", heads, rows)


def when(i: int, time: float, formula: str = "") -> Cell:
    """Write t1, t2 or t3 with its formula; a dash if there is no time."""
    return number_cell(time, lambda known: f"{NAMES[i]} = {time_text(known)}", formula)


def describe_timeline(tree: xr.DataTree) -> str:
    """Describe the timeline in one sentence, for screen readers."""
    parts = [f"{PHASES[part.label].name} from t = {time_text(part.start)} to {time_text(part.end)}"
             for part in intervals(tree, "phase")]  # fmt: skip
    return f"Timeline of the phases: {'; '.join(parts)}. The table below has the paper's times."
