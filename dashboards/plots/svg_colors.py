"""A figure of Matplotlib in the page's colours: its SVG, with the colours replaced."""

from __future__ import annotations

import re

from dashboards.theme import DARK, Theme, shade

COLOR = re.compile("#[0-9a-f]{6}")


def recolor_svg(svg: str, theme: Theme) -> str:
    """Give a figure the colours of a theme: paper, ink, and the brighter twins of what is hard to see on dark.

    Matplotlib writes no colour where it is black, so the root gets one, which all parts inherit.

    Parameters
    ----------
    svg
        From its first tag on.
    theme
        The light one is the figure's own.
    """
    if theme is not DARK:
        return svg
    plain = {"#ffffff": theme.panel, "#000000": theme.ink}

    def replace(found: re.Match[str]) -> str:
        color = found[0]
        return plain.get(color, shade(color.upper(), theme))

    return COLOR.sub(replace, svg).replace("<svg ", f'<svg fill="{theme.ink}" ', 1)
