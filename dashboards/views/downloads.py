"""What a run leaves as: a choice of files and one button, for any page that shows a run.

A page embeds :func:`downloads`; each file is made when it is asked for, in a thread, by ``dashboards.exports``.
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
from dashboards.exports.figure_files import draw_animation_file, draw_figure_file
from dashboards.exports.preset_file import write_preset
from dashboards.exports.standalone_page import write_standalone_page
from dashboards.run_selection import read_configuration
from dashboards.theme import LIGHT, Theme
from dashboards.views.file_button import FileButton, size_text
from pipeline.figures import FIGURES, FORMATS

ANIMATIONS = ("gif", "mp4")

TITLES = {
    "figure-1-timeline": "Figure 1, the timeline",
    "figure-2-states": "Figure 2, four states",
    "figure-3-loss": "Figure 3, the loss",
}
"""What a person calls the figures."""


@dataclass(frozen=True)
class CurveSelection:
    """What of a run is selected on a page: neurons by their labels, and a range of t (None: all of it)."""

    neurons: Sequence[int] = ()
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Offer:
    """A file that a run can become.

    Attributes
    ----------
    group, title
        Where it stands in the menu, and what it is.
    suffix
        What follows the run's name in the file's: ``-figure-3-loss.png``, ``.toml``.
    make
        Makes its content of the run's tree.
    as_preset
        Whether the file is called as its preset is (``orthogonal``): its stem names the runs that it makes.
    """

    group: str
    title: str
    suffix: str
    make: Callable[[xr.DataTree], bytes | str]
    as_preset: bool = False


def offers(selected_curves: Callable[[], CurveSelection] = CurveSelection, theme: Theme = LIGHT) -> list[Offer]:
    """List what a run can become, in the menu's order.

    Parameters
    ----------
    selected_curves
        Says what is selected at the moment of the click.
    theme
        The colours of the page that works without a server.
    """

    def csv(tree: xr.DataTree) -> str:
        chosen = selected_curves()
        return write_curves_csv(tree, chosen.neurons, chosen.start, chosen.end)

    pictures = [
        Offer(
            "Figures",
            f"{TITLES.get(name, name)} ({form.upper()})",
            f"-{name}.{form}",
            partial(_figure, name, form),
        )
        for name in FIGURES
        for form in FORMATS
    ]
    films = [
        Offer("In motion", f"Animation ({form.upper()})", f"-animation.{form}", partial(_film, form))
        for form in ANIMATIONS
    ]
    page = partial(write_standalone_page, theme=theme)
    return [
        *pictures,
        *films,
        Offer("In motion", "Page that needs no server (HTML)", ".html", page),
        Offer("Numbers", "Curves of the selection (CSV)", "-curves.csv", csv),
        Offer("Numbers", "Configuration, to run it again (TOML)", ".toml", _preset, as_preset=True),
    ]


def _figure(name: str, file_format: str, tree: xr.DataTree) -> bytes:
    return draw_figure_file(tree, name, file_format)


def _film(file_format: str, tree: xr.DataTree) -> bytes:
    return draw_animation_file(tree, file_format)


def _preset(tree: xr.DataTree) -> str:
    return write_preset(read_configuration(json.loads(tree.attrs["configuration"])))


class Downloads:
    """The menu, the button and a line that says how it goes.

    Parameters
    ----------
    tree_source
        Gives the run's tree when a file is asked for: what is shown then.
    name
        Gives the name of the files, without an ending.
    offered
        From :func:`offers`.
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
        """Make the chosen file; it is said while it is made, and how large it has become."""
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


def downloads(
    tree_source: Callable[[], xr.DataTree],
    name: str | Callable[[], str],
    *,
    selected_curves: Callable[[], CurveSelection] = CurveSelection,
    theme: Theme = LIGHT,
) -> pn.viewable.Viewable:
    """Make the row of downloads of a run.

    Parameters
    ----------
    tree_source
        Gives the run's tree when a file is asked for.
    name
        The name of the files without an ending, or what gives it at that time: a run's identifier will do.
    selected_curves, theme
        See :func:`offers`.
    """
    named = name if callable(name) else lambda: name
    return Downloads(tree_source, named, offers(selected_curves, theme)).view()
