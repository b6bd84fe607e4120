"""Why an integration ended: a value whose text a person reads, stored with the run."""

from __future__ import annotations

from enum import Enum, nonmember


class Status(Enum):
    """The end of an integration; ``value`` is the sentence, ``name.lower()`` the word in the attributes."""

    CONVERGED = "The residual fell below 1e-12 of the labels, or to its own rounding: the network fits the data."
    STATIONARY = "The gradient of every active neuron is zero: a stationary point with a loss that is not zero."
    END_TIME = "The requested end time was reached."
    OUT_OF_STEPS = "The allowed number of steps was used up before the flow came to rest."
    STALLED = "The step fell below the resolution of the time: the solver could not go on."
    DIVERGED = "The iteration ran away uphill until its numbers overflowed: the step is too large for this data."
    NON_UNIQUE = (
        "The flow met a point where it is not unique (a neuron's w reached 0 in finite time, its a changed sign "
        "while it slid, or it was at a boundary that it could leave in several ways or not at all): "
        "relu'(0) = 0 decided there, and the others went on."
    )
    LEAST_LOSS = (
        "The loss is the least that any network has on these inputs; it is not zero, because the labels of points "
        "on one ray contradict each other."
    )

    INCOMPLETE = nonmember(frozenset({"out_of_steps", "stalled", "diverged"}))
    """The words of those that leave a trajectory incomplete: it is not all that was asked for."""

    @property
    def word(self) -> str:
        """The word that stands in the attribute ``status`` of a trajectory."""
        return self.name.lower()

    @property
    def complete(self) -> bool:
        """Whether the trajectory is all that was asked for."""
        return self.word not in Status.INCOMPLETE


BY_NUMBER = dict(enumerate(Status, start=1))
"""The statuses by the numbers that ``exact.integration`` returns: a new status goes to the end."""
