"""The scales of an axis: linear, logarithmic, and symmetric logarithmic, which Bokeh does not have.

Values are transformed, and the axis writes the inverse at its ticks: so all three are drawn alike, in lines and in
heat maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np
import numpy.typing as npt
from bokeh.models import CustomJSTickFormatter

Numbers = npt.NDArray[np.float64]

SCALES = ("linear", "log", "symlog")
SYMLOG_DECADES = 6
"""Decades below the largest value that a symmetric logarithmic axis shows; smaller values are near 0."""

_WRITE = """
const value = INVERSE
if (value === 0 || !isFinite(value)) return value === 0 ? "0" : ""
const size = Math.abs(value)
if (size >= 0.001 && size < 100000) return String(Number(value.toPrecision(4))).replace("-", "−")
const [mantissa, exponent] = value.toExponential(1).split("e")
const raised = [...String(Number(exponent))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")
const factor = Number(mantissa)
return (factor === 1 ? "10" : factor === -1 ? "−10" : `${factor}×10`.replace("-", "−")) + raised
"""


@dataclass(frozen=True)
class Scale:
    """One scale of an axis.

    Attributes
    ----------
    name
        One of :data:`SCALES`.
    threshold
        Of ``symlog``: the size below which it is linear.
    """

    name: str = "linear"
    threshold: float = 1.0

    def transform(self, values: npt.ArrayLike) -> Numbers:
        """Place values on the axis; NaN where a logarithm does not exist."""
        given = np.asarray(values, dtype=np.float64)
        if self.name == "linear":
            return given
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.name == "log":
                return np.where(given > 0, np.log10(np.where(given > 0, given, 1.0)), np.nan)
            return np.sign(given) * np.log10(1.0 + np.abs(given) / self.threshold)

    def formatter(self) -> CustomJSTickFormatter:
        """Make the formatter that writes the values at the ticks."""
        inverse = {
            "linear": "Math.abs(tick) < 1e-300 ? 0 : tick",
            "log": "10 ** tick",
            "symlog": f"Math.sign(tick) * {self.threshold!r} * (10 ** Math.abs(tick) - 1)",
        }[self.name]
        return CustomJSTickFormatter(code=_WRITE.replace("INVERSE", inverse))


def tick_places(scale: Scale) -> list[float] | None:
    """Place the ticks of a symmetric logarithmic axis at 0 and at every second decade; None: Bokeh places them."""
    if scale.name != "symlog":
        return None
    sizes = scale.threshold * 10.0 ** np.arange(2, SYMLOG_DECADES + 4, 2)
    return [float(place) for place in scale.transform([*-sizes[::-1], 0.0, *sizes])]


def make_scale(name: str, values: npt.ArrayLike) -> Scale:
    """Make the scale of an axis for these values: the threshold of ``symlog`` follows from the largest."""
    if name != "symlog":
        return Scale(name)
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    if largest == 0.0 or not isfinite(largest):
        return Scale(name)
    return Scale(name, 10.0 ** (floor(log10(largest)) - SYMLOG_DECADES))


def count_lost(scale: Scale, values: npt.ArrayLike) -> int:
    """Count the numbers that a logarithmic axis does not show: those at most 0."""
    given = np.asarray(values, dtype=np.float64)
    return int(np.sum(given <= 0)) if scale.name == "log" else 0
