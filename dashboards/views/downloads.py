"""The files that a run can be downloaded as: a menu and one button, for any page that shows a run.

Each file is made by ``dashboards.exports`` when the button is pressed, in a thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from io import BytesIO

import panel as pn
import xarray as xr

from dashboards.components import html_pane
from dashboards.exports.curves_csv import write_curves_csv
from dashboards.exports.figure_files import draw_figure_file
from dashboards.exports.preset_file import write_preset
from dashboards.exports.standalone_page import write_standalone_page
from dashboards.run_selection import read_configuration
from dashboards.theme import LIGHT, Theme
from dashboards.views.file_button import FileButton, size_text
from pipeline.figures import ANIMATIONS, FIGURES, FORMATS, animation

TITLES = {
    "figure-1-timeline": "Figure 1, the timeline",
    "figure-2-states": "Figure 2, four states",
    "figure-3-loss": "Figure 3, the loss",
}
"""The names of the figures in the menu."""


@dataclass(frozen=True)
class CurveSelection:
    """The selected part of a run: neurons by their labels, and a range of t (None: all of it)."""

    neurons: Sequence[int] = ()
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Offer:
    """A file that a run can become.

    Attributes
    ----------
    group, title
        Its group in the menu, and its title there.
    suffix
        The end of the file's name, after the run's name: ``-figure-3-loss.png``, ``.toml``.
    make
        Makes the content from the run's tree.
    as_preset
        Whether the file has the name of its preset (``orthogonal``), from which ``reluflow run`` names its
        runs.
    """

    group: str
    title: str
    suffix: str
    make: Callable[[xr.DataTree], bytes | str]
    as_preset: bool = False


def list_offers(curves: Callable[[], CurveSelection] = CurveSelection, theme: Theme = LIGHT) -> list[Offer]:
    """List the files that a run can become, in the menu's order.

    Parameters
    ----------
    curves
        Returns what is selected when the button is pressed.
    theme
        The colours of the page that works without a server.
    """

    def write_csv(tree: xr.DataTree) -> str:
        chosen = curves()
        return write_curves_csv(tree, chosen.neurons, chosen.start, chosen.end)

    def write_toml(tree: xr.DataTree) -> str:
        return write_preset(read_configuration(json.loads(tree.attrs["configuration"])))

    figures = [
        Offer(
            "Figures", f"{TITLES.get(name, name)} ({form.upper()})", f"-{name}.{form}",
            partial(draw_figure_file, name=name, file_format=form),
        )
        for name in FIGURES
        for form in FORMATS
    ]  # fmt: skip
    animations = [
        Offer(
            "Animations", f"Animation ({form.upper()})", f"-animation.{form}",
            partial(animation, file_format=form),
        )
        for form in ANIMATIONS
    ]  # fmt: skip
    page = partial(write_standalone_page, theme=theme)
    return [
        *figures,
        *animations,
        Offer("Animations", "Page that needs no server (HTML)", ".html", page),
        Offer("Numbers", "Curves of the selection (CSV)", "-curves.csv", write_csv),
        Offer("Numbers", "Configuration, to run it again (TOML)", ".toml", write_toml, as_preset=True),
    ]


class Downloads:
    """The menu, the button and a line of status.

    Parameters
    ----------
    tree_source
        Returns the tree of the run that is shown when the button is pressed.
    name
        Returns the name of the files, without an ending.
    offered
        From :func:`list_offers`.
    """

    def __init__(
        self, tree_source: Callable[[], xr.DataTree], name: Callable[[], str], offered: Sequence[Offer]
    ) -> None:
        self.tree_source, self.name = tree_source, name
        self.offers = {offer.suffix: offer for offer in offered}
        groups: dict[str, dict[str, str]] = {}
        for offer in offered:
            groups.setdefault(offer.group, {})[offer.title] = offer.suffix
        self.menu = pn.widgets.Select(label="Download", groups=groups, width=290)
        self.button = FileButton(self.content, self._say, filename=self.filename(), label="Download")
        self.line = html_pane("", align="end", min_width=180)
        self.menu.param.watch(self._chosen, "value")

    def filename(self) -> str:
        """Name the chosen file."""
        return f"{self.name()}{self.menu.value}"

    def content(self) -> BytesIO:
        """Make the chosen file, and say before and after it what is made and how large it is."""
        offer = self.offers[self.menu.value]
        self._say(f"Making {offer.title} …")
        tree = self.tree_source()
        self.button.filename = f"{tree.attrs['name']}{offer.suffix}" if offer.as_preset else self.filename()
        made = offer.make(tree)
        content = made.encode() if isinstance(made, str) else made
        self._say(f"{self.button.filename}, {size_text(len(content))}")
        return BytesIO(content)

    def _chosen(self, _: object) -> None:
        self.button.filename = self.filename()
        self._say("")

    def _say(self, text: str) -> None:
        self.line.object = f'<span role="status" style="color: var(--faint)">{escape(text)}</span>'

    def view(self) -> pn.viewable.Viewable:
        """Lay them out in a row that wraps."""
        return pn.FlexBox(self.menu, self.button, self.line, align_items="end", sizing_mode="stretch_width")
