"""Why an integration ended: a value whose text a person reads, stored with the run."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """The end of an integration; ``value`` is the sentence, ``name.lower()`` the word in the attributes."""

    CONVERGED = "The residual fell below 1e-12 of the labels, or to its own rounding: the network fits the data."
    STATIONARY = "Nothing that can still move is pushed: a stationary point with a loss that is not zero."
    END_TIME = "The requested end time was reached."
    OUT_OF_STEPS = "The allowed number of steps was used up before the flow came to rest."
    STALLED = "The step fell below the resolution of the time: the solver could not go on."

    @property
    def word(self) -> str:
        """The word that stands in the attribute ``status`` of a trajectory."""
        return self.name.lower()

    @property
    def complete(self) -> bool:
        """Whether the trajectory is all that was asked for."""
        return self in (Status.CONVERGED, Status.STATIONARY, Status.END_TIME)


BY_NUMBER = dict(enumerate(Status, start=1))
"""The statuses by the numbers that :mod:`pipeline.flow.exact.stepping` returns."""
