"""Dots that a person can drag: their positions are sent while they move, not only at the end.

Bokeh's own tool for this (PointDrawTool) must be selected on the toolbar first, takes the clicks that select
neurons, and sends the position of a dot only at the end.
"""

from __future__ import annotations

from pathlib import Path

from bokeh.events import PanEnd, PanStart
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure

SCRIPT = Path(__file__).with_suffix(".js").read_text()
REACH = 14
"""A drag moves a dot if it starts within so many pixels of the dot's centre."""
PAUSE = 40
"""Milliseconds between two messages: a pointer moves more often than a server can draw."""
FIXED = "fixed"
"""The tag of a source whose dots cannot be dragged."""


class PointDrag:
    """Lets a person drag the dots of a source in a plot, unless another tool is selected.

    Parameters
    ----------
    plot
        Where they are drawn, on linear axes.
    points
        Their columns x and y; replaced while a dot is dragged.

    Attributes
    ----------
    held
        Whether a drag goes on. Then the dots must not be set back to their last computed positions, and the
        axes must not change.
    """

    def __init__(self, plot: figure, points: ColumnDataSource) -> None:
        self.points, self.held = points, False
        plot.toolbar.active_drag = None
        args = {"plot": plot, "points": points, "reach": REACH, "pause": PAUSE, "fixed": FIXED}
        drag = CustomJS(args=args, code=SCRIPT)
        for event in ("panstart", "pan", "panend"):
            plot.js_on_event(event, drag)
        plot.on_event(PanStart, lambda _: self.hold(True))
        plot.on_event(PanEnd, lambda _: self.hold(False))

    def hold(self, held: bool) -> None:
        """Note that a drag begins or ends."""
        self.held = held

    def allow(self, allowed: bool) -> None:
        """Let the dots be dragged, or not."""
        if allowed == (FIXED in self.points.tags):
            self.points.tags = [] if allowed else [FIXED]
