"""The stage ``minimal_norm``: the interpolator of least norm, its certificate, and how far from it the flow is.

In come the labelled data and trajectory; out go the minimum of 1/2 |theta|^2 over L = 0 with a dual
certificate, the neurons that reach it, and the trajectory's excess and distance along time. Orthogonal inputs
have a closed form, and so has one input with a free bias (``line``); points that span a plane, one input with a
penalised bias among them, have a program of their own (``plane``, by the ``sectors`` between the points' walls).
For all others ``reduction`` takes the data to its own coordinates, ``activation_patterns`` enumerates these,
``sphere`` maximises the dual function over them exactly (where they are too many, ``cells`` does with half of the
points, and ``bound`` bounds it by a ``relaxation``), ``program`` and ``column_generation`` solve the convex
program, ``interpolator`` reads its neurons off, ``candidates`` and ``moving_directions`` are interpolators of
other origins, ``search`` takes the best, and ``solution`` does all this in its order. ``penalised`` is the least
of loss and norm together.
"""

from pipeline.minimal_norm.compare import compare
from pipeline.minimal_norm.minimum import bias_coordinate, minimal_norm, with_penalised
from pipeline.minimal_norm.penalised import check_patterns, penalised_minimum, vanishing_penalty

__all__ = [
    "bias_coordinate",
    "check_patterns",
    "compare",
    "minimal_norm",
    "penalised_minimum",
    "vanishing_penalty",
    "with_penalised",
]
