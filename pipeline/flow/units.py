"""The units in which the solver for many points has the data, the weights and the time."""

from __future__ import annotations

from dataclasses import dataclass
from math import log


@dataclass(frozen=True)
class Units:
    """The solver's units, powers of 2: inputs, labels, and with them weights and the time.

    Attributes
    ----------
    inputs, labels : float
        Of the data in theirs.
    """

    inputs: float
    labels: float

    @property
    def time(self) -> float:
        """The paper's t of one unit of the solver's time."""
        return 1.0 / (self.inputs * self.labels)

    @property
    def log_weight(self) -> float:
        """Ln of one unit of weight."""
        return 0.5 * (log(self.labels) - log(self.inputs))
