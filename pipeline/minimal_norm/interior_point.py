"""The least sum of masses on given directions, by an interior-point method for dense columns.

    min sum_i |m_i|  over  sum_i m_i phi(<u_i, x_k>) = y_k,    max <q, y>  over  |sum_k q_k phi(<u_i, x_k>)| <= 1.

A mass is the difference of two that are positive, and Mehrotra's predictor and corrector (1992) lead to both
solutions together. Each step takes a factor of a matrix of the points: far less than the simplex method, which
follows one pivot after the other, and a dual that is asked for directions is better not at a vertex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_STEPS = 25
FITTED = 1e-9
"""The misfit, over the labels, up to which the labels are fitted."""
TO_THE_END = 0.9995
"""The share of the way to the border that a step goes at most."""
LIFT = 1e-14
"""What is added to the matrix of the points, over its mean diagonal."""


@dataclass(frozen=True)
class Iterate:
    """Masses of both signs, the dual vector, and how far below 1 it is at each direction of a sign."""

    mass: np.ndarray
    q: np.ndarray
    slack: np.ndarray

    @property
    def complementarity(self) -> float:
        """The mean of mass times slack."""
        return float(self.mass @ self.slack) / len(self.mass)

    def moved(self, step: tuple[np.ndarray, np.ndarray, np.ndarray], most: float) -> Iterate:
        """Further along a step, masses and slacks each as far as they stay positive."""
        mass, q, slack = step
        primal = min(1.0, most / max(float((-mass / self.mass).max()), 1e-300))
        dual = min(1.0, most / max(float((-slack / self.slack).max()), 1e-300))
        return Iterate(self.mass + primal * mass, self.q + dual * q, self.slack + dual * slack)


def least_masses(columns: np.ndarray, labels: np.ndarray, gap: float) -> tuple[np.ndarray, np.ndarray] | None:
    """The masses and the dual vector; None if that comes to no numbers.

    Parameters
    ----------
    columns
        [point, direction]: what a mass of 1 puts out.
    labels
        [point].
    gap
        The difference of both sums, relative to it, that is small enough.
    """
    at = _first(columns, labels)
    for _ in range(MOST_STEPS):
        if at is None or not np.isfinite(at.q).all():
            return None
        misfit = labels - _outputs(columns, at.mass)
        total, bound = float(at.mass.sum()), float(at.q @ labels)
        if abs(total - bound) <= gap * abs(total) and np.abs(misfit).max() <= FITTED * np.abs(labels).max():
            break
        at = _stepped(columns, at, misfit)
    half = columns.shape[1]
    return None if at is None else (at.mass[:half] - at.mass[half:], at.q)


def _first(columns: np.ndarray, labels: np.ndarray) -> Iterate | None:
    """The least squares' masses, lifted above 0 together."""
    factor = _factor(columns, np.ones(columns.shape[1]))
    if factor is None:
        return None
    signed = columns.T @ _solved(factor, labels) / 2
    mass = np.concatenate([signed, -signed])
    mass += 1.5 * float(np.abs(mass).max(initial=0.0)) or 1.0
    slack = np.full(len(mass), 1.5)
    return Iterate(mass, np.zeros(len(labels)), slack)


def _stepped(columns: np.ndarray, at: Iterate, misfit: np.ndarray) -> Iterate | None:
    """One step of predictor and corrector; None if the matrix of the points has no factor."""
    half = columns.shape[1]
    ratio = at.mass / at.slack
    factor = _factor(columns, ratio[:half] + ratio[half:])
    if factor is None:
        return None
    signed = at.q @ columns
    missing = 1.0 - np.concatenate([signed, -signed]) - at.slack

    def step(target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        q = _solved(factor, misfit + _outputs(columns, ratio * missing - target / at.slack))
        along = q @ columns
        slack = missing - np.concatenate([along, -along])
        return (target - at.mass * slack) / at.slack, q, slack

    predicted = step(-at.mass * at.slack)
    now, then = at.complementarity, at.moved(predicted, 1.0).complementarity
    centred = (then / now) ** 3 * now
    return at.moved(step(centred - at.mass * at.slack - predicted[0] * predicted[2]), TO_THE_END)


def _outputs(columns: np.ndarray, mass: np.ndarray) -> np.ndarray:
    half = columns.shape[1]
    return np.asarray(columns @ (mass[:half] - mass[half:]))


def _factor(columns: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """A Cholesky factor of sum_i weight_i column_i column_i^T."""
    from scipy.linalg.lapack import dpotrf

    scaled = columns * np.sqrt(weights)
    matrix = scaled @ scaled.T
    matrix[np.diag_indices_from(matrix)] += LIFT * np.trace(matrix) / len(matrix)
    factor, failed = dpotrf(matrix, lower=1)
    return None if failed else factor


def _solved(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    from scipy.linalg.lapack import dpotrs

    return np.asarray(dpotrs(factor, right, lower=1)[0])
