"""The Hessian of the loss at a stationary point theta_S.

With the patterns as they are h is quadratic in the weights, and

    Hessian L = 1/n J^T J - blockdiag [[0, D_j], [D_j^T, 0]]

On the kept neurons D_j = 0: what is left is J^T J / n, whose eigenvalues other than 0 are those of the tangent
kernel K/n. A neuron that is 0 has J_j = 0. There the loss has no second derivative, but it has one along each
ray: L(theta_S + (v, b)) = L - b <D(v), v> + ... with D(v) the force for the pattern of v. Within the pattern
that the neuron has during the plateau this form has the eigenvalues -|D_j| and +|D_j|, along (D_j/|D_j|, +-1)
(and 0 else). So a network of this width has as many negative eigenvalues as neurons that vanish under a force.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.network.patterns import Network
from pipeline.stationary.point import StationaryPoint

RANK = 1e-12
"""The share of the largest eigenvalue of K above which another is not 0."""


@dataclass(frozen=True)
class Spectrum:
    """The Hessian's eigenvalues: all of them, how many are negative, and those at the ends.

    ``values`` rise, each with its ``multiplicity``: a neuron's pattern decides its pair, so that a million
    neurons have some thirty different ones. ``smallest_positive`` is NaN where none is positive.
    Where points and weights are both more than ``tangent.MOST``, the kept neurons' eigenvalues are the six largest
    alone: the others count among those that are 0, and ``smallest_positive`` is NaN. ``escape_rate``
    is the fastest growth of a neuron that is 0 at theta_S, in the direction that it has.
    """

    values: np.ndarray
    multiplicity: np.ndarray
    negative: int
    smallest: float
    smallest_positive: float
    largest: float
    escape_rate: float


def spectrum(network: Network, point: StationaryPoint) -> Spectrum:
    """Compute the Hessian's spectrum at ``point``, from n eigenvalues and one force a neuron."""
    tangent = point.tangent
    kept = tangent.eigenvalues() / len(point.residual)
    kept = kept[kept > RANK * kept.max(initial=0.0)]
    vanished = np.bincount(network.group[~point.kept], minlength=len(point.force))
    force, vanished = np.linalg.norm(point.force, axis=1)[vanished > 0], vanished[vanished > 0]
    positive = np.concatenate([kept, force])
    values, multiplicity = counted(kept, force, vanished, point.w.size + point.a.size)
    return Spectrum(
        values=values,
        multiplicity=multiplicity,
        negative=int(vanished.sum()),
        smallest=-float(force.max(initial=0.0)) or 0.0,
        smallest_positive=float(positive.min()) if len(positive) and tangent.complete else float("nan"),
        largest=float(positive.max(initial=0.0)),
        escape_rate=escape_rate(network, point),
    )


def counted(
    kept: np.ndarray, force: np.ndarray, vanished: np.ndarray, weights: int
) -> tuple[np.ndarray, np.ndarray]:
    """Merge equal eigenvalues: the values, rising, and how often each occurs.

    Parameters
    ----------
    kept
        Those of the kept neurons, one each, none of them 0.
    force, vanished
        |D| of each group of vanished neurons, and their number: as many eigenvalues -|D| and as many +|D|.
    weights
        The number of all weights, m (d + 1); the eigenvalues that are left are 0: flat directions.
    """
    values = np.concatenate([-force, kept, force])
    number = np.concatenate([vanished, np.ones(len(kept), dtype=int), vanished])
    values, number = np.append(values, 0.0), np.append(number, weights - number.sum())
    values, number = values[number > 0], number[number > 0]
    order = np.argsort(values, kind="stable")
    values, number = values[order], number[order]
    # Two patterns that differ only where no residual is left have the same force, up to rounding.
    gap = np.diff(values) > RANK * np.abs(values).max(initial=0.0)
    first = np.flatnonzero(np.concatenate([[True], gap]))
    return values[first], np.add.reduceat(number, first)


def escape_rate(network: Network, point: StationaryPoint) -> float:
    """The largest growth rate of a vanished neuron; 0 if none grows.

    d ln|(w_j, a_j)|/dt = 2 a_j <D_j, w_j>/(a_j^2 + |w_j|^2), of eq (3).
    """
    gone = ~point.kept
    ratio = network.ratio[gone]
    along = np.sum(network.direction[gone] * point.force[network.group[gone]], axis=1)
    # ratio/(1 + ratio^2), for a ratio whose square is no float too.
    with np.errstate(divide="ignore"):
        share = np.where(ratio == 0, 0.0, 1.0 / (ratio + 1.0 / ratio))
    return float(np.max(2.0 * share * along, initial=0.0))
