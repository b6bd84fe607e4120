"""The form that selects the run of a page: a published run, or a preset at a scale."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from dashboards.components import BUTTON
from dashboards.latest_only import poll
from dashboards.page_context import PageContext
from dashboards.run_selection import KEYS, RunSelection, read_selection
from pipeline.configuration import RunConfig, load_config, presets

RUNS_LIMIT = 500
"""Runs that the form offers at most; the Catalog page finds the others."""
POLL_MILLISECONDS = 4_000
"""Milliseconds between two checks for new runs; a check lists a folder."""
LOWEST, HIGHEST = -1000.0, 2.0
"""log₁₀ of the scales that the form offers; an address may give others."""
RUN, PRESET = "run ", "preset "
"""The prefixes of the form's values."""


class RunPicker:
    """The form; ``view`` shows it, ``changed`` is called with a new selection, which the address already has."""

    def __init__(
        self, context: PageContext, selection: RunSelection, changed: Callable[[RunSelection], None]
    ) -> None:
        self.context, self.selection, self.changed = context, selection, changed
        self.choice = pn.widgets.Select(label="Run or preset", width=320, margin=(0, 14, 6, 0))
        self.scale = pn.widgets.FloatInput(
            label="log₁₀ of the scale", start=LOWEST, end=HIGHEST, step=1.0, width=170, margin=(0, 14, 6, 0)
        )
        self.button = pn.widgets.Button(label="Show", color="primary", margin=(0, 0, 6, 0), **BUTTON)
        self.choice.param.watch(lambda _: self.follow(), "value")
        self.button.on_click(lambda _: self.show())
        self.view = pn.FlexBox(
            self.choice, self.scale, self.button, align_items="flex-end", sizing_mode="stretch_width", margin=0
        )
        self.reflect(selection)
        self.known = poll(context.catalog.run_ids, self.offer, context.say_error, POLL_MILLISECONDS)

    def reflect(self, selection: RunSelection) -> None:
        """Let the form show a selection, and offer the present runs."""
        self.selection = selection
        run_id = selection.run_id or selection.source
        value = PRESET + (selection.preset or selection.config.name) if run_id is None else RUN + run_id
        self.choice.param.update(groups=groups_of(self.context.catalog.run_ids(), value), value=value)
        self.follow()

    def offer(self, run_ids: list[str]) -> None:
        """Offer these runs; the selection stays."""
        groups = groups_of(run_ids, str(self.choice.value))
        if groups != self.choice.groups:
            self.choice.groups = groups

    def follow(self) -> None:
        """Offer the scale of the choice, unless it is fixed: of a published run, and of given weights."""
        chosen, shown = self.chosen(), self.selection.query()
        if chosen == shown or self.is_shown(chosen):
            config: RunConfig | None = self.selection.config
        else:
            config = load_config(chosen["preset"]) if "preset" in chosen else None
        drawn = config is not None and config.init.start not in ("given", "run", "torch")
        self.scale.value = config.init.log10_scale if config is not None and drawn else None
        self.scale.disabled = "run" in chosen or not drawn

    def chosen(self) -> dict[str, str]:
        """Return the choice as parameters of an address, without the scale."""
        value = str(self.choice.value)
        if value.startswith(RUN):
            return {"run": value.removeprefix(RUN)}
        return {"preset": value.removeprefix(PRESET)}

    def show(self) -> None:
        """Write the choice into the address, and report it."""
        self.context.forget()
        chosen = self.chosen()
        # The other keys of the address are dropped with their preset, and kept while only the scale changes.
        said = self.selection.query() if self.is_shown(chosen) else chosen
        if not self.scale.disabled and self.scale.value is not None:
            said["init.log10_scale"] = f"{self.scale.value:g}"
        nothing = dict.fromkeys(("run", "preset", *KEYS))
        self.context.remember(**{**nothing, **said})
        selection = read_selection(self.context)
        self.context.remember(**{**nothing, **selection.query()})
        self.reflect(selection)
        self.changed(selection)

    def is_shown(self, chosen: dict[str, str]) -> bool:
        """Whether the chosen preset is the one that is shown."""
        selection = self.selection
        name = None if selection.run_id or selection.source else selection.preset or selection.config.name
        return name is not None and chosen.get("preset") == name


def groups_of(run_ids: list[str], value: str) -> dict[str, dict[str, str]]:
    """List the options of the form: the first runs, the presets, and ``value``, which is selected."""
    shown, selected = run_ids[:RUNS_LIMIT], value.removeprefix(RUN)
    if value.startswith(RUN) and selected not in shown:
        shown = [selected, *shown]
    left = len(run_ids) - len(shown)
    more = f" (and {left:,} more: see the page Catalog)" if left > 0 else ""
    groups = {f"Published runs{more}": {run_id: RUN + run_id for run_id in shown}} if shown else {}
    return groups | {"Presets, computed now": {preset: PRESET + preset for preset in presets()}}
