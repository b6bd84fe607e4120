"""The solver's coordinates: the span of the data, where everything moves.

dw_j/dt = a_j D_j lies in the span of the inputs, so the part of a neuron orthogonal to all of them never
moves. In d dimensions with fewer points than that, the kernels therefore see n coordinates in the span and one
for the length of the part that rests; its direction is a constant of each neuron.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """A change of coordinates.

    Attributes
    ----------
    basis : float64[p, d] or None
        Orthonormal rows that span the data; None if the inputs' own coordinates are used.
    resting : float64[m, d] or None
        The unit vector of each neuron's part outside the span.
    """

    basis: np.ndarray | None
    resting: np.ndarray | None

    @classmethod
    def of(cls, x: np.ndarray, direction: np.ndarray) -> tuple[Frame, np.ndarray, np.ndarray]:
        """Choose the frame for points ``x`` (n, d) and unit vectors ``direction`` (m, d).

        Returns
        -------
        frame, x, direction
            The points and the directions in the frame's coordinates.
        """
        n, d = x.shape
        if n == 0 or d <= n + 1:
            return cls(None, None), x, direction
        _, sizes, rows = np.linalg.svd(x, full_matrices=False)
        basis = rows[sizes > 1e-13 * sizes[0]] if sizes[0] > 0 else rows[:0]
        inside = direction @ basis.T
        outside = direction - inside @ basis
        length = np.linalg.norm(outside, axis=1)
        resting = outside / np.where(length > 0, length, 1.0)[:, None]
        return (
            cls(basis, resting),
            np.column_stack([x @ basis.T, np.zeros(n)]),
            np.column_stack([inside, length]),
        )

    def inside(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (..., d) of the data's span in the frame's coordinates (..., q)."""
        if self.basis is None:
            return vectors
        inside = vectors @ self.basis.T
        return np.concatenate([inside, np.zeros((*inside.shape[:-1], 1))], axis=-1)

    def back(self, direction: np.ndarray) -> np.ndarray:
        """Directions (..., m, q) in the inputs' own coordinates (..., m, d)."""
        if self.basis is None or self.resting is None:
            return direction
        whole: np.ndarray = direction[..., :-1] @ self.basis + direction[..., -1:] * self.resting
        return whole
