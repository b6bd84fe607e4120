"""A network as a function of one number: h is piecewise linear, with a kink where a neuron turns on or off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from pipeline.network.activation import Activation

MARGIN = 0.6
"""How far the window of a picture reaches beyond the data, as a part of the data's range."""


@dataclass(frozen=True)
class OneInput:
    """Networks over data of one input, with a constant bias beside it or none.

    Attributes
    ----------
    x
        [point]: the input.
    column, bias_column
        Which coordinates of w are the input's and the bias'; None: there is no bias, and every kink is at 0.
    bias
        The value of the bias coordinate.
    activation
        The neurons'.
    """

    x: np.ndarray
    column: int
    bias_column: int | None
    bias: float
    activation: Activation

    @classmethod
    def of(cls, data: xr.Dataset, activation: Activation) -> OneInput | None:
        """Read the columns of a data set; None unless its input is one number."""
        x = data.variables["x"].values
        if x.shape[1] == 1:
            return cls(x[:, 0], 0, None, 0.0, activation)
        names = str(data["coord"].attrs.get("labels", "")).split()
        if x.shape[1] != 2 or len(names) != 2 or "bias" not in names or not len(x):
            return None
        bias = names.index("bias")
        # A bias that varies over the points is an input like any other.
        return None if np.ptp(x[:, bias]) else cls(x[:, 1 - bias], 1 - bias, bias, float(x[0, bias]), activation)

    @property
    def shown(self) -> np.ndarray:
        """What a picture has to show: the data, and 0 where all kinks are there."""
        return self.x if self.bias_column is not None else np.append(self.x, 0.0)

    def lines(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The slope and the offset of <w_j, (x, bias)> for w (..., coord)."""
        slope = w[..., self.column]
        return slope, np.zeros_like(slope) if self.bias_column is None else self.bias * w[..., self.bias_column]

    def kinks(self, w: np.ndarray) -> np.ndarray:
        """Where each neuron of w (..., coord) has its kink; infinite for one that has none."""
        return kinks(*self.lines(w))

    def values(self, w: np.ndarray, a: np.ndarray, position: np.ndarray) -> np.ndarray:
        """H at increasing positions, of w (neuron, coord) and a (neuron)."""
        return piecewise_linear(*self.lines(w), a, position, self.activation)


def window(inputs: Iterable[OneInput]) -> tuple[float, float]:
    """The ends of a picture's axis of x that shows the data of all these."""
    shown = np.concatenate([one.shown for one in inputs])
    margin = MARGIN * (float(np.ptp(shown)) or 1.0)
    return float(shown.min()) - margin, float(shown.max()) + margin


def positions(inputs: Iterable[OneInput], count: int) -> np.ndarray:
    """``count`` positions evenly over that axis, and the data's among them: the line is to meet the dots."""
    inputs = list(inputs)
    return np.union1d(np.linspace(*window(inputs), count), np.concatenate([one.shown for one in inputs]))


def kinks(slope: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Where slope x + offset changes its sign; infinite where it does not."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = np.asarray(-offset / slope)
    np.putmask(found, slope == 0.0, np.inf)
    return found


def piecewise_linear(
    slope: np.ndarray, offset: np.ndarray, a: np.ndarray, position: np.ndarray, activation: Activation
) -> np.ndarray:
    """Evaluate sum_j a_j phi(slope_j x + offset_j) at increasing x, in the time of a sort and not of a product.

    phi(u) = s u + (1 - s) relu(u) with the negative slope s. Of the second part: a neuron of positive slope is on
    from its kink, one of negative slope until its kink: on each stretch between two positions the sum is a line,
    whose slope and offset are running sums over the kinks passed.
    """
    negative, rising, falling = activation.negative_slope, slope > 0, slope < 0
    always = (falling | ((slope == 0) & (offset > 0))).astype(np.float64)
    change = np.where(rising, 1.0, 0.0) - falling
    # A neuron of slope 0 has no kink; past the last position it changes nothing.
    passed = np.searchsorted(position, kinks(slope, offset))
    result = np.zeros(len(position))
    for term, factor in ((a * slope, position), (a * offset, np.ones_like(position))):
        steps = np.bincount(passed, term * change, minlength=len(position) + 1)
        active = np.sum(term * always) + np.cumsum(steps)[:-1]
        result += (negative * np.sum(term) + (1 - negative) * active) * factor
    return result
