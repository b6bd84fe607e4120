"""Stage 2: the network's start and its gradient flow.

In come the labelled data and the ``[init]`` and ``[flow]`` settings; out goes the labelled trajectory. The
solver itself is the room ``exact``; here are the labels around it. Knows the data, and nothing of phases or
catalogs.
"""

from pipeline.flow.initial import initialise
from pipeline.flow.simulate import refuse_oblique, simulate

__all__ = ["initialise", "refuse_oblique", "simulate"]
