"""When a flow lingers: from when to when, next to which instant, and whether it goes on from there.

In comes the history of the loss, of the residuals and of the gradient's norm, at the ends of the solver's steps or
at samples, with the stationary points next to some of its instants; out go stretches of time. The flow tells its
stretches along its steps, the phases find those of a trajectory that has samples alone: one answer for both. Knows
nothing of how a trajectory was computed.
"""

from pipeline.lingering.dips import Dip
from pipeline.lingering.history import GRID, ROUNDS, History, Moments
from pipeline.lingering.stretches import Stretch, dips_of, stretches

__all__ = ["GRID", "ROUNDS", "Dip", "History", "Moments", "Stretch", "dips_of", "stretches"]
