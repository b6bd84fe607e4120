"""In what time is counted: the paper's t, t over -ln lambda (Lemmas 3 and 4), or the notebooks' iterations."""

from __future__ import annotations

from dataclasses import dataclass

TIME_PER_ITERATION = 2e-3
"""The paper's t of one iteration: the notebooks' step of 1e-3 goes down twice the gradient of L."""


@dataclass(frozen=True)
class TimeUnit:
    """A unit of time.

    Attributes
    ----------
    name
        What a person chooses by.
    label
        What an axis says.
    length
        The paper's t of one unit.
    """

    name: str
    label: str
    length: float


TIME_UNITS = {"t": "t", "scaled": "t / (−ln λ)", "iterations": "iterations"}
"""The clocks by what an address says, and by what a person reads."""


def time_unit(key: str, log_scale: float) -> TimeUnit | None:
    """Make a clock for a run of this ln lambda; None where it has none: for lambda >= 1 -ln lambda is no time."""
    if key == "iterations":
        return TimeUnit("iterations", "gradient-descent iterations (step 10⁻³)", TIME_PER_ITERATION)
    if key == "scaled":
        return TimeUnit("t / (−ln λ)", "t / (−ln λ)", -log_scale) if log_scale < 0 else None
    return TimeUnit("t", "time t of the flow", 1.0)
