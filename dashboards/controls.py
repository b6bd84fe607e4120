"""The controls of a live run: what each key may be, as widgets, and the configuration that they say together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import panel as pn
from bokeh.document import Document
from bokeh.models import CustomJSTickFormatter

from dashboards.markup import toggles
from dashboards.subject import WIDEST, Subject, checked
from pipeline.configuration import RunConfig, presets

SCALES = [
    *np.round(np.arange(1.0, -12.01, -0.25), 2).tolist(), *range(-13, -21, -1), -25, -30, -40, -50, -60, -80, -100,
    -150, -200, -300, -400, -600, -800, -1000,
]  # fmt: skip
"""The values of log10 lambda at the slider's stops: fine where it decides, coarse where it only takes longer."""
WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 60, 80, 120, 200, 300, 500, 1000, 2000, 5000, 10_000, WIDEST]
STEEPEST = 0.9
"""The largest slope on the slider; an address may say more."""


class Controls:
    """Widgets that say a configuration.

    Parameters
    ----------
    subject
        What they say at first.
    changed
        Told the new configuration whenever a person has changed something.
    refused
        Told in one line what is wrong with what a person has said.
    """

    def __init__(
        self, subject: Subject, changed: Callable[[RunConfig], None], refused: Callable[[str], None]
    ) -> None:
        self.changed, self.refused = changed, refused
        config = subject.config
        self.preset = config.name if config.name in presets() else "orthogonal"
        self.overrides: dict[str, Any] = dict(subject.overrides)
        self.silent = False
        self.scale = StopSlider("Scale log₁₀ λ√m", SCALES, config.init.log10_scale)
        self.width = StopSlider("Width m", WIDTHS, config.init.width)
        self.seed = pn.widgets.IntInput(
            label="Seed", value=config.init.seed, start=0, end=2**31 - 1, sizing_mode="stretch_width"
        )
        self.slope = pn.widgets.FloatSlider(
            label="Slope of the leaky ReLU", start=0.0, end=max(STEEPEST, config.flow.slope), step=0.01,
            value=max(0.0, config.flow.slope), sizing_mode="stretch_width",
        )  # fmt: skip
        self.start = toggles(
            "Start", ["balanced", "unbalanced"], config.init.start if config.init.start != "given" else "balanced",
            sizing_mode="stretch_width",
        )  # fmt: skip
        self.choice = pn.widgets.Select(
            label="Experiment", options=list(presets()), value=self.preset, sizing_mode="stretch_width"
        )
        self.keys = {
            "init.seed": self.seed,
            "flow.slope": self.slope,
            "init.start": self.start,
        }
        for key, widget in self.keys.items():
            widget.param.watch(self._setter(key), "value")
        self.scale.watch(lambda value: self._moved("init.log10_scale", value))
        self.width.watch(lambda value: self._moved("init.width", value))
        self.choice.param.watch(self._choose, "value")

    def set(self, **overrides: Any) -> None:
        """Change keys (``data.x`` as ``data__x``) as a person would, all at once."""
        self._say({key.replace("__", "."): value for key, value in overrides.items()})

    def _moved(self, key: str, value: Any) -> None:
        if not self.silent:
            self._say({key: value})

    def _setter(self, key: str) -> Callable[[Any], None]:
        def set_key(event: Any) -> None:
            if not self.silent and event.new is not None:
                self._say({key: event.new})

        return set_key

    def _say(self, overrides: dict[str, Any]) -> None:
        try:
            config = checked(self.preset, {**self.overrides, **overrides})
        except ValueError as error:
            self.refused(str(error))
            return
        self.overrides.update(overrides)
        self.changed(config)

    def _choose(self, event: Any) -> None:
        """Start afresh from a preset: every other control takes its value."""
        if self.silent:
            return
        self.preset, self.overrides = event.new, {}
        config = checked(self.preset, {})
        self.reflect(config)
        self.changed(config)

    def reflect(self, config: RunConfig) -> None:
        """Set every widget to a configuration, without telling anyone."""
        self.silent = True
        try:
            self.scale.set(config.init.log10_scale)
            self.width.set(config.init.width)
            self.seed.value = config.init.seed
            self.slope.param.update(end=max(STEEPEST, config.flow.slope), value=max(0.0, config.flow.slope))
            self.start.value = config.init.start if config.init.start != "given" else "balanced"
        finally:
            self.silent = False

    def query_subject(self, config: RunConfig) -> Subject:
        """Return what is looked at now, for an address."""
        return Subject(config, dict(self.overrides))


class PromptSlider(pn.widgets.IntSlider):
    """A slider whose moves are heard at once, and in their order.

    Panel waits 50 ms for more, half of what a picture may take; and it hands each move to whatever thread is free,
    so that of two quick ones the first could be heard last.
    """

    _priority_changes: ClassVar[list[str]] = ["value"]

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._one_at_a_time = threading.Lock()

    def _change_event(self, doc: Document) -> None:
        with self._one_at_a_time:
            super()._change_event(doc)


class StopSlider:
    """A slider over chosen values, evenly spaced whatever they are.

    Panel's DiscreteSlider is two widgets, of which the one that moves has no name; here the name and the value are
    the slider's own title.
    """

    def __init__(self, name: str, stops: list[Any], value: Any) -> None:
        self.stops, self.values = stops, list(stops)
        self.slider = PromptSlider(label=name, start=0, end=1, value=0, sizing_mode="stretch_width")
        self.set(value)

    @property
    def value(self) -> Any:
        """The value it stands at."""
        return self.values[self.slider.value or 0]

    def set(self, value: Any) -> None:
        """Move to a value; one that is no stop becomes one."""
        descending = self.stops[0] > self.stops[-1]
        self.values = sorted({*self.stops, value}, reverse=descending)
        words = [f"{stop:,}" if isinstance(stop, int) else f"{stop:g}" for stop in self.values]
        shown = CustomJSTickFormatter(args={"words": words}, code="return words[Math.round(tick)] ?? ''")
        self.slider.param.update(format=shown, end=len(self.values) - 1, value=self.values.index(value))

    def watch(self, told: Callable[[Any], None]) -> None:
        """Tell whoever wants to know the value at every move."""
        self.slider.param.watch(lambda event: told(self.values[event.new]), "value")
