"""Where the neurons of a small network align: the extremal directions of a residual, and who goes to which.

In come points, a residual (the labels at the start, what is left to fit at a saddle) and directions; out go the
critical points of G on the sphere (``directions``), the end of each neuron's frozen flow (``frozen_flow``), and
both on labelled data (``alignment``). Asked by several stages; knows the algebra of a network, and no
trajectory.
"""

from pipeline.extremal.alignment import extremal_directions, measure_alignment, predict_alignment
from pipeline.extremal.directions import Extremal, critical_points
from pipeline.extremal.frozen_flow import Ends, FrozenFlow, Neurons

__all__ = [
    "Ends",
    "Extremal",
    "FrozenFlow",
    "Neurons",
    "critical_points",
    "extremal_directions",
    "measure_alignment",
    "predict_alignment",
]
