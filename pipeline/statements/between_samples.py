"""Between two samples: what is least, or largest, there, from a few more instants of the same flow.

A row about every instant of a stretch is decided somewhere between two samples. Which two they are the samples
say; what is between them is read from the flow at :data:`NODES` instants, and is a polynomial through these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.polynomial import Chebyshev

NODES = 12
"""How many instants are read: on ``orthogonal``, whatever the samples, 24 agree with them to 1e-9."""
FINE = 4001
"""At how many the polynomial is compared."""


@dataclass(frozen=True)
class DenseOutput:
    """A flow that can be read at any instants.

    Attributes
    ----------
    trajectory
        Reads it at instants of the paper's t: a trajectory.
    distance
        Tells |theta - theta*| along such a trajectory.
    """

    trajectory: Callable[[np.ndarray], xr.Dataset]
    distance: Callable[[xr.Dataset], np.ndarray]


@dataclass(frozen=True)
class BetweenSamples:
    """Two instants, and what is read between them."""

    first: float
    last: float

    @classmethod
    def beside(cls, time: np.ndarray, sample: int) -> BetweenSamples:
        """From the sample before ``sample`` to the one after it."""
        return cls(float(time[max(sample - 1, 0)]), float(time[min(sample + 1, len(time) - 1)]))

    @property
    def nodes(self) -> np.ndarray:
        """Where the flow is read."""
        unit = np.cos(np.pi * (np.arange(NODES)[::-1] + 0.5) / NODES)
        return 0.5 * (self.first + self.last) + 0.5 * (self.last - self.first) * unit

    @property
    def fine(self) -> np.ndarray:
        """Where the polynomials are compared."""
        return np.linspace(self.first, self.last, FINE)

    def through(self, values: np.ndarray) -> np.ndarray:
        """Those of the polynomial through these values at the nodes, on the fine instants."""
        fitted = Chebyshev.fit(self.nodes, values, NODES - 1, domain=[self.first, self.last])
        return np.asarray(fitted(self.fine))

    def least(self, values: np.ndarray, outside: np.ndarray | None = None) -> tuple[float, float]:
        """When fine values are least, and the least of them; inf if ``outside`` is positive throughout.

        Parameters
        ----------
        outside
            Only where this is not positive, up to where it is 0.
        """
        time = self.fine
        if outside is not None:
            edge = np.flatnonzero((outside[:-1] > 0.0) != (outside[1:] > 0.0))
            share = outside[edge] / (outside[edge] - outside[edge + 1])
            time = np.append(time, time[edge] + share * (time[edge + 1] - time[edge]))
            ends = values[edge] + share * (values[edge + 1] - values[edge])
            values = np.append(np.where(outside > 0.0, np.inf, values), ends)
        place = int(np.argmin(values))
        return float(time[place]), float(values[place])
