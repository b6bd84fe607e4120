"""Stage 2: the network's start and its gradient flow.

In come the labelled data and the ``[init]`` and ``[flow]`` settings; out goes the labelled trajectory. The
solver's idea is read in this order: ``boost`` (one neuron, constant D), ``patterns`` (neurons that share their
D), ``carrying`` (the groups through a step), ``residual`` (what couples them), ``following`` and ``crossings``
(where D changes), ``attempt`` (one step), ``pace`` (its length), ``stepping`` (the loop), ``sampling`` (reading
the run), ``simulate`` (the labels around it). Knows the data, and nothing of phases or catalogs.
"""

from pipeline.flow.initial import initialise
from pipeline.flow.simulate import refuse_oblique, simulate

__all__ = ["initialise", "refuse_oblique", "simulate"]
