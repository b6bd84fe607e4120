"""The widgets of the Explore page, and the choice that they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import panel as pn
import xarray as xr

from dashboards.components import html_pane
from dashboards.neurons.columns import MEANINGS
from dashboards.neurons.condition import ConditionError
from dashboards.neurons.selection import read_text
from dashboards.plots.slice_scales import SCALES
from dashboards.slices.layout import PARTS
from dashboards.slices.variables import (
    Described,
    describe_group,
    find_array,
    group_names,
    places_along,
    words_along,
)
from dashboards.views.explore.choice import KINDS, Choice
from dashboards.views.place_slider import PromptSlider, write_stops

PART_NAMES = {"x": "Along x", "lines": "Lines or rows", "colour": "Colours", "play": "Frames"}
SPOKEN_PLACES_LIMIT = 3_000
"""Places of a slider whose values are sent to the browser; of more, only their numbers are shown."""
FRAME_MILLISECONDS = 120
"""Time between two frames: each reads a slice."""
SOURCES_LIMIT = 4
"""Runs and files side by side, at most."""
NOTHING = "–"
"""The option that draws no dimension."""


def describe_tree(tree: xr.DataTree) -> dict[str, Described]:
    """Describe all variables of a tree by their paths."""
    return {one.path: one for group in group_names(tree) for one in describe_group(tree, group).values()}


def variable_options(variables: Mapping[str, Described]) -> dict[str, dict[str, str]]:
    """List the variables by group, with their names and titles."""
    found: dict[str, dict[str, str]] = {}
    for path, one in variables.items():
        group, _, name = path.rpartition("/")
        dims = f" ({', '.join(one.sizes)})" if one.sizes else ""
        found.setdefault(group or "root", {})[f"{name}: {one.title}{dims}"] = path
    return found


@dataclass(frozen=True)
class Offers:
    """What the widgets offer: the options of the sources, and the variables of the first tree with this tree."""

    sources: Mapping[str, str]
    variables: Mapping[str, Described]
    tree: xr.DataTree


def small_select(name: str, options: Any) -> pn.widgets.Select:
    """Make a select of which two stand side by side on a phone."""
    return pn.widgets.Select(label=name, options=options, width=128)


class SourceChoice:
    """Selects for up to four runs and files: one for each that is shown, and one to add another.

    Parameters
    ----------
    changed
        Called with the keys when a person has selected something.

    Attributes
    ----------
    layout
        What the page shows.
    """

    def __init__(self, changed: Callable[[tuple[str, ...]], None]) -> None:
        self.changed, self.silent = changed, False
        names = ("Run or file", *(f"Beside it ({number})" for number in range(2, SOURCES_LIMIT + 1)))
        self.selects = [pn.widgets.Select(label=name, width=270, margin=(5, 10)) for name in names]
        for select in self.selects:
            select.param.watch(lambda _: self._choose(), "value")
        self.layout = pn.FlexBox(*self.selects, gap="0 4px", sizing_mode="stretch_width", margin=0)

    def reflect(self, options: Mapping[str, str], keys: tuple[str, ...]) -> None:
        """Show these keys, without a call of ``changed``."""
        self.silent = True
        try:
            for number, select in enumerate(self.selects):
                offered = dict(options) if number == 0 else {NOTHING: "", **options}
                value = keys[number] if number < len(keys) else offered[NOTHING] if number else None
                select.param.update(options=offered, value=value, visible=number <= len(keys))
        finally:
            self.silent = False

    def _choose(self) -> None:
        if not self.silent:
            self.changed(tuple(dict.fromkeys(str(select.value) for select in self.selects if select.value)))


class Controls:
    """Widgets that show a choice and change it.

    Parameters
    ----------
    changed
        Called with the new choice when a person has changed something.
    refused
        Called with a message when a value is not allowed.

    Attributes
    ----------
    choice
        The choice of the widgets; None until :meth:`reflect` is called.
    layout
        What the page shows.
    """

    def __init__(self, changed: Callable[[Choice], None], refused: Callable[[str], None]) -> None:
        self.changed, self.refused = changed, refused
        self.choice: Choice | None = None
        self.offers: Offers | None = None
        self.silent, self.sliders = False, {}  # type: tuple[bool, dict[str, PromptSlider]]
        self.sources = SourceChoice(self._choose_sources)
        self.variable = pn.widgets.Select(label="Variable", sizing_mode="stretch_width", margin=(5, 10))
        self.parts = {name: small_select(PART_NAMES[name], [NOTHING]) for name in PARTS}
        self.kind = small_select("Drawn as", {text: key for key, text in KINDS.items()})
        self.scales = {
            "y_scale": small_select("Scale of values", list(SCALES)),
            "x_scale": small_select("Scale of x", list(SCALES)),
        }
        self.neurons = pn.widgets.TextInput(
            label="Select neurons", placeholder="3, 17-20 or log_norm > -3", width=290
        )
        self.alone = pn.widgets.Checkbox(label="draw only these", margin=(5, 10, 12, 10))
        self.player = pn.widgets.Player(
            label="Frame", start=0, end=1, value=0, interval=FRAME_MILLISECONDS, loop_policy="once",
            show_loop_controls=False, sizing_mode="stretch_width", height=80, visible=False,
        )  # fmt: skip
        self.places = pn.FlexBox(gap="0 16px", sizing_mode="stretch_width", margin=0)
        self.about = html_pane("", faint=True, margin=(0, 10))
        self._watch()
        self.layout = self._layout()

    def _watch(self) -> None:
        """Connect the widgets with the changes of the choice that they make."""
        self.variable.param.watch(lambda event: self._choose_variable(str(event.new)), "value")
        for name, part in self.parts.items():
            part.param.watch(lambda event, name=name: self._choose_part(name, str(event.new)), "value")
        self.kind.param.watch(lambda event: self._say(kind=event.new), "value")
        for key, scale in self.scales.items():
            scale.param.watch(lambda event, key=key: self._say(**{key: event.new}), "value")
        self.neurons.param.watch(lambda event: self._choose_neurons(str(event.new)), "value")
        self.alone.param.watch(lambda event: self._say(alone=bool(event.new)), "value")
        self.player.param.watch(lambda event: self._play(int(event.new)), "value")

    def _layout(self) -> pn.Column:
        names = "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in MEANINGS.items())
        help_text = html_pane(
            "<details><summary>What a condition can ask for</summary><p>Comparisons, <code>and</code>, "
            "<code>or</code>, <code>not</code>, <code>in</code>, + − * /, at the time of the frame or the slider, "
            f"else at the end. Also numbers: 3, 17-20.</p><dl class=facts>{names}</dl></details>",
            margin=(0, 10),
        )
        row = {"gap": "0 4px", "align_items": "flex-end", "sizing_mode": "stretch_width", "margin": 0}
        return pn.Column(
            self.sources.layout, self.variable, self.about,
            pn.FlexBox(*self.parts.values(), self.kind, *self.scales.values(), **row),
            pn.FlexBox(self.neurons, self.alone, **row), help_text, self.places, self.player,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def reflect(self, choice: Choice, offers: Offers) -> None:
        """Set every widget to a choice, without a call of ``changed``."""
        self.choice, self.offers = choice, offers
        described = offers.variables[choice.path]
        self.silent = True
        try:
            self.sources.reflect(offers.sources, choice.sources)
            self.variable.param.update(groups=variable_options(offers.variables), value=choice.path)
            self.about.object = f"<p>{escape(described.comment)}</p>" if described.comment else ""
            for name, part in self.parts.items():
                options = [*described.sizes] if name == "x" else [NOTHING, *described.sizes]
                part.param.update(
                    options=options or [NOTHING], value=choice.layout.part(name) or NOTHING,
                    disabled=len(described.sizes) < (1 if name == "play" else 2) and name != "play",
                )  # fmt: skip
            self.kind.value = choice.kind
            for key, scale in self.scales.items():
                scale.value = getattr(choice, key)
            self.neurons.value, self.alone.value = choice.neurons.text(), choice.alone
            self._offer_places(choice, offers)
        finally:
            self.silent = False

    def _offer_places(self, choice: Choice, offers: Offers) -> None:
        """Make a slider for each dimension that is not drawn, and the player."""
        array = find_array(offers.tree, choice.path)
        assert array is not None
        layout = choice.layout
        wanted = [dim for dim in layout.at if dim != layout.play]
        if list(self.sliders) != wanted or any(self.sliders[d].end != array.sizes[d] - 1 for d in wanted):
            self.sliders = {dim: self._slider(array, dim, layout.at[dim]) for dim in wanted}
            self.places[:] = list(self.sliders.values())
        for dim, slider in self.sliders.items():
            slider.value = layout.at[dim]
        self.player.visible = bool(layout.play) and layout.play in layout.at
        if self.player.visible:
            self.player.param.update(
                label=f"Frames: {layout.play}", end=array.sizes[layout.play] - 1, value=layout.at[layout.play]
            )

    def _slider(self, array: xr.DataArray, dim: str, place: int) -> PromptSlider:
        words = words_along(array, dim)
        if words is None and array.sizes[dim] <= SPOKEN_PLACES_LIMIT:
            words = [f"{value:.5g}" for value in places_along(array, dim).tolist()]
        slider = PromptSlider(
            label=dim.replace("_", " "), start=0, end=max(1, array.sizes[dim] - 1), value=place, width=320,
            disabled=array.sizes[dim] < 2, **({} if words is None else {"format": write_stops(words)}),
        )  # fmt: skip
        slider.param.watch(lambda event: self._move(dim, int(event.new)), "value")
        return slider

    def _say(self, **changes: Any) -> None:
        """Report a choice with some changes."""
        if not self.silent and self.choice is not None:
            self.choice = replace(self.choice, **changes)
            self.changed(self.choice)

    def _sizes(self) -> Mapping[str, int]:
        assert self.offers is not None
        assert self.choice is not None
        return self.offers.variables[self.choice.path].sizes

    def _choose_sources(self, keys: tuple[str, ...]) -> None:
        self._say(sources=keys)

    def _choose_variable(self, path: str) -> None:
        if self.silent or self.choice is None or self.offers is None:
            return
        described = self.offers.variables[path]
        self.choice = self.choice.with_variable(path, described.sizes, bool(described.words))
        self.changed(self.choice)

    def _choose_part(self, name: str, dim: str) -> None:
        if self.silent or self.choice is None:
            return
        layout = self.choice.layout.with_part(name, "" if dim == NOTHING else dim, self._sizes())
        kept = self.choice.window if layout.x == self.choice.layout.x else None
        self._say(layout=layout, window=kept)

    def _choose_neurons(self, text: str) -> None:
        if self.silent:
            return
        try:
            self._say(neurons=read_text(text))
        except ConditionError as error:
            self.refused(str(error))

    def _move(self, dim: str, place: int) -> None:
        if not self.silent and self.choice is not None:
            self._say(layout=self.choice.layout.with_place(dim, place))

    def _play(self, place: int) -> None:
        if self.choice is not None and self.choice.layout.play:
            self._move(self.choice.layout.play, place)
