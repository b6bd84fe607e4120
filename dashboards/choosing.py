"""The small form that changes what a page looks at: a published run, or a preset at a scale."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn

from dashboards.subject import KEYS, Subject, asked_for
from dashboards.visit import Visit
from pipeline.configuration import RunConfig, load_config, presets

MOST_RUNS = 500
"""Runs that the form offers; the page of the catalog finds the others."""
LOWEST, HIGHEST = -1000.0, 2.0
"""log10 of the scales that the form offers; an address may say more."""
RUN, PRESET = "run ", "preset "
"""What the form's values begin with."""


class Chooser:
    """The form; ``view`` shows it, ``changed`` is called with what was chosen, after the address tells it too."""

    def __init__(self, visit: Visit, subject: Subject, changed: Callable[[Subject], None]) -> None:
        self.visit, self.subject, self.changed = visit, subject, changed
        self.choice = pn.widgets.Select(label="Run or preset", width=320, margin=(0, 14, 6, 0))
        self.scale = pn.widgets.FloatInput(
            label="log10 of the scale", start=LOWEST, end=HIGHEST, step=1.0, width=170, margin=(0, 14, 6, 0)
        )
        self.button = pn.widgets.Button(label="Show", color="primary", width=90, margin=(21, 0, 6, 0))
        self.choice.param.watch(lambda _: self.follow(), "value")
        self.button.on_click(lambda _: self.show())
        self.view = pn.FlexBox(self.choice, self.scale, self.button, sizing_mode="stretch_width", margin=0)
        self.reflect(subject)

    def reflect(self, subject: Subject) -> None:
        """Let the form say what is looked at, and offer what there is now."""
        self.subject = subject
        run_ids, name = self.visit.catalog.run_ids(), subject.config.name
        shown = run_ids[:MOST_RUNS]
        if subject.run_id is not None and subject.run_id not in shown:
            shown = [subject.run_id, *shown]
        left = len(run_ids) - len(shown)
        more = f" (and {left:,} more: see the page Catalog)" if left > 0 else ""
        groups = {"Presets, computed now": {preset: PRESET + preset for preset in presets()}}
        if shown:
            groups = {f"Published runs{more}": {run_id: RUN + run_id for run_id in shown}} | groups
        value = PRESET + name if subject.run_id is None else RUN + subject.run_id
        self.choice.param.update(groups=groups, value=value)
        self.follow()

    def follow(self) -> None:
        """Offer the scale of what is chosen, where one can be: a published run has its own, given weights too."""
        chosen, shown = self.chosen(), self.subject.query()
        if chosen == shown or self.is_shown(chosen):
            config: RunConfig | None = self.subject.config
        else:
            config = load_config(chosen["preset"]) if "preset" in chosen else None
        drawn = config is not None and config.init.start != "given"
        self.scale.value = config.init.log10_scale if config is not None and drawn else None
        self.scale.disabled = "run" in chosen or not drawn

    def chosen(self) -> dict[str, str]:
        """Tell what is selected, as an address does, without the scale."""
        value = str(self.choice.value)
        if value.startswith(RUN):
            return {"run": value.removeprefix(RUN)}
        return {"preset": value.removeprefix(PRESET)}

    def show(self) -> None:
        """Put what is chosen into the address, and hand it on."""
        chosen = self.chosen()
        # The other keys that an address said go with their preset, and stay while only the scale changes.
        said = self.subject.query() if self.is_shown(chosen) else chosen
        if not self.scale.disabled and self.scale.value is not None:
            said["init.log10_scale"] = f"{self.scale.value:g}"
        nothing = dict.fromkeys(("run", "preset", *KEYS))
        self.visit.remember(**{**nothing, **said})
        subject = asked_for(self.visit)
        self.visit.remember(**{**nothing, **subject.query()})
        self.reflect(subject)
        self.changed(subject)

    def is_shown(self, chosen: dict[str, str]) -> bool:
        """Whether the selected preset is the one that is looked at."""
        return self.subject.run_id is None and chosen.get("preset") == self.subject.config.name
