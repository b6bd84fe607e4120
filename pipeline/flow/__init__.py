"""Stage 2: the network's start and its gradient flow.

In come the labelled data and the ``[init]`` and ``[flow]`` settings; out goes the labelled trajectory. The
solver itself is the room ``exact``; here are the labels around it, the other methods, and
``code_cache``, which keeps machine code on disk. Knows the data, and
nothing of phases or catalogs.
"""

from pipeline.flow.course import Course, follow_flow
from pipeline.flow.initial import initialise
from pipeline.flow.simulate import simulate

__all__ = ["Course", "follow_flow", "initialise", "simulate"]
