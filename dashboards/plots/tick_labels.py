"""Texts at the ticks of an axis: no more of them than can be read."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.models import Axis, FixedTicker, NoOverlap

TICK_LABELS_LIMIT = 14
"""Labels of an axis at most; of more places evenly spaced ones are labelled."""


def label_ticks(axis: Axis, places: Sequence[float], words: Sequence[str], *, across: bool) -> None:
    """Label places of an axis, which is horizontal if ``across``."""
    step = -(-len(places) // TICK_LABELS_LIMIT)
    chosen = range(0, len(places), step)
    axis.ticker = FixedTicker(ticks=[float(places[i]) for i in chosen])
    axis.major_label_overrides = {float(places[i]): words[i] for i in chosen}
    if across:  # on a phone places that are near each other have no room for all
        axis.major_label_policy = NoOverlap()
    if across and sum(len(words[i]) + 2 for i in chosen) > 60:
        axis.major_label_orientation = 0.7


def spread_labels(labels: dict[float, str], most: int) -> dict[float, str]:
    """Keep at most so many labels, evenly spread, with the first."""
    step = -(-len(labels) // most)
    return {place: text for number, (place, text) in enumerate(labels.items()) if number % step == 0}
