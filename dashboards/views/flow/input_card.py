"""The card of the input plane: it is shown for inputs of two numbers, and follows the cursor when it rests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from dashboards.components import card, heading_pane
from dashboards.drawing_data import DrawingData
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.input_plot import Inputs, create_input_plot

Asked = tuple[DrawingData, Inputs, int, list[int]]
"""A run, its inputs, a frame, and the selected neurons."""


class InputCard:
    """The card of one visitor.

    Parameters
    ----------
    context
        The visitor's.
    failed
        Called with an error.
    """

    def __init__(self, context: PageContext, failed: Callable[[Exception], None]) -> None:
        self.context = context
        self.place = pn.Column(
            sizing_mode="stretch_width",
            margin=0,
            max_width=820,
            styles={"margin": "0 auto", "width": "min(820px, 100%)"},
        )
        self.role = pn.pane.HTML("", height=1, margin=0)
        self.layout = card(
            heading_pane(
                "The input plane",
                "The function as a map; each line is where a neuron changes between on and off, with the colour "
                "of its role, thick if it is selected; the dots are the data, with their labels as colours.",
            ),
            self.role,
            self.place,
        )
        self.layout.visible = False
        self.work = LatestOnly(pn.state.curdoc, self.make, self.show, failed)

    def follow(self, drawing: DrawingData, frame: int, neurons: list[int]) -> None:
        """Show a frame of a run, if its inputs are two numbers."""
        inputs = Inputs.of(drawing.run.groups["data"])
        self.layout.visible = inputs is not None
        if inputs is not None:
            self.work.request((drawing, inputs, frame, neurons))

    def make(self, asked: Asked) -> tuple[Any, str]:
        """Draw the plane; called in a thread of its own."""
        drawing, inputs, frame, neurons = asked
        figure = render_figure(create_input_plot(drawing, inputs, frame, neurons, self.context.theme))
        return (
            figure,
            f"The function over {inputs.names[0]} and {inputs.names[1]} at t = {drawing.time[frame]:.4g}",
        )

    def show(self, made: tuple[Any, str]) -> None:
        """Put the plane on the page."""
        figure, said = made
        self.role.object = f'<div role="img" aria-label="{said}"></div>'
        self.place[:] = [pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0)]
