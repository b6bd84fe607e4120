"""How pages and plots look in light and in dark: one table of colours, and the font.

The roles' and phases' colours are the figures' (``pipeline.figures.ROLES``, Okabe and Ito 2008), each with a
second cue; here are only those that change with the background.
"""

from __future__ import annotations

from dataclasses import dataclass

FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
"""Whatever the reader's machine has: no page asks another host for one."""


@dataclass(frozen=True)
class Theme:
    """A set of colours.

    Attributes
    ----------
    name
        ``light`` or ``dark``; the value of ``theme`` in an address.
    paper, panel
        The page's background, and that of cards and plots.
    ink, faint, line
        Text; text of less weight (at least 4.5 : 1 on ``panel``); grid and borders.
    accent
        Links and what is selected.
    """

    name: str
    paper: str
    panel: str
    ink: str
    faint: str
    line: str
    accent: str


LIGHT = Theme("light", "#F6F7F9", "#FFFFFF", "#1B1F24", "#5A6270", "#D9DDE3", "#0072B2")
DARK = Theme("dark", "#14171B", "#1C2127", "#E8EAED", "#A4ADB8", "#39414B", "#56B4E9")
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
