"""A picture of layers: boxes that import only what lies below them, and the table of who imports whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

WIDTH, CAPTION, TALL, GAP, EDGE = 760, 20, 42, 20, 10


class Layer(NamedTuple):
    """Boxes side by side.

    Attributes
    ----------
    name
        What they have in common.
    boxes
        The name of each, and in a few words what it is about.
    sideways
        Whether they may import each other.
    flows
        Whether an arrow leads from each to the next: data that is handed on, not an import.
    """

    name: str
    boxes: tuple[tuple[str, str], ...]
    sideways: bool = False
    flows: bool = False


def upward(layers: Sequence[Layer], imports: Mapping[str, set[str]]) -> list[str]:
    """List the imports that go to a higher layer, or within one whose boxes must not import each other."""
    level = {box: i for i, layer in enumerate(layers) for box, _ in layer.boxes}
    return [
        f"{box} imports {other}"
        for box, others in sorted(imports.items())
        for other in sorted(others)
        if not (level[other] > level[box] or (level[other] == level[box] and layers[level[box]].sideways))
    ]


def page(layers: Sequence[Layer], imports: Mapping[str, set[str]], title: str) -> str:
    """Write the picture, and beneath it who imports whom, in full."""
    order = [box for layer in layers for box, _ in layer.boxes]
    lists = {box: ", ".join(short(other) for other in order if other in imports[box]) for box in order}
    rows = [f"| **{short(box)}** | {others or 'nothing'} |" for box, others in lists.items()]
    table = "\n".join(["| part | imports |", "|---|---|", *rows]).replace("_", "\\_")
    return f"```{{raw}} html\n{picture(layers, title)}\n```\n\n{table}\n"


def picture(layers: Sequence[Layer], title: str) -> str:
    """Draw the layers as SVG, the highest on top."""
    parts, top = [], 0.0
    for layer in layers:
        if top:
            parts.append(_arrow(WIDTH / 2, top - GAP + 2, GAP - 4, down=True))
        parts.append(_layer(top, layer))
        top += CAPTION + TALL + EDGE + GAP
    words = escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {top - GAP:.0f}" class="layers" role="img" aria-label="{words}">'
        f"<title>{words}</title>{''.join(parts)}</svg>"
    )


def short(box: str) -> str:
    """Return a package's name without ``pipeline``."""
    return box.removeprefix("pipeline.")


def _layer(top: float, layer: Layer) -> str:
    space = 22.0 if layer.flows else EDGE
    width = (WIDTH - 2 * EDGE - space * (len(layer.boxes) - 1)) / len(layer.boxes)
    parts = [
        f'<rect x="0" y="{top:.0f}" width="{WIDTH}" height="{CAPTION + TALL + EDGE}" rx="4" class="layer"/>',
        f'<text x="{EDGE}" y="{top + 14:.0f}" class="side">{escape(layer.name)}</text>',
    ]
    for i, (box, about) in enumerate(layer.boxes):
        left = EDGE + i * (width + space)
        parts.append(_box((left, top + CAPTION, width), box, about))
        if layer.flows and i:
            parts.append(_arrow(left - space + 2, top + CAPTION + TALL / 2, space - 4))
    return "".join(parts)


def _box(place: tuple[float, float, float], name: str, about: str) -> str:
    left, top, width = place
    middle = left + width / 2
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{TALL}" rx="4" class="box"/>'
        f'<text x="{middle:.0f}" y="{top + 18:.0f}" class="name">{escape(short(name))}</text>'
        f'<text x="{middle:.0f}" y="{top + 34:.0f}" class="about">{escape(about)}</text>'
    )


def _arrow(x: float, y: float, length: float, *, down: bool = False) -> str:
    """An arrow to the right, or down."""
    turn = f'transform="translate({x:.0f} {y:.0f}){" rotate(90)" if down else ""}"'
    line = f'<path d="M0 0H{length - 6:.0f}" class="flow"/>'
    return f'<g {turn}>{line}<path d="M{length - 7:.0f} -4l7 4l-7 4z" class="head"/></g>'
