"""Which dimension of a variable is drawn as what: along x, as lines, as colours, as frames, or at one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

PARTS = ("x", "lines", "colour", "play")
"""What a dimension can be drawn as; one that is none of them has a slider."""
FIRST_ALONG_X = ("time", "statement", "plateau_number", "instant", "neuron")
"""The dimensions that are drawn along x by default, the first of them that a variable has."""
FIRST_AS_LINES = ("neuron", "point", "cluster", "kink", "plateau_number")
"""Likewise as lines."""


@dataclass(frozen=True)
class Layout:
    """The dimensions of a slice.

    Attributes
    ----------
    x
        The dimension along the horizontal axis; empty for a scalar.
    lines
        One line, or one row of a heat map, for each of its places; empty for none.
    colour
        One colour for each of its places; empty for none.
    play
        One frame for each of its places; empty for none.
    at
        The place of each dimension that is not drawn; ``play`` has its place here too.
    """

    x: str = ""
    lines: str = ""
    colour: str = ""
    play: str = ""
    at: Mapping[str, int] = field(default_factory=dict)

    def part(self, name: str) -> str:
        """Return the dimension of one of :data:`PARTS`; empty for none."""
        return str(getattr(self, name))

    def with_part(self, name: str, dim: str, sizes: Mapping[str, int]) -> Layout:
        """Draw a dimension as something else.

        The part that the dimension had before gets what ``name`` had, so that each dimension is drawn once, and
        one is always along x; frames that lose their dimension end.
        """
        changed = {name: dim}
        for other in PARTS:
            if other != name and dim and self.part(other) == dim:
                changed[other] = "" if other == "play" else self.part(name)
        return fitting(replace(self, **changed), sizes)  # type: ignore[arg-type]

    def with_place(self, dim: str, place: int) -> Layout:
        """Move the slider of a dimension."""
        return replace(self, at={**self.at, dim: place})


def default_layout(sizes: Mapping[str, int]) -> Layout:
    """Choose a layout: time along x, neurons or points as lines, a slider for every other dimension."""
    along = next((dim for dim in FIRST_ALONG_X if sizes.get(dim, 0) > 1), "")
    if not along:
        along = max(sizes, key=lambda dim: sizes[dim], default="")
    lines = next((dim for dim in (*FIRST_AS_LINES, *sizes) if dim in sizes and dim != along), "")
    return fitting(Layout(x=along, lines=lines), sizes)


def fitting(layout: Layout, sizes: Mapping[str, int]) -> Layout:
    """Drop the dimensions that a variable does not have, and give each that is not drawn a place."""
    kept = {name: layout.part(name) if layout.part(name) in sizes else "" for name in PARTS}
    if not kept["x"] and sizes:
        free = [dim for dim in sizes if dim not in kept.values()] or list(sizes)
        kept["x"] = max(free, key=lambda dim: sizes[dim])
        kept |= {name: "" for name in PARTS[1:] if kept[name] == kept["x"]}
    drawn = {kept["x"], kept["lines"], kept["colour"]}
    at = {
        dim: min(max(0, layout.at.get(dim, size - 1 if dim == "time" else 0)), max(0, size - 1))
        for dim, size in sizes.items()
        if dim not in drawn
    }
    return Layout(at=at, **kept)
