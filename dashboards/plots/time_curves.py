"""The curves along time, under one cursor: loss, residuals, norms and alignment.

Bokeh's own figures, for the same reason as :mod:`dashboards.plots.network_plot`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from dashboards.drawing_data import DrawingData
from dashboards.plots.figure_style import set_limits, styled_figure
from dashboards.plots.source_columns import (
    DASHES,
    WIDTHS,
    axis_limits,
    chosen_columns,
    line_columns,
    log_loss_limits,
    loss_columns,
    phase_columns,
    plateau_columns,
    residual_columns,
    round_outwards,
)
from dashboards.plots.sources import empty_source, replace_columns
from dashboards.theme import Theme
from dashboards.time_units import TimeUnit
from pipeline.figures import ROLES

HEIGHT = 178
ROOM = 1.02
"""How far an axis of time goes on beyond a cursor that is after its end."""
PURPLE = "#CC79A7"
"""Plateaus, as in the printed figure."""


@dataclass
class TimeCurves:
    """The pictures and the columns that they show.

    Attributes
    ----------
    theme
        The colours.
    loss, phases, plateaus, cursor, chosen
        The columns: see :mod:`dashboards.plots.source_columns`; ``chosen`` has the lines of selected neurons.
    residuals, lines
        The columns by the sign of the label, and by the role of the neuron.
    x_range
        The time that all show.
    until, shown_until
        Where that ends for the run, and where it ends for its cursor.
    dimmed
        The lines that give way to selected ones.
    figures
        By name: loss, log_loss, residuals, norms, alignment.
    """

    theme: Theme
    loss: ColumnDataSource = field(default_factory=lambda: empty_source("t", "loss", "log10_loss"))
    residuals: dict[str, ColumnDataSource] = field(
        default_factory=lambda: {sign: empty_source("t", "r") for sign in ("positive", "negative")}
    )
    lines: dict[str, ColumnDataSource] = field(
        default_factory=lambda: {role: empty_source("t", "log10_norm", "cosine") for role in ROLES}
    )
    chosen: ColumnDataSource = field(
        default_factory=lambda: empty_source("t", "log10_norm", "cosine", "color", "dash", "neuron")
    )
    phases: ColumnDataSource = field(default_factory=lambda: empty_source("from", "to", "color", "name"))
    plateaus: ColumnDataSource = field(default_factory=lambda: empty_source("t", "loss", "log10_loss", "name"))
    cursor: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"t": [0.0]}))
    x_range: Range1d = field(default_factory=lambda: Range1d(0, 1))
    until: float = 1.0
    shown_until: float = 1.0
    figures: dict[str, figure] = field(init=False)
    dimmed: list[GlyphRenderer[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.figures = {
            "loss": create_loss_plot(self, logarithmic=False),
            "log_loss": create_loss_plot(self, logarithmic=True),
            "residuals": create_residual_plot(self),
            "norms": create_line_plot(self, "log10_norm", "Norms of the neurons", "log₁₀ |wⱼ|"),
            "alignment": create_line_plot(self, "cosine", "Alignment with D₊ or −D₋", "cosine"),
        }

    def show(self, drawing: DrawingData, unit: TimeUnit, frame: int) -> None:
        """Show a run, its time counted by a clock."""
        length = unit.length
        self.until = drawing.until / length
        # Once, with the cursor: ends that come one after the other are seen one after the other.
        self.shown_until = self.reaching(float(drawing.time[frame] / length))
        set_limits(self.x_range, 0.0, self.shown_until)
        loss, residuals, lines = (
            loss_columns(drawing, length),
            residual_columns(drawing, length),
            line_columns(drawing, length),
        )
        replace_columns(self.loss, loss)
        for sources, columns in ((self.residuals, residuals), (self.lines, lines)):
            for name, source in sources.items():
                replace_columns(source, columns[name])
        replace_columns(self.phases, phase_columns(drawing, length))
        replace_columns(self.plateaus, plateau_columns(drawing, length))
        zero = np.zeros(1)
        largest = float(np.max(loss["loss"])) or 1.0
        self._limit("loss", round_outwards(-0.03 * largest, 1.08 * largest))
        self._limit("log_loss", log_loss_limits(loss["log10_loss"]))
        self._limit(
            "residuals", axis_limits(np.concatenate([part["r"] for part in residuals.values()] + [np.zeros(1)]))
        )
        norms = [part["log10_norm"] for part in lines.values()]
        self._limit("norms", axis_limits(np.concatenate([*norms, zero])))
        self._limit("alignment", (-1.05, 1.05))
        for plot in self.figures.values():
            plot.xaxis.axis_label = unit.label
        self.at(drawing, unit, frame)

    def at(self, drawing: DrawingData, unit: TimeUnit, frame: int) -> None:
        """Move the cursor; an axis that ends before it is longer while the cursor is there."""
        time = float(drawing.time[frame] / unit.length)
        replace_columns(self.cursor, {"t": [time]})
        until = self.reaching(time)
        if until != self.shown_until and (self.x_range.start, self.x_range.end) == (0.0, self.shown_until):
            self.shown_until = until  # unless a person has zoomed: then that stays
            set_limits(self.x_range, 0.0, until)

    def reaching(self, time: float) -> float:
        """Where the axes of time end while the cursor is at ``time``."""
        return self.until if time <= self.until else ROOM * time

    def choose(self, drawing: DrawingData, unit: TimeUnit, neurons: list[int]) -> None:
        """Light up the lines of these neurons, and dim all others; of none: all are as they were."""
        self.chosen.data = chosen_columns(drawing, unit.length, neurons)
        for renderer in self.dimmed:
            renderer.glyph.line_alpha = 0.12 if neurons else 0.6

    def _limit(self, name: str, limits: tuple[float, float]) -> None:
        set_limits(self.figures[name].y_range, *limits)


def timed_figure(curves: TimeCurves, title: str, y_label: str) -> figure:
    """Make a figure over time, with the phases' strips behind and the cursor in front."""
    plot = styled_figure(
        curves.theme, title=title, height=HEIGHT, x_label="time", y_label=y_label, x_range=curves.x_range
    )
    plot.vstrip(x0="from", x1="to", source=curves.phases, fill_color="color", fill_alpha=0.13, line_color=None)
    plot.vspan(x="t", source=curves.cursor, line_color=curves.theme.ink, line_width=1.5, level="overlay")
    return plot


def create_loss_plot(curves: TimeCurves, *, logarithmic: bool) -> figure:
    """Draw the loss against time (figure 3), the plateaus thick."""
    column = "log10_loss" if logarithmic else "loss"
    label = "log₁₀ L" if logarithmic else "loss L"
    plot = timed_figure(curves, "Loss, with its phases and plateaus", label)
    plot.multi_line("t", column, source=curves.plateaus, line_color=PURPLE, line_width=9, line_alpha=0.55)
    line = plot.line("t", column, source=curves.loss, line_color=curves.theme.ink, line_width=2)
    plot.add_tools(
        HoverTool(renderers=[line], mode="vline", tooltips=[("time", "@t{0.0000}"), ("loss", "@loss{0.0000e+0}")])
    )
    return plot


def create_residual_plot(curves: TimeCurves) -> figure:
    """Draw what is left to fit at each point, dashed where the label is negative."""
    plot = timed_figure(curves, "Residuals (dashed: negative labels)", "rₖ = yₖ − h(xₖ)")
    for sign, source in curves.residuals.items():
        plot.line(
            "t",
            "r",
            source=source,
            line_color=ROLES[sign].color,
            line_dash=DASHES[sign],
            line_width=2,
            line_alpha=0.9,
        )
    return plot


def create_line_plot(curves: TimeCurves, column: str, title: str, y_label: str) -> figure:
    """Draw a line for each neuron, by role; those of selected neurons in front of all others."""
    plot = timed_figure(curves, title, y_label)
    for role, source in curves.lines.items():
        line = plot.line(
            "t", column, source=source, line_color=ROLES[role].color, line_dash=DASHES[role],
            line_width=WIDTHS[role], line_alpha=0.6,
        )  # fmt: skip
        curves.dimmed.append(line)
    lit = plot.multi_line("t", column, source=curves.chosen, line_color="color", line_dash="dash", line_width=3)
    plot.add_tools(HoverTool(renderers=[lit], tooltips=[("neuron", "@neuron")]))
    return plot
