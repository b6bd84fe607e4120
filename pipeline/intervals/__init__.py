"""When a flow is near a stationary point: from when to when, when it is slowest, and whether it leaves.

In comes the history of the loss, of the residuals and of the gradient's norm, at the ends of the solver's steps or
at samples, with the stationary points next to some of its instants; out go intervals of time
(``find_plateau_intervals``). The stage flow finds them from its steps, the stage phases from the samples of a
trajectory that has no steps: by the same functions. This package does not know how a trajectory was computed.
"""

from pipeline.intervals.history import GRID, ROUNDS, History, Moments
from pipeline.intervals.plateau_intervals import (
    PlateauInterval,
    find_plateau_intervals,
    likely_bounds,
    slow_intervals_of,
)
from pipeline.intervals.slow_intervals import SlowInterval

__all__ = [
    "GRID",
    "ROUNDS",
    "History",
    "Moments",
    "PlateauInterval",
    "SlowInterval",
    "find_plateau_intervals",
    "likely_bounds",
    "slow_intervals_of",
]
