"""Stationary points of the flow: which one a network is next to, its Hessian's spectrum, and of what kind it is.

In comes one sample of a trajectory; out go the point's weights, the eigenvalues and one answer about its kind,
which the flow's own account and the plateaus both give. Knows nothing of how a trajectory was computed, and
nothing of plateaus.
"""

from pipeline.stationary.kinds import Answer, kind_of, point_at
from pipeline.stationary.point import StationaryPoint, nearest_stationary_point
from pipeline.stationary.spectrum import Spectrum, spectrum

__all__ = [
    "Answer",
    "Spectrum",
    "StationaryPoint",
    "kind_of",
    "nearest_stationary_point",
    "point_at",
    "spectrum",
]
