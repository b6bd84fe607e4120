"""A slider over the places of a dimension, or over given values, that says them in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import panel as pn
from bokeh.models import CustomJSTickFormatter

from dashboards.paper_notation import print_numbers


class PromptSlider(pn.widgets.IntSlider):
    """A slider that reports each move at once: Panel waits 50 ms, half of the time that a plot may take."""

    _priority_changes: ClassVar[list[str]] = ["value"]


def write_stops(words: Sequence[str], first: int = 0) -> CustomJSTickFormatter:
    """Make the formatter that writes the word of a slider's place beside its name; places begin at ``first``."""
    code = f"return words[Math.round(tick) - ({first})] ?? ''"
    return CustomJSTickFormatter(args={"words": list(words)}, code=code)


class StopSlider:
    """A slider over given values, evenly spaced.

    Panel's DiscreteSlider is two widgets, of which the one that moves has no name for screen readers; here
    the name and the value are the slider's own title.
    """

    def __init__(self, name: str, stops: list[Any], value: Any) -> None:
        self.stops, self.values, self.named = stops, list(stops), False
        self.slider = PromptSlider(label=name, start=0, end=1, value=0, sizing_mode="stretch_width")
        self.set(value)

    @property
    def value(self) -> Any:
        """The selected value."""
        return self.values[self.slider.value or 0]

    def set(self, value: Any) -> None:
        """Move to a value; a value that is not on the slider is added."""
        values = sorted({*self.stops, value}, reverse=self.stops[0] > self.stops[-1])
        if self.named and values == self.values:
            self.slider.value = values.index(value)
            return
        self.values, self.named = values, True
        words = [print_numbers(f"{stop:,}" if isinstance(stop, int) else f"{stop:.7g}") for stop in values]
        self.slider.param.update(format=write_stops(words), end=len(values) - 1, value=values.index(value))

    def watch(self, told: Callable[[Any], None]) -> None:
        """Call ``told`` with the value at every move."""
        self.slider.param.watch(lambda event: told(self.values[event.new]), "value")
