"""The activation of a neuron: the ReLU, or the leaky ReLU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Activation:
    """phi(u) = u for u > 0, else ``negative_slope`` u."""

    negative_slope: float = 0.0

    @classmethod
    def of(cls, trajectory: xr.Dataset) -> Activation:
        """Read a run's, which its trajectory tells."""
        return cls(float(trajectory.attrs.get("slope", 0.0)))

    def value(self, u: np.ndarray) -> np.ndarray:
        """phi(u)."""
        return np.where(u > 0.0, u, self.negative_slope * u)

    def derivative(self, u: np.ndarray) -> np.ndarray:
        """phi'(u); at 0 that of u < 0."""
        return np.where(u > 0.0, 1.0, self.negative_slope)
