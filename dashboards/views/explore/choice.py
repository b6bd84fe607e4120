"""What a visitor of the Explore page has chosen, and how an address says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dashboards.neurons.selection import NeuronSelection, read_query
from dashboards.page_context import PageContext
from dashboards.plots.slice_scales import SCALES
from dashboards.slices.layout import PARTS, Layout, default_layout, fitting

KINDS = {"lines": "lines", "points": "points", "map": "heat map"}
"""How a slice is drawn, by what an address says."""
CONTINUOUS = ("time",)
"""The dimensions along which values are joined by lines."""
KEYS = ("show", *PARTS, "at", "as", "scale", "xscale", "only", "window")
"""The parameters of an address that describe the picture."""


@dataclass(frozen=True)
class Choice:
    """The choices of a visitor.

    Attributes
    ----------
    sources
        The keys of the runs and files, from :mod:`dashboards.slices.sources`.
    path
        The variable: ``group/name``.
    layout
        What its dimensions are drawn as.
    kind
        One of :data:`KINDS`.
    x_scale, y_scale
        Scales of x and of the values.
    neurons
        The selected neurons.
    alone
        Whether only these are drawn.
    window
        The part of x that is shown; None for all of it.
    """

    sources: tuple[str, ...]
    path: str = ""
    layout: Layout = field(default_factory=Layout)
    kind: str = "lines"
    x_scale: str = "linear"
    y_scale: str = "linear"
    neurons: NeuronSelection = field(default_factory=NeuronSelection)
    alone: bool = False
    window: tuple[float, float] | None = None

    def query(self) -> dict[str, str | None]:
        """Write the picture as parameters of an address; the sources are written by the page."""
        return {
            "show": self.path,
            **{name: self.layout.part(name) or "-" for name in PARTS},
            "at": json.dumps(dict(self.layout.at), separators=(",", ":")) if self.layout.at else None,
            "as": self.kind,
            "scale": self.y_scale,
            "xscale": self.x_scale,
            "only": "selected" if self.alone else None,
            "window": None if self.window is None else ",".join(f"{end:.6g}" for end in self.window),
            **self.neurons.query(),
        }

    def with_variable(self, path: str, sizes: Mapping[str, int], flags: bool) -> Choice:
        """Choose another variable: the layout stays where the variable has the same dimensions."""
        same = self.path and all(self.layout.part(name) in ("", *sizes) for name in PARTS)
        drawn = {self.layout.part(name) for name in PARTS} | set(self.layout.at)
        layout = fitting(self.layout, sizes) if same and set(sizes) <= drawn else default_layout(sizes)
        kept = self.window if layout.x == self.layout.x else None
        return replace(self, path=path, layout=layout, kind=default_kind(layout, flags), window=kept)


def default_kind(layout: Layout, flags: bool) -> str:
    """Choose how a variable is drawn: labels over two dimensions as a heat map, what is no quantity as points."""
    if flags and layout.lines:
        return "map"
    return "lines" if layout.x in CONTINUOUS else "points"


def read_choice(
    context: PageContext, sources: tuple[str, ...], path: str, sizes: Mapping[str, int], flags: bool
) -> Choice:
    """Read the choices from an address; what is not allowed is corrected, with a message.

    Parameters
    ----------
    context
        The visitor's.
    sources, path
        What the page has read already.
    sizes, flags
        The dimensions of the variable, and whether its values are labels.
    """
    first = default_layout(sizes)
    layout = first
    if any(name in context.query for name in PARTS):
        allowed = ["-", *sizes]
        parts = {name: context.choice(name, allowed, first.part(name) or "-") for name in PARTS}
        chosen = [dim for dim in parts.values() if dim != "-"]
        if len(set(chosen)) < len(chosen):
            context.say("Two of x, lines, colour and play name the same dimension. Shown is the usual picture.")
            for name in PARTS:
                context.query.pop(name, None)
        else:
            x, lines, colour, play = ("" if parts[name] == "-" else parts[name] for name in PARTS)
            layout = Layout(x, lines, colour, play)
    layout = fitting(replace(layout, at=read_places(context, sizes)), sizes)
    return Choice(
        sources=sources,
        path=path,
        layout=layout,
        kind=context.choice("as", KINDS, default_kind(layout, flags)),
        x_scale=context.choice("xscale", SCALES, "linear"),
        y_scale=context.choice("scale", SCALES, "linear"),
        neurons=read_query(context.query, context.say),
        alone=context.choice("only", ("selected", ""), "") == "selected",
        window=context.window("window"),
    )


def read_places(context: PageContext, sizes: Mapping[str, int]) -> dict[str, int]:
    """Read the places of the sliders: ``{"coord":1}``."""
    said = context.text("at")
    if not said:
        return {}
    try:
        found: Any = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(type(place) is int for place in found.values()):
        context.say(f'at = {said[:40]!r} is not known: allowed are places by dimension, {{"coord":1}}.')
        context.query.pop("at")
        return {}
    kept = {}
    for dim, place in found.items():
        if dim not in sizes or not 0 <= place < sizes[dim]:
            most = f"0 to {sizes[dim] - 1:,}" if dim in sizes else "dimensions of the variable"
            context.say(f"at: {dim} = {place} is not there: allowed are {most}.")
        else:
            kept[dim] = place
    return kept
