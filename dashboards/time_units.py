"""The units of time: the paper's t, t over -ln lambda (Lemmas 3 and 4), or iterations of gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

UNITS = {"t": "t", "scaled": "t/(−ln λ)", "iterations": "iterations"}
"""The names of the units by their keys in an address."""
AXIS_LABELS = UNITS | {"t": "time t of the flow", "iterations": "gradient-descent iterations (step 10⁻³)"}
TIME_PER_ITERATION = 2e-3
"""The paper's t of one iteration: a step of 1e-3 along twice the gradient of L."""


@dataclass(frozen=True)
class TimeUnit:
    """A unit of time.

    Attributes
    ----------
    name
        The text by which a person chooses it.
    label
        The label of an axis.
    length
        The paper's t of one unit.
    """

    name: str
    label: str
    length: float


def scaled_length(log_scale: float) -> float:
    """Return -ln lambda, the time in which a neuron escapes from the origin at rate 1; NaN for lambda >= 1."""
    return -log_scale if log_scale < 0 else nan


def time_unit(key: str, log_scale: float) -> TimeUnit | None:
    """Make a unit for a run with this ln lambda; None for -ln lambda where lambda >= 1."""
    length = {"t": 1.0, "scaled": scaled_length(log_scale), "iterations": TIME_PER_ITERATION}[key]
    return TimeUnit(UNITS[key], AXIS_LABELS[key], length) if isfinite(length) else None
