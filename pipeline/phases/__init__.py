"""The stage ``phases``: what happens along the trajectory, in the paper's words and for any data.

In come the labelled data and trajectory; out go the plateaus with the stationary points next to them, the
clusters of neurons, the roles, the four phases and their times, measured beside predicted, and the learned
function h, which is piecewise linear: its kinks and slopes in one dimension, the number of merged directions in
any; and beforehand where the neurons align (``alignment``). Knows nothing of how the trajectory was computed.
"""

from pipeline.phases.alignment import (
    extremal_directions,
    frozen_ends,
    last_aligning,
    measure_alignment,
    predict_alignment,
)
from pipeline.phases.clusters import find_clusters
from pipeline.phases.hessian import hessian_spectra
from pipeline.phases.label import label_phases
from pipeline.phases.network_function import learned_function
from pipeline.phases.plateaus import find_plateaus
from pipeline.phases.tangent_kernel import tangent_kernel_spectrum
from pipeline.phases.teacher_distance import with_teacher_distance

__all__ = [
    "extremal_directions",
    "find_clusters",
    "find_plateaus",
    "frozen_ends",
    "hessian_spectra",
    "label_phases",
    "last_aligning",
    "learned_function",
    "measure_alignment",
    "predict_alignment",
    "tangent_kernel_spectrum",
    "with_teacher_distance",
]
