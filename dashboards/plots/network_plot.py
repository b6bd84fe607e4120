"""Figure 2 at one instant: the neurons, the function, the data and the minimum-norm function.

Bokeh's own figures, not HoloViews elements: these plots change at every move of a slider, and HoloViews makes
each glyph anew; here the figures are made once, and only the columns of their sources are replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bokeh.models import FixedTicker, HoverTool, LinearAxis
from bokeh.plotting import figure

from dashboards.drawing_data import DrawingData
from dashboards.other_method import OtherMethod
from dashboards.plots.column_sources import columns_equal, empty_source, replace_columns
from dashboards.plots.figure_style import set_limits, style_axis, styled_figure
from dashboards.plots.legends import GREEN, OTHER_DASH, OTHER_METHOD
from dashboards.plots.log_heights import LogHeights
from dashboards.plots.point_drag import PointDrag
from dashboards.plots.source_columns import (
    function_columns,
    minimum_columns,
    neuron_columns,
    point_columns,
    tick_columns,
    window,
)
from dashboards.theme import Theme, shade

HEIGHT = 400
RINGS = (1.0, 0.1, 0.01)
"""The norms at which circles are drawn in the principal plane, as shares of the largest."""


class NetworkPlot:
    """The plot of the network, and the sources that it shows.

    Parameters
    ----------
    theme
        The colours.

    Attributes
    ----------
    logarithmic, heights, height_axis
        Whether the neurons have a logarithmic scale, this scale, and its axis.
    neurons, function, minimum, other, points, ticks, rings
        The sources, with the columns of :mod:`dashboards.plots.source_columns`; ``other`` is the function by
        another method beside the run.
    placed
        Where the server or a person has put the data's dots last.
    figure
        What is shown.
    drag
        The script with which a person drags the data.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.neurons = empty_source(
            "x", "y", "fill", "edge", "width", "marker", "neuron", "role", "kink", "log10_norm", "sliding", "more"
        )
        self.function, self.minimum, self.other = (empty_source("x", "h") for _ in range(3))
        self.points, self.rings = empty_source("x", "y"), empty_source("x", "y")
        self.ticks = empty_source("x0", "y0", "x1", "y1", "color")
        self.placed: dict[str, Any] = {"x": [], "y": []}
        self.logarithmic, self.heights = True, None  # type: tuple[bool, LogHeights | None]
        self.height_axis = LinearAxis(
            axis_label="|wⱼ|: above for a > 0, below for a < 0", ticker=FixedTicker(ticks=[]), visible=False
        )
        self.figure = create_network_plot(self)
        self.drag = PointDrag(self.figure, self.points)

    def allow_drag(self, allowed: bool) -> None:
        """Let the data be dragged, or not: points from a generator or a file, or in many dimensions, cannot."""
        self.drag.allow(allowed)

    def show(self, drawing: DrawingData, frame: int) -> None:
        """Show a run at a frame."""
        plot: Any = self.figure
        if not self.drag.held:
            left, right, bottom, top = drawing.once("window", lambda: window(drawing))
            set_limits(plot.x_range, left, right)
            set_limits(plot.y_range, bottom, top)
        self.place_points(drawing)
        for axis, label in zip((plot.below[0], plot.left[0]), axis_labels(drawing, self.logarithmic), strict=True):
            if axis.axis_label != label:
                axis.axis_label = label
        principal = drawing.plane is None
        self.choose_heights(drawing)
        if plot.grid[0].visible == principal:
            plot.grid.visible = not principal
        replace_columns(self.minimum, minimum_columns(drawing))
        replace_columns(self.ticks, tick_columns(drawing, self.theme))
        replace_columns(self.rings, ring_columns() if principal else {"x": [], "y": []})
        self.at(drawing, frame)

    def choose_heights(self, drawing: DrawingData) -> None:
        """Give the neurons a logarithmic scale with an axis of its own, or the axis of the function."""
        shown = self.logarithmic and drawing.plane is not None
        limits: Any = self.figure.y_range
        self.heights = LogHeights.of(drawing, limits.start, limits.end) if shown else None
        self.height_axis.visible = shown
        if self.heights is not None:
            ticks = self.heights.ticks()
            if self.height_axis.major_label_overrides != ticks:
                # Not a new ticker: for a new model Bokeh searches the whole document, which takes ten times as
                # long as all that a move of a slider changes.
                ticker: Any = self.height_axis.ticker
                ticker.ticks = list(ticks)
                self.height_axis.major_label_overrides = ticks

    def place_points(self, drawing: DrawingData) -> None:
        """Put the data's dots where the data are, unless a person is dragging one."""
        if not self.drag.held:
            self.placed = point_columns(drawing)
            replace_columns(self.points, self.placed)

    def on_drag(self, told: Callable[[list[float], list[float]], None]) -> None:
        """Call ``told`` with x and y of all dots whenever a person has dragged one.

        Bokeh reports every change, also the server's own, and reports that one late: by then a person may
        have asked for something newer, which these dots would undo.
        """

        def changed(attribute: str, old: Any, new: Any) -> None:
            if not all(columns_equal(new[name], column) for name, column in self.placed.items()):
                self.placed = {"x": list(new["x"]), "y": list(new["y"])}
                told(list(new["x"]), list(new["y"]))

        self.points.on_change("data", changed)

    def at(self, drawing: DrawingData, frame: int) -> None:
        """Show another frame of the same run."""
        state = drawing.state(frame)
        replace_columns(self.neurons, neuron_columns(drawing, state, self.heights, self.theme))
        replace_columns(self.function, function_columns(drawing, state))

    def show_other(self, other: OtherMethod | None, instant: int) -> None:
        """Draw the function by another method at one of its instants; None: none."""
        if other is None or not len(other.position):
            replace_columns(self.other, {"x": [], "h": []})
        else:
            replace_columns(self.other, {"x": other.position, "h": other.function[instant]})


def ring_columns() -> dict[str, list[np.ndarray]]:
    """Make the circles of equal norm of the principal plane."""
    angle = np.linspace(0, 2 * np.pi, 121)
    radii = np.sqrt(RINGS)
    return {"x": [radius * np.cos(angle) for radius in radii], "y": [radius * np.sin(angle) for radius in radii]}


def axis_labels(drawing: DrawingData, logarithmic: bool) -> tuple[str, str]:
    """Name the axes."""
    if drawing.plane is None:
        first, second = drawing.view.names
        return first, second
    biased = drawing.plane.one.bias_column is not None
    across = "kink of the neuron, input x" if biased else "input x (all kinks are at 0)"
    return across, "h(x)" if logarithmic else "sign of aⱼ × |wⱼ|,  h(x)"


def create_network_plot(network: NetworkPlot) -> figure:
    """Draw the glyphs of figure 2 from the sources of a plot.

    A neuron is a triangle up or down by its role, hollow at the border if its kink is outside, with a thick
    edge while it slides. The function is a solid line, the minimum-norm function a dashed one; the data are
    large dots that can be dragged.
    """
    theme = network.theme
    plot = styled_figure(theme, title="The network", height=HEIGHT, x_label="", y_label="")
    plot.hspan(y=[0], line_color=theme.line, line_width=1.2)
    plot.multi_line("x", "y", source=network.rings, line_color=theme.line)
    plot.segment("x0", "y0", "x1", "y1", source=network.ticks, line_color="color", line_width=3)
    plot.line("x", "h", source=network.function, line_color=GREEN, line_width=3)
    plot.line(
        "x", "h", source=network.minimum, line_color=theme.ink, line_width=1.6, line_dash=[6, 4],
    )  # fmt: skip
    plot.line(
        "x", "h", source=network.other, line_color=shade(OTHER_METHOD, theme), line_dash=OTHER_DASH, line_width=2
    )
    plot.scatter(
        "x", "y", source=network.points, size=13, fill_color=GREEN, line_color=theme.ink, line_width=1.4,
    )  # fmt: skip
    neurons = plot.scatter(
        "x", "y", source=network.neurons, marker="marker", size=10, fill_color="fill", line_color="edge",
        line_width="width", nonselection_alpha=0.18,
    )  # fmt: skip
    hover = HoverTool(
        renderers=[neurons],
        limit=1,
        tooltips=[
            ("neuron", "@neuron"), ("role", "@role"), ("log₁₀ |w|", "@log10_norm{0.000}"),
            ("kink", "@kink{0.0000}"),
            ("sliding", "@sliding"),
            ("others", "@more"),
        ],
    )  # fmt: skip
    plot.add_tools(hover, "box_select", "lasso_select")
    plot.add_layout(style_axis(network.height_axis, theme), "right")
    return plot
