"""The heights of neurons on a logarithmic scale: at small scales all of them are at 0 for a third of the flow.

Figure 2 has the function and the neurons on one axis. Here the neurons have a scale of their own, up for a > 0 and
down for a < 0, which ends at the border of the picture; the axis at the right names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from dashboards.drawing_data import DrawingData, Numbers
from pipeline.figures import State, power_text

FIRST, LAST = 0.08, 0.95
"""Where the scale begins and ends, as shares of the distance from 0 to the border."""
TICKS_LIMIT = 5
"""Labels on each side at most."""


@dataclass(frozen=True)
class LogHeights:
    """The scale of one run.

    Attributes
    ----------
    low, high
        Its ends: log10 |w|.
    bottom, top
        The borders of the picture.
    """

    low: float
    high: float
    bottom: float
    top: float

    @classmethod
    def of(cls, drawing: DrawingData, bottom: float, top: float) -> LogHeights:
        """Choose the scale of a run: from its smallest norm at the start to its largest at the end, in decades."""
        first, last = (drawing.state(frame).log_norm / np.log(10.0) for frame in (0, len(drawing.time) - 1))
        low, high = floor(float(first.min())), ceil(float(max(first.max(), last.max())))
        return cls(low, max(high, low + 1), bottom, top)

    def place(self, state: State) -> Numbers:
        """Place the neurons of a state."""
        return self.heights(np.sign(state.output), state.log_norm / np.log(10.0))

    def heights(self, sign: Numbers, log10_norm: Numbers) -> Numbers:
        """Place norms, with the sign of the output."""
        share = np.clip((log10_norm - self.low) / (self.high - self.low), 0.0, 1.0)
        reach = np.where(sign < 0, self.bottom, self.top)
        return np.asarray(np.where(sign == 0, 0.0, reach * (FIRST + (LAST - FIRST) * share)))

    def ticks(self) -> dict[float, str]:
        """Place the powers of ten, with their texts."""
        step = max(1, ceil((self.high - self.low) / (TICKS_LIMIT - 1)))
        powers = np.arange(self.high, self.low - 1e-9, -step)
        return {
            float(place): power_text(int(power))
            for sign in (1.0, -1.0)
            for place, power in zip(self.heights(np.full(len(powers), sign), powers), powers, strict=True)
        }
