"""What a figure shows when it is really drawn: its texts with their places, and its artists by their names."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from pipeline.figures.style import publication_style


def drawn_texts(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bbox]]:
    """Every text that is really drawn, and where."""
    drawn: list[tuple[str, Bbox]] = []
    draw = Text.draw

    def record(self: Text, renderer: object, *args: object, **kwargs: object) -> None:
        if self.get_visible() and self.get_text().strip():
            drawn.append((self.get_text(), Text.get_window_extent(self, renderer)))
        draw(self, renderer, *args, **kwargs)

    with monkeypatch.context() as patch, publication_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # the layout settles
        patch.setattr(Text, "draw", record)
        canvas.draw()
    return drawn


def assert_legible(figure: Figure, texts: list[tuple[str, Bbox]]) -> None:
    """No text is cut off by the figure's edge or overlaps another."""
    for text, box in texts:
        kept = Bbox.intersection(box, figure.bbox)
        assert kept is not None, f"{text!r} is outside"
        np.testing.assert_allclose(kept.extents, box.extents, err_msg=f"{text!r} is cut off")
    for i, (text, box) in enumerate(texts):
        for other, other_box in texts[i + 1 :]:
            shared = Bbox.intersection(box, other_box)
            # Line boxes include leading: a pixel or two of it may be shared.
            overlap = shared is not None and min(shared.width, shared.height) > 2
            assert not overlap, f"{text!r} overlaps {other!r}"


def artist(figure: Figure, gid: str, axes: int | None = None) -> Artist:
    """The first artist of that name, in all axes or in one."""
    found = figure.axes if axes is None else [figure.axes[axes]]
    return next(artist for ax in found for artist in ax.get_children() if artist.get_gid() == gid)
