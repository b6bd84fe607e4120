"""The legends of the Flow page as HTML: what the pictures' marks mean, read by screen readers too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboards.theme import Theme, shade
from pipeline.figures import PHASES, ROLES

PURPLE = "#CC79A7"
"""The colour of plateaus, as in the printed figure."""
GREEN = "#009E73"
"""The colour of the function and the data, as in the printed figure."""
OTHER_METHOD, OTHER_DASH = "#882255", [8, 3, 2, 3]
"""The colour and the dashes of another method beside the run."""
_SHAPES = {
    "^": '<path d="M7 1 13 13H1z"/>', "v": '<path d="M7 13 1 1h12z"/>', "o": '<circle cx="7" cy="7" r="5.5"/>',
}  # fmt: skip
STYLE = """
ul.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: 1px 14px; padding: 0; margin: 2px 0; font-size: 12.5px;
}
ul.legend li { display: flex; align-items: center; gap: 5px; }
ul.legend svg { flex: none; }
"""


def _entry(drawn: str, text: str, width: int = 14) -> str:
    return f'<li><svg width="{width}" height="14" aria-hidden="true">{drawn}</svg>{escape(text)}</li>'


def network_legend(theme: Theme, roles: Sequence[str], *, principal: bool, draggable: bool) -> str:
    """Explain the marks of the network's picture: not in the picture, where a phone has no room for it.

    Parameters
    ----------
    theme
        The page's colours.
    roles
        Those that occur.
    principal
        Whether it is the plane of the weights, which has rings and ticks, but no function.
    draggable
        Whether the data can be dragged.
    """
    entries = [
        _entry(f'<g fill="{shade(style.color, theme)}">{_SHAPES[style.marker]}</g>', style.name)
        for style in (ROLES[role] for role in roles)
    ]
    ring = f'fill="{shade(ROLES["other"].color, theme)}" stroke="{theme.ink}" stroke-width="2.4"'
    entries.append(_entry(f'<circle cx="7" cy="7" r="5" {ring}/>', "thick edge: sliding"))
    if principal:
        circle = f'<circle cx="7" cy="7" r="6" fill="none" stroke="{theme.faint}"/>'
        tick = f'<path d="M1 7H13" stroke="{shade(ROLES["positive"].color, theme)}" stroke-width="3"/>'
        entries += [
            _entry(circle, "rings: 1, 1/10, 1/100 of the largest norm"),
            _entry(tick, "ticks at the rim: data points"),
        ]
    else:
        hollow = f'<circle cx="7" cy="7" r="5" fill="none" stroke="{theme.faint}" stroke-width="1.6"/>'
        entries.append(_entry(hollow, "hollow: its kink is outside"))
        entries += _function_entries(theme, draggable)
    return f'<ul class="legend" aria-label="Marks">{"".join(entries)}</ul>'


def _function_entries(theme: Theme, draggable: bool) -> list[str]:
    function = f'<path d="M0 7H22" stroke="{GREEN}" stroke-width="3"/>'
    minimum = f'<path d="M0 7H22" stroke="{theme.ink}" stroke-width="1.6" stroke-dasharray="6 4"/>'
    dot = f'<circle cx="7" cy="7" r="5.5" fill="{GREEN}" stroke="{theme.ink}" stroke-width="1.4"/>'
    return [
        _entry(function, "h(x)", 22), _entry(minimum, "minimum norm", 22),
        _entry(dot, "data (drag)" if draggable else "data"),
    ]  # fmt: skip


def phases_legend(theme: Theme, order: list[str], *, tested: bool = False) -> str:
    """Explain the bands of the curves, numbered in the order in which they come, and the thick plateaus.

    Parameters
    ----------
    theme
        The page's colours.
    order
        The phases of the run in their order.
    tested
        Whether the loss has a second line, on data that the flow does not see.
    """
    entries = [
        _entry(
            f'<rect width="14" height="14" fill="{PHASES[phase].color}" fill-opacity="0.35"/>',
            f"{number} {PHASES[phase].name}",
        )
        for number, phase in enumerate(order, start=1)
    ]
    line = f'<path d="M0 7H22" stroke="{PURPLE}" stroke-width="8" stroke-opacity="0.55"/>'
    line += f'<path d="M0 7H22" stroke="{theme.ink}" stroke-width="2"/>'
    entries.append(_entry(line, "plateau", 22))
    if tested:
        dashes = f'<path d="M0 7H22" stroke="{theme.ink}" stroke-opacity="0.6" stroke-dasharray="6 4"/>'
        entries.append(_entry(dashes, "test loss", 22))
    return f'<ul class="legend" aria-label="Phases">{"".join(entries)}</ul>'


def other_method_mark(theme: Theme) -> str:
    """Draw the line of another method."""
    dashes = " ".join(map(str, OTHER_DASH))
    line = (
        f'<path d="M0 5H30" stroke="{shade(OTHER_METHOD, theme)}" stroke-width="2" stroke-dasharray="{dashes}"/>'
    )
    return f'<svg width="30" height="10" aria-hidden="true">{line}</svg>'
