"""Figure 2 alive: the network in motion, above the loss and its phases with a cursor at the time shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from catalog.schema import decode
from pipeline.figures.frames import FRAMES, FrameStates, frame_samples
from pipeline.figures.loss import draw_linear, label_time
from pipeline.figures.network import State
from pipeline.figures.panels import Panel, panel_of
from pipeline.figures.reading import Run, group_of, heading, phase_order, time_text, values
from pipeline.figures.roles import neuron_roles
from pipeline.figures.style import BLACK, PHASES, PURPLE, WIDTH

Picture = npt.NDArray[np.uint8]
"""(row, column, red-green-blue)."""

DOTS = 120
"""Dots an inch: 660 pixels of width, which a page shows as they are."""

HEIGHT, ROUND_HEIGHT = 5.5, 6.8
"""Inches: a panel of circles is a square. Times :data:`DOTS` both are even, as H.264 wants them."""


class Film:
    """The frames of a run's animation, each drawn when it is asked for.

    The axes, their words and all that stands still are drawn once, and kept as a picture; a frame is that picture
    with the moving artists drawn over it (an eighth of the time that a whole figure takes). Use it inside
    :func:`~pipeline.figures.style.publication_style`, with one thread.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm.
    frames
        How many frames, at most.
    """

    def __init__(self, tree: Run, frames: int = FRAMES) -> None:
        samples = frame_samples(tree, frames)
        self.time, self.loss = (values(tree, "trajectory", name)[samples] for name in ("time", "loss"))
        order = phase_order(tree)
        self._words = [
            f"{order.index(phase) + 1}  {PHASES[phase].name}"
            for phase in decode(group_of(tree, "phases")["phase"].isel(time=samples))
        ]
        self._states = FrameStates(tree, samples, neuron_roles(tree))
        self._drawing = panel_of(tree, self._states[-1])
        figure, self._panel, below = _stage(tree, self._drawing, self._states)
        self._title = self._panel.set_title(" ", animated=True)
        self._when = self._panel.set_title(" ", loc="right", animated=True)
        self._cursor = below.axvline(0, color=BLACK, linewidth=1.0, animated=True)
        (self._dot,) = below.plot(
            [], [], "o", color=PURPLE, markeredgecolor=BLACK, markersize=7, clip_on=False, animated=True
        )
        for artist in (self._cursor, self._dot):
            artist.set_in_layout(False)  # one that is not clipped would make room for itself wherever it is
        self._canvas = FigureCanvasAgg(figure)
        self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(figure.bbox)

    def __len__(self) -> int:
        return len(self.time)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = self._canvas.get_width_height()
        return width, height

    def frame(self, number: int) -> Picture:
        """Draw one frame."""
        self._canvas.restore_region(self._still)
        self._title.set_text(self._words[number])
        self._when.set_text(f"t = {time_text(float(self.time[number]))}")
        self._cursor.set_xdata([self.time[number]] * 2)
        self._dot.set_data([self.time[number]], [self.loss[number]])
        known = set(self._panel.get_children())
        self._drawing.draw_state(self._panel, self._states[number])
        moving: list[Artist] = [artist for artist in self._panel.get_children() if artist not in known]
        fixed: list[Artist] = [self._title, self._when, self._cursor, self._dot]
        renderer = self._canvas.get_renderer()
        for artist in [*sorted(moving, key=Artist.get_zorder), *fixed]:
            artist.draw(renderer)
        for artist in moving:
            artist.remove()
        return np.asarray(self._canvas.buffer_rgba())[:, :, :3].copy()


def _stage(tree: Run, drawing: Panel, states: Sequence[State]) -> tuple[Figure, Axes, Axes]:
    """Draw all that stands still: the figure, the network's axes, the loss."""
    figure = Figure(
        figsize=(WIDTH, ROUND_HEIGHT if drawing.round else HEIGHT),
        dpi=DOTS,
        layout=ConstrainedLayoutEngine(h_pad=0.06),
    )
    panel, below = figure.subplots(2, 1, height_ratios=(2.6 if drawing.round else 1.7, 1))
    panel.set_xlabel(drawing.labels[0])
    panel.set_ylabel(drawing.labels[1])
    drawing.frame(panel, states)
    drawing.draw_setting(panel)
    draw_linear(tree, below)
    label_time(tree, below)
    figure.suptitle(heading(tree), x=0.01, ha="left")
    figure.legend(handles=drawing.legend(states), loc="outside lower left", ncols=3)
    return figure, panel, below
