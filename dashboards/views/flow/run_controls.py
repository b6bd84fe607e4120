"""The controls of a run: a widget for each key that can be changed, and the selection that they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn

from catalog import Catalog, CatalogError
from dashboards.components import radio_buttons
from dashboards.run_selection import WIDTH_LIMIT, RunSelection, change_keys, select_preset, select_published
from dashboards.views.place_slider import StopSlider
from pipeline import RequestError
from pipeline.configuration import RunConfig, presets

SCALES = [
    *np.round(np.arange(1.0, -12.01, -0.25), 2).tolist(), *range(-13, -21, -1), -25, -30, -40, -50, -60, -80, -100,
    -150, -200, -300, -400, -600, -800, -1000,
]  # fmt: skip
"""The values of log10 lambda on the slider: fine where the result depends on it, coarse below."""
WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 60, 80, 120, 200, 300, 500, 1000, 2000, 5000, 10_000, WIDTH_LIMIT]
SLOPES = np.round(np.arange(0.0, 0.901, 0.01), 2).tolist()
"""The slopes on the slider."""
DRAWN = ["balanced", "unbalanced"]
"""The starts that depend on a seed; given weights do not."""
RUNS_LIMIT = 200
"""Published runs in the menu; the Catalog page finds the others."""
RUN = "run "
"""The prefix of a published run in the values of the choice."""


class Controls:
    """Widgets that select a run and change its configuration.

    Parameters
    ----------
    selection
        The first selection.
    changed
        Called with the new selection when a person has changed something.
    refused
        Called with a message when a value is not allowed; the widgets are reset.
    catalog
        The catalog of the published runs.

    Attributes
    ----------
    selection
        The selection of the widgets.
    """

    def __init__(
        self,
        selection: RunSelection,
        changed: Callable[[RunSelection], None],
        refused: Callable[[str], None],
        catalog: Catalog,
    ) -> None:
        self.selection, self.changed, self.refused, self.catalog = selection, changed, refused, catalog
        self.silent = False
        self.run_id: str | None = None
        config = selection.config
        self.scale = StopSlider(scale_name(config), SCALES, config.init.log10_scale)
        self.width = StopSlider("Width m", WIDTHS, config.init.width)
        self.seed = WholeInput(label="Seed", value=config.init.seed, sizing_mode="stretch_width")
        self.slope = StopSlider("Slope of the leaky ReLU", SLOPES, config.flow.slope)
        self.start = radio_buttons(
            "Start", {start: start for start in DRAWN}, DRAWN[0], sizing_mode="stretch_width"
        )
        self.choice = pn.widgets.Select(label="Experiment", sizing_mode="stretch_width")
        self.reflect(selection)
        for key, widget in {"init.seed": self.seed, "init.start": self.start}.items():
            widget.param.watch(lambda event, key=key: self._moved(key, event.new), "value")
        self.scale.watch(lambda value: self._moved("init.log10_scale", value))
        self.width.watch(lambda value: self._moved("init.width", value))
        self.slope.watch(lambda value: self._moved("flow.slope", value))
        self.choice.param.watch(self._choose, "value")

    def set(self, **overrides: Any) -> None:
        """Change keys (``data.x`` as ``data__x``) together, as a person would."""
        self._say({key.replace("__", "."): value for key, value in overrides.items()})

    def _moved(self, key: str, value: Any) -> None:
        if self.silent:
            return
        if value is None:  # an emptied field; as an override None would unset the key, and the field stay empty
            self.refused(f"{key} needs a value. The last one is used again.")
            self.reflect(self.selection)
            return
        self._say({key: value})

    def _say(self, keys: dict[str, Any]) -> None:
        try:
            selection = change_keys(self.selection, keys, self.catalog)
        except (RequestError, CatalogError) as error:
            self.refused(str(error))
            self.reflect(self.selection)
            return
        self.selection = selection
        self.changed(selection)

    def _choose(self, event: Any) -> None:
        """Select a preset or a published run: every other control takes its value."""
        if self.silent:
            return
        name = str(event.new)
        try:
            selection = (
                select_published(self.catalog, name[len(RUN) :]) if name.startswith(RUN) else select_preset(name)
            )
        except (RequestError, CatalogError) as error:
            self.refused(str(error))
            self.reflect(self.selection)
            return
        self.reflect(selection)
        self.changed(selection)

    def reflect(self, selection: RunSelection) -> None:
        """Set every widget to a selection, without a call of ``changed``."""
        self.selection, config = selection, selection.config
        given = config.init.start not in DRAWN
        run_id = selection.source or selection.run_id
        self.run_id = run_id or self.run_id  # it can be chosen again after a preset
        groups = {"Presets, computed now": {name: name for name in presets()}}
        if published := self.published():
            groups = {"Published runs": {name: f"{RUN}{name}" for name in published}} | groups
        chosen = f"{RUN}{run_id}" if run_id else selection.preset or config.name
        self.silent = True
        try:
            self.scale.slider.param.update(label=scale_name(config), visible=not given)
            self.width.slider.disabled = given
            self.seed.visible = not given
            starts = [config.init.start] if given else DRAWN
            self.start.param.update(options=starts, value=config.init.start, disabled=given)
            self.scale.set(config.init.log10_scale)
            self.width.set(config.init.width)
            self.seed.value = config.init.seed
            self.slope.set(config.flow.slope)
            self.choice.param.update(groups=groups, value=chosen)
        finally:
            self.silent = False

    def published(self) -> list[str]:
        """List the runs that the menu offers: the one that was shown last, and the first of the catalog."""
        try:
            found = self.catalog.run_ids()[:RUNS_LIMIT]
        except (CatalogError, OSError):  # the page says so where it reads the catalog itself
            found = []
        return [self.run_id, *(name for name in found if name != self.run_id)] if self.run_id else found


def scale_name(config: RunConfig) -> str:
    """Name the scale as the configuration defines it."""
    return "Scale log₁₀ λ√m" if config.init.per_sqrt_width else "Scale log₁₀ λ"


class WholeInput(pn.widgets.IntInput):
    """A field for a whole number, without bounds: the configuration decides what is allowed.

    With bounds the browser and Panel each change values outside of them, and Panel also changes a number that
    is too large for the browser's integers and arrives as a float.
    """

    def _process_property_change(self, props: dict[str, Any]) -> dict[str, Any]:
        whole = {name: int(value) if isinstance(value, float) else value for name, value in props.items()}
        changed: dict[str, Any] = super()._process_property_change(whole)
        return changed
