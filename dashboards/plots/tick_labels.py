"""Words at the ticks of an axis: no more of them than can be read."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.models import Axis, FixedTicker

TICK_LABELS_LIMIT = 14
"""Of an axis; of more, as many are written as fit evenly."""


def label_ticks(axis: Axis, places: Sequence[float], words: Sequence[str], *, across: bool) -> None:
    """Write words at places of an axis (``across`` or up); of many only as many as can be read."""
    step = -(-len(places) // TICK_LABELS_LIMIT)
    chosen = range(0, len(places), step)
    axis.ticker = FixedTicker(ticks=[float(places[i]) for i in chosen])
    axis.major_label_overrides = {float(places[i]): words[i] for i in chosen}
    if across and sum(len(words[i]) + 2 for i in chosen) > 60:
        axis.major_label_orientation = 0.7
