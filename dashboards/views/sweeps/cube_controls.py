"""The widgets that select a section of a cube, and its parameters in the address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import panel as pn

from dashboards.components import html_pane
from dashboards.cubes.opened_cube import Cube
from dashboards.cubes.quantity_groups import group_quantities
from dashboards.cubes.section import SectionChoice, list_aggregates
from dashboards.page_context import PageContext
from dashboards.views.place_slider import PromptSlider, write_stops

ALL = -1
"""The value of a slider at which all values of its axis are aggregated."""
FIRST = ("final_excess", "final_loss")
"""The quantities that are shown by default, the first one that the cube has."""
SEED = "seed"
"""Axes with this in their name are aggregated by default."""


class Controls:
    """The widgets of a cube.

    Attributes
    ----------
    layout
        All widgets, in rows that wrap.
    """

    def __init__(self, context: PageContext, cube: Cube, show: Callable[[], None]) -> None:
        self.context, self.cube, self.tell = context, cube, show
        self.busy = False
        dims = list(cube.by_dim)
        order = sorted(dims, key=lambda dim: (SEED in dim, dims.index(dim)))
        x = context.choice("x", dims, order[0])
        rest = [dim for dim in order if dim != x]
        titles = {one.title: one.dim for one in cube.swept}
        self.quantity = self.choice_of_quantity()
        self.x = pn.widgets.Select(label="x axis", options=titles, value=x, width=200)
        y = context.choice("y", rest, rest[0]) if rest else x
        self.y = pn.widgets.Select(
            label="y axis, one line per value", options=titles, value=y, width=200, visible=bool(rest)
        )
        self.sliders = {one.dim: self.slider(one.dim) for one in cube.swept}
        ways = list(list_aggregates(cube.quantities[str(self.quantity.value)]))
        self.measure = pn.widgets.Select(
            label="Aggregate by", options=ways, value=context.choice("by", ways, ways[0]), width=180
        )
        self.search = pn.widgets.TextInput(label="Find by words", placeholder="lemma 4, norm …", width=170)
        self.found = html_pane("", sizing_mode=None, visible=False)
        widgets = [self.quantity, self.x, self.y, *self.sliders.values(), self.measure]
        self.layout = pn.FlexBox(
            self.search, self.quantity, self.found, *widgets[1:], gap="4px 16px", align_items="flex-end"
        )
        self.settle()
        for widget in widgets:
            widget.param.watch(self.changed, "value")
        self.search.param.watch(self.narrow, "value_input")

    def choice_of_quantity(self) -> pn.widgets.Select:
        """Make the list of all quantities, in groups."""
        known = self.cube.quantities
        default = next((name for name in FIRST if name in known), next(iter(known)))
        value = self.context.choice("show", list(known), default)
        return pn.widgets.Select(label="Quantity", groups=group_quantities(self.cube), value=value, width=330)

    def narrow(self, event: Any) -> None:
        """Offer the quantities that contain the words of the search field, and the one that is shown."""
        groups = group_quantities(self.cube, str(event.new))
        value = str(self.quantity.value)
        count = sum(map(len, groups.values()))
        if not any(value in names.values() for names in groups.values()):
            groups = groups | {"Shown": {self.cube.quantities[value].title: value}}
        self.quantity.groups = groups
        self.found.object = f'<p role="status">{count} of {len(self.cube.quantities)} quantities.</p>'
        self.found.visible = bool(event.new)

    def slider(self, dim: str) -> PromptSlider:
        """Make the slider of an axis: all of its values, or one of them."""
        swept = self.cube.by_dim[dim]
        stops = {"all": ALL} | {json.dumps(value): place for place, value in enumerate(swept.values)}
        default = "all" if SEED in dim else list(stops)[1]
        at = self.context.choice(f"at.{dim}", list(stops), default)
        words = [f"all {len(swept.values)}", *swept.words]
        return PromptSlider(
            label=swept.title, start=ALL, end=len(swept.values) - 1, value=stops[at], width=200,
            format=write_stops(words, first=ALL),
        )  # fmt: skip

    @property
    def shown(self) -> SectionChoice:
        """The section that the widgets select."""
        x, y = str(self.x.value), str(self.y.value) if self.y.visible else None
        at = {
            dim: None if slider.value == ALL else int(slider.value or 0)
            for dim, slider in self.sliders.items()
            if dim not in (x, y)
        }
        return SectionChoice(str(self.quantity.value), x, y, at, str(self.measure.value))

    def changed(self, event: Any) -> None:
        """Follow a change of one widget."""
        if self.busy:  # a change that follows from another one
            return
        self.busy = True
        self.context.forget()
        try:
            if event.obj is self.x and self.y.value == event.new:
                self.y.value = event.old
            if event.obj is self.y and self.x.value == event.new:
                self.x.value = event.old
            self.settle()
        finally:
            self.busy = False
        self.tell()

    def settle(self) -> None:
        """Let the widgets agree with each other, and write them into the address."""
        ways = list(list_aggregates(self.cube.quantities[str(self.quantity.value)]))
        if list(self.measure.options) != ways:
            self.measure.param.update(options=ways, value=ways[0])
        shown = self.shown
        for dim, slider in self.sliders.items():
            slider.visible = dim in shown.at
        self.measure.visible = bool(shown.aggregated)
        said: dict[str, Any] = {f"at.{dim}": None for dim in self.sliders}
        for dim, place in shown.at.items():
            said[f"at.{dim}"] = "all" if place is None else json.dumps(self.cube.by_dim[dim].values[place])
        by = shown.measure if shown.aggregated else None
        self.context.remember(show=shown.quantity, x=shown.x, y=shown.y, by=by, **said)
