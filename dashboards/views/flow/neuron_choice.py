"""The selection of neurons on the Flow page: by the pictures, by a field, or by a menu of conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import panel as pn
import xarray as xr

from dashboards.components import html_pane
from dashboards.neurons.condition import ConditionError
from dashboards.neurons.selection import NeuronSelection, read_text

MENU = {
    "select …": "", "none": "none", "role S₊,₁": "positive", "role S₋,₁": "negative", "other neurons": "other",
    "a > 0": "sign > 0", "a < 0": "sign < 0", "sliding now": "sliding", "the largest cluster": "cluster == 0",
    "off at every point": "active == 0", "one hundredth of the largest or more": "log10_norm > -2",
}  # fmt: skip
"""The menu's conditions by their names; the first entry stands for no choice."""
LISTED_LIMIT = 15
"""Neurons that are listed by their numbers."""


class NeuronChoice:
    """What is selected, and the widgets that say and change it.

    Parameters
    ----------
    selection
        The first selection.
    changed
        Called when a person has changed it with a widget.
    say
        Shows a message.

    Attributes
    ----------
    selection
        What a visitor has selected.
    found
        The numbers of these neurons in the run at the cursor.
    worked
        The last selection that could be found.
    """

    def __init__(
        self, selection: NeuronSelection, changed: Callable[[], None], say: Callable[[str], None]
    ) -> None:
        self.selection, self.changed, self.say = selection, changed, say
        self.found: list[int] = []
        self.worked = NeuronSelection()
        self.silent = False
        self.field = pn.widgets.TextInput(
            label="Select neurons", placeholder="3, 17-20 or log_norm > -3", value=selection.text(),
            width=250, margin=(5, 16, 5, 0),
        )  # fmt: skip
        self.menu = pn.widgets.Select(
            label="By a property", options=MENU, value="", width=150, margin=(5, 16, 5, 0)
        )
        self.list = html_pane("", margin=0)
        self.field.param.watch(lambda event: self.type(str(event.new)), "value")
        self.menu.param.watch(lambda event: self.pick(str(event.new)), "value")
        self.row = pn.FlexBox(self.field, self.menu, gap="0", sizing_mode="stretch_width", margin=0)
        self.layout = pn.Column(self.row, self.list, sizing_mode="stretch_width", margin=(0, 10))

    def type(self, text: str) -> None:
        """Select what a person has typed."""
        if self.silent:
            return
        try:
            self.set(read_text(text))
        except ConditionError as error:
            self.say(str(error))
            self.reflect()
        else:
            self.changed()

    def pick(self, condition: str) -> None:
        """Select by a condition of the menu."""
        if self.silent or not condition:
            return
        self.set(NeuronSelection(condition="" if condition == "none" else condition))
        self.changed()

    def set(self, selection: NeuronSelection) -> None:
        """Select neurons, without a call of ``changed``."""
        self.selection = selection
        self.reflect()

    def reflect(self) -> None:
        """Let the widgets say what is selected."""
        self.silent = True
        try:
            self.field.value, self.menu.value = self.selection.text(), ""
        finally:
            self.silent = False

    def find(self, groups: Mapping[str, xr.Dataset], frame: int) -> list[int]:
        """Find the neurons at a frame; for what can't be evaluated, which is said, those of the last selection."""
        count = groups["trajectory"].sizes["neuron"]
        unknown = [number for number in self.selection.numbers if not 0 <= number < count]
        if unknown:
            self.say(f"select = {unknown[0]} is not a neuron of this run: allowed are 0 to {count - 1:,}.")
            self.set(NeuronSelection(tuple(one for one in self.selection.numbers if one not in unknown)))
        try:
            self.found = self.selection.find(groups, frame)
        except ConditionError as error:
            self.say(str(error))
            self.set(self.worked)
            self.found = self.worked.find(groups, frame)
        self.worked = self.selection
        self.list.object = self.text()
        return self.found

    def text(self) -> str:
        """List the selected neurons."""
        if not self.selection:
            return ""
        if not self.found:
            return "<p>No neuron is selected at this time.</p>"
        listed = ", ".join(map(str, self.found[:LISTED_LIMIT]))
        more = f" and {len(self.found) - LISTED_LIMIT:,} more" if len(self.found) > LISTED_LIMIT else ""
        return f"<p>Selected: {listed}{more}.</p>"
