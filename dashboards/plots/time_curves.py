"""The curves over time, under one cursor: loss, residuals, norms and alignment.

Bokeh's own figures, for the same reason as in :mod:`dashboards.plots.network_plot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import CustomJS, HoverTool, Range1d
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from dashboards.drawing_data import DrawingData
from dashboards.other_method import OtherMethod
from dashboards.plots.column_sources import empty_source, replace_columns
from dashboards.plots.figure_style import RESTORE, set_limits, styled_figure
from dashboards.plots.legends import OTHER_DASH, OTHER_METHOD, PURPLE
from dashboards.plots.source_columns import (
    DASHES,
    WIDTHS,
    Columns,
    axis_limits,
    chosen_columns,
    columns_of_loss,
    line_columns,
    log_loss_limits,
    loss_columns,
    phase_columns,
    plateau_columns,
    residual_columns,
    round_outwards,
    test_loss_columns,
)
from dashboards.theme import Theme, shade
from dashboards.time_units import TimeUnit
from pipeline.figures import ROLES

HEIGHT, AXIS_HEIGHT = 124, 42
"""Of a plot, and of the time axis, which the last one has for all."""
COLUMNS = (loss_columns, test_loss_columns, residual_columns, line_columns, phase_columns, plateau_columns)
"""What takes the columns of all curves from a run, in a unit of time."""
CURSOR_MARGIN = 1.02
"""Where the axis ends for a cursor that is after its usual end, as a multiple of the cursor's time."""


class TimeCurves:
    """The plots over time, and the sources that they show.

    Parameters
    ----------
    theme
        The colours.

    Attributes
    ----------
    loss, test_loss, other, phases, plateaus, cursor, chosen
        The sources, with the columns of :mod:`dashboards.plots.source_columns`; ``chosen`` has the lines of
        the selected neurons, ``other`` the loss of another method beside the run.
    residuals, lines
        The sources by the sign of the label, and by the role of the neuron.
    x_range
        The range of time that all plots show.
    until, shown_until
        Where that range ends for the run, and where it ends for the present cursor.
    unselected
        The lines that are dimmed while neurons are selected.
    figures
        By name: loss, log_loss, residuals, norms, alignment.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.loss = empty_source("t", "loss", "log10_loss")
        self.test_loss, self.other = (empty_source("t", "loss", "log10_loss") for _ in range(2))
        self.residuals = {sign: empty_source("t", "r") for sign in ("positive", "negative")}
        self.lines = {role: empty_source("t", "log10_norm", "cosine") for role in ROLES}
        self.chosen = empty_source("t", "log10_norm", "cosine", "color", "dash", "neuron")
        self.phases = empty_source("from", "to", "color", "name")
        self.plateaus = empty_source("t", "loss", "log10_loss", "name")
        self.cursor = empty_source("t")
        self.x_range = Range1d(0, 1)
        self.until = self.shown_until = 1.0
        self.unselected: list[GlyphRenderer[Any]] = []
        self.figures: dict[str, Any] = {
            "loss": create_loss_plot(self, logarithmic=False),
            "log_loss": create_loss_plot(self, logarithmic=True),
            "residuals": create_residual_plot(self),
            "norms": create_line_plot(self, "log10_norm", "Norms of the neurons", "log₁₀ |wⱼ|"),
            "alignment": create_line_plot(self, "cosine", "Alignment with D₊ or −D₋", "cosine"),
        }

        last = self.figures["alignment"]
        last.xaxis.visible, last.height = True, HEIGHT + AXIS_HEIGHT
        for plot in self.figures.values():
            restored = CustomJS(args={"ranges": [self.x_range, plot.y_range]}, code=RESTORE)
            plot.js_on_event("doubletap", restored)

    def show(self, drawing: DrawingData, unit: TimeUnit, frame: int) -> None:
        """Show a run, with time in a unit."""
        length = unit.length
        self.until = drawing.until / length
        # Set once, for the cursor too: the browser would draw each end of the range.
        self.shown_until = self.end_for(float(drawing.time[frame] / length))
        set_limits(self.x_range, 0.0, self.shown_until)
        loss, test, residuals, lines, phases, plateaus = drawing.once(
            ("curves", length), lambda: [columns_of(drawing, length) for columns_of in COLUMNS]
        )
        replace_columns(self.loss, loss)
        replace_columns(self.test_loss, test)
        for sources, columns in ((self.residuals, residuals), (self.lines, lines)):
            for name, source in sources.items():
                replace_columns(source, columns[name])
        replace_columns(self.phases, phases)
        replace_columns(self.plateaus, plateaus)
        limits = drawing.once("limits of curves", lambda: limits_of(loss, test, residuals, lines))
        for name, plot in self.figures.items():
            set_limits(plot.y_range, *limits[name])
            if plot.below[0].axis_label != unit.label:
                plot.xaxis.axis_label = unit.label
        self.at(drawing, unit, frame)

    def at(self, drawing: DrawingData, unit: TimeUnit, frame: int) -> None:
        """Move the cursor; the axis is extended while the cursor is after its usual end."""
        time = float(drawing.time[frame] / unit.length)
        replace_columns(self.cursor, {"t": [time]})
        until = self.end_for(time)
        if until != self.shown_until and (self.x_range.start, self.x_range.end) == (0.0, self.shown_until):
            self.shown_until = until  # unless a person has zoomed
            set_limits(self.x_range, 0.0, until)

    def show_other(self, other: OtherMethod | None, unit: TimeUnit) -> None:
        """Draw the loss of another method beside the run's; None: none."""
        time, loss = (np.empty(0), np.empty(0)) if other is None else (other.time / unit.length, other.loss)
        replace_columns(self.other, columns_of_loss(time, loss))

    def zoom(self, window: tuple[float, float] | None) -> None:
        """Show a window of time, in the present unit; None for the usual one."""
        start, end = window or (0.0, self.shown_until)
        if (self.x_range.start, self.x_range.end) != (start, end):
            self.x_range.update(start=start, end=end)

    def end_for(self, time: float) -> float:
        """Return where the time axes end while the cursor is at ``time``."""
        return self.until if time <= self.until else CURSOR_MARGIN * time

    def choose(self, drawing: DrawingData, unit: TimeUnit, neurons: list[int]) -> None:
        """Emphasize the lines of these neurons and dim all others; without neurons, dim none."""
        self.chosen.data = chosen_columns(drawing, unit.length, neurons, self.theme)
        for renderer in self.unselected:
            renderer.glyph.line_alpha = 0.12 if neurons else 0.6


def timed_figure(curves: TimeCurves, title: str, y_label: str) -> figure:
    """Make a figure over time, with a strip for each phase behind and the cursor in front."""
    plot = styled_figure(
        curves.theme, title=title, height=HEIGHT, x_label="time", y_label=y_label, x_range=curves.x_range,
        tools="pan,xwheel_zoom,xbox_zoom,reset,tap", active_drag="xbox_zoom",
    )  # fmt: skip
    plot.xaxis.visible = False
    plot.vstrip(x0="from", x1="to", source=curves.phases, fill_color="color", fill_alpha=0.13, line_color=None)
    plot.vspan(x="t", source=curves.cursor, line_color=curves.theme.ink, line_width=1.5, level="overlay")
    return plot


def create_loss_plot(curves: TimeCurves, *, logarithmic: bool) -> figure:
    """Draw the loss over time (figure 3), with thick plateaus; dashed, the loss at the test points."""
    column = "log10_loss" if logarithmic else "loss"
    label = "log₁₀ L" if logarithmic else "loss L"
    plot = timed_figure(curves, "Loss, with its phases and plateaus", label)
    plot.multi_line("t", column, source=curves.plateaus, line_color=PURPLE, line_width=9, line_alpha=0.55)
    line = plot.line("t", column, source=curves.loss, line_color=curves.theme.ink, line_width=2)
    plot.line(
        "t", column, source=curves.test_loss, line_color=curves.theme.ink, line_dash="dashed", line_alpha=0.6
    )
    plot.line(
        "t", column, source=curves.other, line_color=shade(OTHER_METHOD, curves.theme), line_dash=OTHER_DASH,
        line_width=2,
    )  # fmt: skip
    plot.add_tools(
        HoverTool(renderers=[line], mode="vline", tooltips=[("time", "@t{0.0000}"), ("loss", "@loss{0.0000e+0}")])
    )
    return plot


def create_residual_plot(curves: TimeCurves) -> figure:
    """Draw the residual of each point, dashed where the label is negative."""
    plot = timed_figure(curves, "Residuals (dashed: negative labels)", "yₖ − h(xₖ)")
    for sign, source in curves.residuals.items():
        plot.line(
            "t", "r", source=source, line_color=shade(ROLES[sign].color, curves.theme), line_dash=DASHES[sign],
            line_width=2, line_alpha=0.9,
        )  # fmt: skip
    return plot


def create_line_plot(curves: TimeCurves, column: str, title: str, y_label: str) -> figure:
    """Draw a line for each neuron, by role; those of selected neurons in front of all others."""
    plot = timed_figure(curves, title, y_label)
    for role, source in curves.lines.items():
        line = plot.line(
            "t", column, source=source, line_color=shade(ROLES[role].color, curves.theme), line_dash=DASHES[role],
            line_width=WIDTHS[role], line_alpha=0.6,
        )  # fmt: skip
        curves.unselected.append(line)
    selected = plot.multi_line(
        "t", column, source=curves.chosen, line_color="color", line_dash="dash", line_width=3
    )
    plot.add_tools(HoverTool(renderers=[selected], tooltips=[("neuron", "@neuron")]))
    return plot


def limits_of(
    loss: Columns, test: Columns, residuals: Mapping[str, Columns], lines: Mapping[str, Columns]
) -> dict[str, tuple[float, float]]:
    """Choose the vertical limits of each figure for the columns of a run."""
    largest = max(float(np.max(loss["loss"])), float(np.max(test["loss"], initial=0.0))) or 1.0
    zero = np.zeros(1)
    return {
        "loss": round_outwards(-0.03 * largest, 1.08 * largest),
        "log_loss": log_loss_limits(loss["log10_loss"]),
        "residuals": axis_limits(np.concatenate([*(part["r"] for part in residuals.values()), zero])),
        "norms": axis_limits(np.concatenate([*(part["log10_norm"] for part in lines.values()), zero])),
        "alignment": (-1.05, 1.05),
    }
