"""Stationary points of the flow: when it is near one, which one, its Hessian's spectrum, and of what kind it is.

In come the history of the loss, of the residuals and of the gradient's norm (at the ends of the solver's steps or
at samples) and single samples of a trajectory. Out go intervals of time in which the flow is near a stationary
point (``find_plateau_intervals``), that point's weights, its eigenvalues, and one answer about its kind. The stage
flow finds them along its steps, the stage phases from the samples of a trajectory that has no steps: by the same
functions. This package does not know how a trajectory was computed.

The directions of small neurons have stationary points too: the critical points of G on the sphere
(``extremal_directions``), to which the flow with a frozen residual leads (``frozen_flow``).
"""

from pipeline.stationary.extremal_directions import KINDS as EXTREMAL_KINDS
from pipeline.stationary.extremal_directions import Extremal, critical_points
from pipeline.stationary.frozen_flow import Ends, FrozenFlow, Neurons
from pipeline.stationary.history import GRID, ROUNDS, History, Moments
from pipeline.stationary.kinds import Answer, kind_of, point_at
from pipeline.stationary.plateau_intervals import (
    PlateauInterval,
    find_plateau_intervals,
    likely_bounds,
    slow_intervals_of,
)
from pipeline.stationary.point import StationaryPoint, nearest_stationary_point
from pipeline.stationary.slow_intervals import SlowInterval
from pipeline.stationary.spectrum import Spectrum, spectrum

__all__ = [
    "EXTREMAL_KINDS",
    "GRID",
    "ROUNDS",
    "Answer",
    "Ends",
    "Extremal",
    "FrozenFlow",
    "History",
    "Moments",
    "Neurons",
    "PlateauInterval",
    "SlowInterval",
    "Spectrum",
    "StationaryPoint",
    "critical_points",
    "find_plateau_intervals",
    "kind_of",
    "likely_bounds",
    "nearest_stationary_point",
    "point_at",
    "slow_intervals_of",
    "spectrum",
]
