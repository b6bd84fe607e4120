"""Figure 1: the timeline of the phases, with the measured times beside the paper's."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from pipeline.figures.reading import (
    growth_sizes,
    heading,
    in_the_papers_setting,
    intervals,
    measured_times,
    orthogonal,
    phase_order,
    refuse_no_run,
    scalar,
    shown_until,
    time_text,
)
from pipeline.figures.style import (
    BLACK,
    GREY,
    NORMAL,
    PHASES,
    ROUND_STEPS,
    SMALL,
    WIDTH,
    measured_in,
    publication,
)

BAR = 0.5
"""A bar's height, as a part of its row's."""

LABEL = 0.24
"""The width of a limit's label, as a part of the axis'."""

APART = 3.0 / 72.0
"""By how much two labels are moved apart that would touch, each, in inches."""

TIMES = ("t₁", "t₂", "t₃")


@publication
def timeline_figure(tree: xr.DataTree) -> Figure:
    """Draw when each phase begins and ends, measured and as the paper predicts (its figure 1, to scale).

    One row a phase: its name, what happens in it in the paper's words, when it ends; beside it the bar, to
    scale, with the measured time as a solid and the predicted one as a dashed line. The second axis is
    t/(-ln lambda), on which the end of the second and of the third phase tend to 1/|D_+| and 1/|D_-| as
    lambda -> 0 (Lemmas 3 and 4).

    Parameters
    ----------
    tree
        A run with the groups data, trajectory and phases. A time that is NaN is left out; the row says so.

    Returns
    -------
    Figure
        Without a canvas of its own; no pyplot state is touched.
    """
    refuse_no_run(tree)
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    column, axes = figure.subplots(1, 2, sharey=True, width_ratios=(0.74, 1))
    column.set_axis_off()
    predicted = predicted_times(tree)
    end = timeline_end(tree)
    found = intervals(tree, "phase")
    measured = measured_times(tree)

    for row, phase in enumerate(phase_order(tree)):
        style = PHASES[phase]
        for interval in found:
            if interval.label == phase and interval.start < end:
                axes.barh(
                    row, min(interval.end, end) - interval.start, BAR, interval.start,
                    facecolor=style.pale, edgecolor=style.color, hatch=style.hatch, linewidth=1.2,
                    gid=f"bar-{phase}",
                )  # fmt: skip
        lines = [style.words if in_the_papers_setting(tree) else style.plainly]
        if row < 3:
            _mark(axes, row, measured[row], "-", f"measured-t{row + 1}")
            _mark(axes, row, predicted[row], "--", f"predicted-t{row + 1}")
            lines.append(_when(TIMES[row], measured[row], predicted[row]))
        elif not any(interval.label == phase for interval in found):
            lines.append("not reached in this run")
        _describe(column, row, f"{row + 1}  {style.name}", lines)

    axes.set_xlim(0, end)
    axes.set_ylim(3.5, -0.6)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("time t of the flow")
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=ROUND_STEPS))
    axes.xaxis.set_major_formatter(lambda t, _: f"{t:,.6g}")
    _limits_axis(tree, axes, end)

    figure.suptitle(heading(tree), x=0.01, ha="left")
    figure.legend(handles=_legend(tree), loc="outside lower left", ncols=2)
    return figure


def _legend(tree: xr.DataTree) -> list[Line2D]:
    """Say what the lines are, and that for oblique inputs the paper predicts nothing."""
    prediction = (
        "predicted by the paper, leading order"
        if orthogonal(tree)
        else "the paper's formula for orthogonal inputs"
    )
    return [
        Line2D([], [], color=BLACK, linestyle="-", label="measured"),
        Line2D([], [], color=BLACK, linestyle="--", label=prediction),
    ]


def predicted_times(tree: xr.DataTree) -> tuple[float, float, float]:
    """Read the paper's t1, t2, t3 for a run, in leading order; NaN for one that it does not predict."""
    first, second, third = (scalar(tree, "phases", f"t{i}_predicted") for i in (1, 2, 3))
    return first, second, third


def timeline_end(tree: xr.DataTree) -> float:
    """Choose where the time axis ends: wide enough for the predicted times too, if that is not mostly empty."""
    end = shown_until(tree)
    return max([end, *(1.05 * t for t in predicted_times(tree) if t < 4 * end)])


def _mark(axes: Axes, row: int, time: float, linestyle: str, gid: str) -> None:
    """Draw a vertical line across one row; none for a time that does not exist."""
    if np.isfinite(time):
        axes.plot([time] * 2, [row - 0.42, row + 0.42], color=BLACK, linestyle=linestyle, linewidth=1.3, gid=gid)


def _when(name: str, measured: float, predicted: float) -> str:
    """Write the measured time beside the predicted one, in words where one does not exist."""
    beside = f"paper: {time_text(predicted)}" if np.isfinite(predicted) else "paper: none"
    if np.isfinite(measured):
        return f"until {name} = {time_text(measured)} ({beside})"
    return f"no {name} in this run ({beside})"


def _describe(column: Axes, row: int, name: str, lines: list[str]) -> None:
    """Write a phase's name and what happens in it, in the column to the left of the bars."""
    step = 13.0
    top = step * len(lines) / 2
    for i, text in enumerate([name, *lines]):
        column.annotate(
            text, (0, row), xycoords=("axes fraction", "data"), xytext=(0, top - i * step),
            textcoords="offset points", va="center", annotation_clip=False, in_layout=False,
            fontsize=SMALL if i else NORMAL, fontweight="normal" if i else "bold",
        )  # fmt: skip


def _limits_axis(tree: xr.DataTree, axes: Axes, end: float) -> None:
    """Add the axis t/(-ln lambda), its ticks at the limits 1/|D_+| and 1/|D_-|; none for lambda >= 1."""
    scale = -scalar(tree, "trajectory", "log_init_scale")
    if not scale > 0:
        return
    second = axes.secondary_xaxis("top", functions=measured_in(scale))
    ticks, labels = [0.0], ["0"]
    for name, size in zip(("|D₊|", "|D₋|"), growth_sizes(tree), strict=True):
        if size > 0 and scale / size <= end:
            axes.axvline(scale / size, color=GREY, linestyle=":", linewidth=0.9, zorder=0.5)
            ticks.append(1 / size)
            labels.append(f"1/{name}\n{1 / size:.3g}")
    second.set_xticks(ticks, labels)
    _part(second.get_xticklabels(), [tick * scale / end for tick in ticks])
    second.set_xlabel("t / (−ln λ)")


def _part(labels: list[Text], places: list[float]) -> None:
    """Keep the labels of 0 and of the two limits apart, at places that are parts of the axis' width."""
    if len(places) < 2:
        return
    low, *high = sorted(range(1, len(places)), key=lambda i: places[i])
    reach = LABEL / 2
    if high and places[high[0]] - places[low] < LABEL:
        labels[low].set_horizontalalignment("right")
        labels[high[0]].set_horizontalalignment("left")
        for label, way in ((labels[low], -1), (labels[high[0]], 1)):
            # Two limits that are nearly the same have labels that would touch.
            apart = ScaledTranslation(way * APART, 0.0, label.figure.dpi_scale_trans)
            label.set_transform(label.get_transform() + apart)
        reach = LABEL
    if places[low] - reach < LABEL / 4:
        labels[0].set_visible(False)
