"""The stage ``phases``: what happens along the trajectory, in the paper's words and for any data.

In come the labelled data and trajectory; out go the plateaus with the stationary points that they linger at, the
clusters of neurons, the roles, the four phases and their times, measured beside predicted. Knows nothing of how
the trajectory was computed.
"""

from pipeline.phases.clusters import find_clusters
from pipeline.phases.hessian import hessian_spectra
from pipeline.phases.label import label_phases
from pipeline.phases.plateaus import find_plateaus

__all__ = ["find_clusters", "find_plateaus", "hessian_spectra", "label_phases"]
