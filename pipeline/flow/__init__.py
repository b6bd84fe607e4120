"""The stage ``flow``: the network's start and its gradient flow.

In come the labelled data and the ``[init]`` and ``[flow]`` settings; out goes the labelled trajectory. The
solver itself is the package ``exact``; the modules here label what goes in and comes out, hold the
other methods, and keep its machine code on disk (``code_cache``); ``limit`` is the flow as lambda -> 0.
It knows the data, and nothing of phases or catalogs.
"""

from pipeline.flow.course import Course, follow_flow
from pipeline.flow.followed import Followed
from pipeline.flow.initial import initialise
from pipeline.flow.limit.labelled import limit_beside, limit_process, measure_limit, refuse_long_limit
from pipeline.flow.simulate import simulate
from pipeline.flow.starts import arrays_of, given_start, given_weights, start, start_from

__all__ = [
    "Course",
    "Followed",
    "arrays_of",
    "follow_flow",
    "given_start",
    "given_weights",
    "initialise",
    "limit_beside",
    "limit_process",
    "measure_limit",
    "refuse_long_limit",
    "simulate",
    "start",
    "start_from",
]
