"""Which path of the exact method follows a flow: the one criterion, in one place.

The grouped path (:mod:`pipeline.flow.exact`) follows every crossing by itself, with a Newton correction of the
size points x points: it is for few points, however many neurons. Where points are
many and neurons few a single point matters little, and nothing may have the size points x points: that is the
collocation path (:mod:`pipeline.flow.collocation`). Measured at n = 200, d = 2, m = 5 the two take 550 and 1 ms,
and from there on the grouped path's steps cost n^3.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from pipeline.flow.reduction import Reduction

FEWEST_POINTS = 128
"""Below so many points the grouped path's steps cost less than what it gives besides: every crossing by itself."""
POINTS_PER_WEIGHT = 4
"""Points for each of the m (d + 1) weights: with fewer, neurons slide at many boundaries at once, and can fit the
labels."""
LARGEST_RATIO = 1e3
"""|a_j|/|w_j| at the start up to which a w_j that becomes far smaller beside a_j is on its way to 0."""
GROUPED_UP_TO = 2000
"""The rays of points up to which the grouped path takes over: where the w of an unbalanced neuron reached 0, at
which all boundaries meet and the flow is not unique, it stops the neuron, and says so. Of more it takes hours."""
FEWEST_TO_CROSS, MOST_TO_CROSS = 50, 3000
"""The points between which the Gram path is taken: with fewer the grouped path takes no second, and every crossing
by itself; of more the products of all points fill the memory."""
OWN_PATTERNS = 4
"""One pattern at the start for at most so many neurons: with more to a pattern, and more neurons than points, to
group them is cheaper."""
FINEST = 1e-8
"""The tolerance below which crossings have to be followed one by one: on the Gram path they take it to order 2."""


def many_points(data: xr.Dataset, init: xr.Dataset, slope: float) -> bool:
    """Whether the points are so many, and the neurons so few, that the collocation path follows this flow.

    Of points on one ray all but one are no boundaries of their own, and the grouped path has one point for them.

    Parameters
    ----------
    data, init
        The datasets of the stages data and flow.
    slope
        Of the leaky ReLU: above 1, or below -1, a boundary repels on both sides. Only the grouped path says so.
    """
    x, y = data.variables["x"].values, data.variables["y"].values
    (n, d), m = x.shape, init.sizes["neuron"]
    if n < FEWEST_POINTS or n < POINTS_PER_WEIGHT * m * (d + 1) or abs(slope) > 1.0 or not y.any():
        return False
    if np.abs(init.variables["output_ratio"].values).max() > LARGEST_RATIO:
        return False
    if d == 1 or not x.any():  # on a line the grouped path has two points: the ray of each sign
        return False
    from pipeline.flow.boundaries import fewer_rays  # kernels that few runs need

    return not fewer_rays(x, max(FEWEST_POINTS, POINTS_PER_WEIGHT * m * (d + 1)))


def many_patterns(reduced: Reduction, tolerance: float) -> bool:
    """Whether the patterns are so many, beside the neurons, that the Gram path follows this flow.

    Parameters
    ----------
    reduced
        The solver's problem.
    tolerance
        Of the flow.

    Notes
    -----
    Not where the flow may be not unique, of neurons with |a| far above |w| and of a slope beyond 1 in size, and
    not where two points lie on opposite rays, whose boundary is one: there only the grouped path says so, or
    decides. It takes over, too, where the w of a neuron with |a| > |w| has reached 0.
    """
    problem, neurons = reduced.problem, reduced.neurons
    n, m = len(problem.y), len(neurons.sign)
    if tolerance < FINEST or abs(problem.negative_slope) > 1.0:
        return False
    if not FEWEST_TO_CROSS <= n <= MOST_TO_CROSS:
        return False
    if not problem.y.any() or (problem.opposite >= 0).any():
        return False
    a, imbalance = neurons.z[:, -2], neurons.z[:, -1]
    if (imbalance >= (1.0 - LARGEST_RATIO**-2) * a**2).any():
        return False
    # With no more neurons than points a step costs no more than the grouped path's correction, n^3: neurons that
    # begin with one pattern, as beside clusters of points, part at every boundary that they cross.
    return m <= n or len({row.tobytes() for row in neurons.state}) * OWN_PATTERNS > m
