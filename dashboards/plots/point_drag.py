"""Dots that follow the hand: what a person drags is said on the way, not only when it is let go.

Bokeh's own tool for this (PointDrawTool) has to be chosen on the toolbar first, takes the clicks that choose
neurons, and says where a dot is only at the end.
"""

from __future__ import annotations

from pathlib import Path

from bokeh.events import PanEnd, PanStart
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.plotting import figure

SCRIPT = Path(__file__).with_suffix(".js").read_text()
REACH = 14
"""Pixels from a dot's middle within which it is taken hold of."""
PAUSE = 40
"""Milliseconds between two messages: a hand moves more often than a server can draw."""
FIXED = "fixed"
"""The tag of a source whose dots stay."""


class PointDrag:
    """Lets the dots of a source be dragged in a plot, by whoever has chosen no other tool.

    Parameters
    ----------
    plot
        Where they are drawn, on linear axes.
    points
        Their columns x and y; replaced while a dot is dragged.

    Attributes
    ----------
    held
        Whether a finger or a button is down in the plot. Then its dots are where the hand is, and must not be put
        back to where it was a moment ago; nor may the axes move away under it.
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
        """Take note that a drag begins or ends."""
        self.held = held

    def allow(self, allowed: bool) -> None:
        """Let the dots be dragged, or not."""
        if allowed == (FIXED in self.points.tags):
            self.points.tags = [] if allowed else [FIXED]
