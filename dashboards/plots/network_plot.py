"""Figure 2, alive: the neurons, the function, the data and the minimum-norm function at one instant.

Bokeh's own figures, not HoloViews elements: these pictures change at every move of a slider, and HoloViews makes
the elements of each of their glyphs anew; here the figures are made once, and their columns are replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.models.annotations import LegendItem
from bokeh.plotting import figure

from dashboards.drawing_data import DrawingData
from dashboards.plots.figure_style import set_limits, styled_figure
from dashboards.plots.point_drag import PointDrag
from dashboards.plots.source_columns import (
    function_columns,
    minimum_columns,
    neuron_columns,
    point_columns,
    tick_columns,
    window,
)
from dashboards.plots.sources import columns_equal, empty_source, replace_columns
from dashboards.theme import Theme

HEIGHT = 470
GREEN = "#009E73"
"""The function's and the data's, as in the printed figure."""
DRAGGED, STILL = "data (drag)", "data"
"""What the legend says of the data: that it can be dragged, or not."""
RINGS = (1.0, 0.1, 0.01)
"""The norms at which circles are drawn in the principal plane, as parts of the largest."""


@dataclass
class NetworkPlot:
    """The picture and the columns that it shows.

    Attributes
    ----------
    theme
        The colours.
    neurons, function, minimum, points, ticks
        The columns: see :mod:`dashboards.plots.source_columns`.
    placed
        The data's dots as the server or a person put them last.
    figure
        What is shown.
    dragging, legend
        What lets the data be dragged, and what tells that it can be.
    """

    theme: Theme
    neurons: ColumnDataSource = field(
        default_factory=lambda: empty_source(
            "x", "y", "fill", "edge", "width", "marker", "neuron", "role", "kink", "log10_norm", "sliding"
        )
    )
    function: ColumnDataSource = field(default_factory=lambda: empty_source("x", "h"))
    minimum: ColumnDataSource = field(default_factory=lambda: empty_source("x", "h"))
    points: ColumnDataSource = field(default_factory=lambda: empty_source("x", "y"))
    ticks: ColumnDataSource = field(default_factory=lambda: empty_source("x0", "y0", "x1", "y1", "color"))
    rings: ColumnDataSource = field(default_factory=lambda: empty_source("x", "y"))
    placed: dict[str, Any] = field(default_factory=lambda: {"x": [], "y": []})
    figure: figure = field(init=False)
    dragging: PointDrag = field(init=False)
    legend: LegendItem = field(init=False)

    def __post_init__(self) -> None:
        self.figure = create_network_plot(self)
        self.dragging = PointDrag(self.figure, self.points)
        items = [item for item in self.figure.legend[0].items if isinstance(item, LegendItem)]
        (self.legend,) = (item for item in items if item.label == value(DRAGGED))

    def allow_drag(self, allowed: bool) -> None:
        """Let the data be dragged or not: a generated set, a file's, and one of many inputs stay."""
        self.dragging.allow(allowed)
        self.legend.label = value(DRAGGED if allowed else STILL)

    def show(self, drawing: DrawingData, frame: int) -> None:
        """Show a run at a frame."""
        plot = self.figure
        if not self.dragging.held:
            left, right, bottom, top = window(drawing)
            set_limits(plot.x_range, left, right)
            set_limits(plot.y_range, bottom, top)
        self.place_points(drawing)
        plot.xaxis.axis_label, plot.yaxis.axis_label = labels(drawing)
        round_ = drawing.plane is None
        plot.axis.visible = True
        plot.xgrid.visible = plot.ygrid.visible = plot.legend.visible = not round_
        replace_columns(self.minimum, minimum_columns(drawing))
        replace_columns(self.ticks, tick_columns(drawing))
        replace_columns(self.rings, ring_columns() if round_ else {"x": [], "y": []})
        self.at(drawing, frame)

    def place_points(self, drawing: DrawingData) -> None:
        """Put the data's dots where the data are, unless somebody holds one."""
        if not self.dragging.held:
            self.placed = point_columns(drawing)
            replace_columns(self.points, self.placed)

    def on_drag(self, told: Callable[[list[float], list[float]], None]) -> None:
        """Tell x and y of all dots whenever a person has dragged one.

        Bokeh tells of every change, also of the server's own, and of that after the change of all else: by then
        a person may have asked for something newer, which these dots would undo.
        """

        def changed(attribute: str, old: Any, new: Any) -> None:
            if not all(columns_equal(new[name], column) for name, column in self.placed.items()):
                self.placed = {"x": list(new["x"]), "y": list(new["y"])}
                told(list(new["x"]), list(new["y"]))

        self.points.on_change("data", changed)

    def at(self, drawing: DrawingData, frame: int) -> None:
        """Show another frame of the same run."""
        state = drawing.state(frame)
        replace_columns(self.neurons, neuron_columns(drawing, state))
        replace_columns(self.function, function_columns(drawing, state))


def ring_columns() -> dict[str, list[np.ndarray]]:
    """Make the circles of equal norm of the principal plane."""
    angle = np.linspace(0, 2 * np.pi, 121)
    radii = np.sqrt(RINGS)
    return {"x": [radius * np.cos(angle) for radius in radii], "y": [radius * np.sin(angle) for radius in radii]}


def labels(drawing: DrawingData) -> tuple[str, str]:
    """Name the axes."""
    if drawing.plane is None:
        first, second = drawing.view.names
        return first, second
    biased = drawing.plane.bias_column is not None
    return "kink of the neuron, input x" if biased else "input x (all kinks are at 0)", "sign of aⱼ × |wⱼ|,  h(x)"


def create_network_plot(picture: NetworkPlot) -> figure:
    """Draw the glyphs of figure 2 on a picture's columns.

    Neurons: a triangle up or down by role, hollow at the border if the kink is outside, with a thick edge while
    they slide. The function is a solid line, the minimum-norm function a dashed one, the data large dots that can
    be dragged.
    """
    theme = picture.theme
    plot = styled_figure(theme, title="The network", height=HEIGHT, x_label="", y_label="")
    plot.hspan(y=[0], line_color=theme.line, line_width=1.2)
    plot.multi_line("x", "y", source=picture.rings, line_color=theme.line)
    plot.segment("x0", "y0", "x1", "y1", source=picture.ticks, line_color="color", line_width=3)
    plot.line("x", "h", source=picture.function, line_color=GREEN, line_width=3, legend_label="h(x)")
    plot.line(
        "x", "h", source=picture.minimum, line_color=theme.ink, line_width=1.6, line_dash=[6, 4],
        legend_label="minimum norm",
    )  # fmt: skip
    plot.scatter(
        "x", "y", source=picture.points, size=13, fill_color=GREEN, line_color=theme.ink, line_width=1.4,
        legend_label=DRAGGED,
    )  # fmt: skip
    neurons = plot.scatter(
        "x", "y", source=picture.neurons, marker="marker", size=10, fill_color="fill", line_color="edge",
        line_width="width", nonselection_alpha=0.18,
    )  # fmt: skip
    hover = HoverTool(
        renderers=[neurons],
        tooltips=[
            ("neuron", "@neuron"), ("role", "@role"), ("log₁₀ |w|", "@log10_norm{0.000}"),
            ("kink", "@kink{0.0000}"),
            ("sliding", "@sliding"),
        ],
    )  # fmt: skip
    plot.add_tools(hover, "box_select", "lasso_select")
    plot.legend.orientation = "horizontal"
    plot.legend.location = "top_left"
    plot.legend.background_fill_alpha = 0.6
    plot.legend.background_fill_color = theme.panel
    plot.legend.border_line_color = None
    plot.legend.label_text_color = theme.ink
    plot.legend.label_text_font_size = "11px"
    plot.legend.padding = 2
    return plot
