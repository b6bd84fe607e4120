"""What a tolerance allows the steps: the share that the sweeps may leave, and what is made of crossings."""

from __future__ import annotations

SHARE = 0.4
"""The share of the tolerance that a step's sweeps may leave: errors of .15 tolerances in the median."""
SHARE_TOLERANCE, SHARE_POWER = 1e-3, 0.15
"""The tolerance below which the share falls with its power: what crossings leave the sweeps don't see."""
SMALL_START, SMALL_START_SHARE, SMALL_START_POWER = 0.1, 0.25, 0.6
"""A start below that size, in the solver's units, has a smaller share, times this at least, and a larger power, by
3/4 of the last at most: what is wrong while its neurons grow, each step relative to them, shifts the time at which
they are seen."""
ROUGH, ROUGH_FEW, FEW = 0.75, 3.2, 8.0
"""The tolerance, over 1/n, from which on neurons count as active at the nodes alone: a single point does 1/n. It
is the larger the fewer neurons there are, ``FEW`` over their number, up to the second: what their points do wrong
is the mean over all neurons. That takes a third of the time; errors are .1 tolerances, one at most."""
CORNERED = 0.5
"""The same from which on crossings have no corners: errors of .02/n, in half the time."""


def care(tolerance: float, n: int, neurons: int) -> int:
    """How much is made of the crossings within a step: the last of ``Points.about``."""
    if tolerance * n >= min(max(ROUGH, FEW / neurons), ROUGH_FEW):
        return 0
    return 1 if tolerance * n >= CORNERED else 2


def share(tolerance: float, size: float) -> float:
    """The share of the tolerance that a step may err by; ``size``: the largest |a| at the start."""
    of_start = min(max(size / SMALL_START, SMALL_START_SHARE), 1.0)
    power = SHARE_POWER + SMALL_START_POWER * (1.0 - of_start)
    return float(SHARE * of_start * min(1.0, tolerance / SHARE_TOLERANCE) ** power)
