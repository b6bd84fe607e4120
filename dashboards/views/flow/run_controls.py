"""The controls of a live run: what each key may be, as widgets, and the subject that they say together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.models import CustomJSTickFormatter

from catalog import Catalog, CatalogError
from dashboards.components import radio_buttons
from dashboards.run_selection import WIDTH_LIMIT, RunSelection, change_keys, select_preset, select_published
from pipeline import RequestError
from pipeline.configuration import RunConfig, presets

SCALES = [
    *np.round(np.arange(1.0, -12.01, -0.25), 2).tolist(), *range(-13, -21, -1), -25, -30, -40, -50, -60, -80, -100,
    -150, -200, -300, -400, -600, -800, -1000,
]  # fmt: skip
"""The values of log10 lambda at the slider's stops: fine where it decides, coarse where it only takes longer."""
WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 60, 80, 120, 200, 300, 500, 1000, 2000, 5000, 10_000, WIDTH_LIMIT]
SLOPES = np.round(np.arange(0.0, 0.901, 0.01), 2).tolist()
"""The slopes at the slider's stops."""
DRAWN = ["balanced", "unbalanced"]
"""The starts that are drawn by a seed; given weights can't be drawn again."""
RUN = "run "
"""What the choice's value of a published run begins with."""


class Controls:
    """Widgets that say what is looked at: a subject, and what of its configuration can be changed.

    Parameters
    ----------
    selection
        What they say at first.
    changed
        Told the new subject whenever a person has changed something.
    refused
        Told in one line what is wrong with what a person has said; the widgets say what they said before.
    catalog
        Where published runs are.

    Attributes
    ----------
    selection
        What the widgets say.
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
        """Change keys (``data.x`` as ``data__x``) as a person would, all at once."""
        self._say({key.replace("__", "."): value for key, value in overrides.items()})

    def _moved(self, key: str, value: Any) -> None:
        if self.silent:
            return
        if value is None:  # an emptied field; as an override None would unset the key, and the field stay empty
            self.refused(f"{key} is empty: a value is needed. It is put back.")
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
        """Start afresh from a preset or a published run: every other control takes its value."""
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
        """Set every widget to a subject, without telling anyone."""
        self.selection, config = selection, selection.config
        given = config.init.start == "given"
        run_id = selection.source or selection.run_id
        self.run_id = run_id or self.run_id  # it can be chosen again after a preset
        runs = {f"run {self.run_id}": f"{RUN}{self.run_id}"} if self.run_id else {}
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
            self.choice.param.update(options=runs | {name: name for name in presets()}, value=chosen)
        finally:
            self.silent = False


def scale_name(config: RunConfig) -> str:
    """Name the scale as the configuration counts it."""
    return "Scale log₁₀ λ√m" if config.init.per_sqrt_width else "Scale log₁₀ λ"


class WholeInput(pn.widgets.IntInput):
    """A field for a whole number, without bounds: the configuration says what is allowed.

    With bounds the browser and Panel each do something of their own with what is outside, and so does Panel with a
    number that is too large for the browser's integers, which arrives as a float.
    """

    def _process_property_change(self, props: dict[str, Any]) -> dict[str, Any]:
        whole = {name: int(value) if isinstance(value, float) else value for name, value in props.items()}
        changed: dict[str, Any] = super()._process_property_change(whole)
        return changed


class PromptSlider(pn.widgets.IntSlider):
    """A slider whose moves are heard at once: Panel waits 50 ms for more, half of what a picture may take."""

    _priority_changes: ClassVar[list[str]] = ["value"]


class StopSlider:
    """A slider over chosen values, evenly spaced whatever they are.

    Panel's DiscreteSlider is two widgets, of which the one that moves has no name; here the name and the value are
    the slider's own title.
    """

    def __init__(self, name: str, stops: list[Any], value: Any) -> None:
        self.stops, self.values, self.named = stops, list(stops), False
        self.slider = PromptSlider(label=name, start=0, end=1, value=0, sizing_mode="stretch_width")
        self.set(value)

    @property
    def value(self) -> Any:
        """The value it stands at."""
        return self.values[self.slider.value or 0]

    def set(self, value: Any) -> None:
        """Move to a value; one that is no stop becomes one."""
        values = sorted({*self.stops, value}, reverse=self.stops[0] > self.stops[-1])
        if self.named and values == self.values:
            self.slider.value = values.index(value)
            return
        self.values, self.named = values, True
        words = [f"{stop:,}" if isinstance(stop, int) else f"{stop:.15g}" for stop in values]
        shown = CustomJSTickFormatter(args={"words": words}, code="return words[Math.round(tick)] ?? ''")
        self.slider.param.update(format=shown, end=len(values) - 1, value=values.index(value))

    def watch(self, told: Callable[[Any], None]) -> None:
        """Tell whoever wants to know the value at every move."""
        self.slider.param.watch(lambda event: told(self.values[event.new]), "value")
