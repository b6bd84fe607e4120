"""The light and the dark theme of pages and plots: one table of colours, and the font.

Roles and phases have the colours of the figures (``pipeline.figures.ROLES``, Okabe and Ito 2008), each with a
second cue; here are only the colours that change with the background.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
"""A font that the reader's machine has: no page loads one from another host."""


@dataclass(frozen=True)
class Theme:
    """The colours of a theme.

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

    def css_variables(self) -> str:
        """Write the colours as CSS variables: ``--paper: #FFFFFF; ...``."""
        return " ".join(f"--{key}: {value};" for key, value in asdict(self).items() if key != "name")


LIGHT = Theme("light", "#F6F7F9", "#FFFFFF", "#1B1F24", "#5A6270", "#D9DDE3", "#0072B2")
DARK = Theme("dark", "#14171B", "#1C2127", "#E8EAED", "#A4ADB8", "#39414B", "#56B4E9")
BRIGHTER = {
    "#0072B2": "#56B4E9", "#D55E00": "#FF8F4A", "#7F7F7F": "#A9A9A9", "#332288": "#9C8CE0", "#882255": "#D77FA1",
}  # fmt: skip
"""The figures' colours that are hard to see on a dark background, and their brighter twins."""


def shade(color: str, theme: Theme) -> str:
    """Return a colour of the figures as it is drawn in a theme."""
    return BRIGHTER.get(color, color) if theme is DARK else color


THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
