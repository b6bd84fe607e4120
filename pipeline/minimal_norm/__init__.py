"""Stage 4: the interpolator of least norm, its certificate, and how far from it the flow is.

In come the labelled data and trajectory; out go the minimum of 1/2 |theta|^2 over L = 0 with a dual
certificate, the neurons that reach it, and the trajectory's excess and distance along time. Where the minimum
is not known (oblique inputs, leaky ReLU) it says so, and gives a lower bound.
"""

from pipeline.minimal_norm.compare import compare
from pipeline.minimal_norm.minimum import minimal_norm

__all__ = ["compare", "minimal_norm"]
