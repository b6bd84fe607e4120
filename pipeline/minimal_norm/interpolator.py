"""The neurons that reach the least norm, from the directions that the dual leaves them.

At the optimum a neuron has mass only where |sum_k q_k phi(<u, x_k>)| = 1: at most one direction u a pattern,
and finitely many together. Their masses solve sum_i m_i s_i phi(<u_i, x_k>) = y_k, and every solution m >= 0
has the same norm, <q, y>. A basic one is taken: at most as many neurons as points. How many dimensions the
others have is the freedom of the minimum. The directions are as exact as q is; the weights are then corrected,
without leaving the kinks that lie on data points, until the network interpolates to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.minimal_norm.reduction import Reduced
from pipeline.minimal_norm.sphere import Peaks
from pipeline.network.activation import Activation

SAME = 1e-6
"""The distance up to which two active directions are one."""
ON_POINT = 1e-7
"""The height <u, x_k> of a unit u up to which its kink lies on the point."""
VANISHING = (1e-7, 1e-10, 0.0)
"""The share of the total mass below which a neuron is dropped; the next is tried if the rest can't interpolate."""
EXACT = 1e-10
"""The misfit up to which a network interpolates, in units of the largest label."""
DENSE = 1_000_000
"""How many numbers the derivative of all outputs by all weights may have to be formed."""
STRETCH = 500
"""How many points are gone through at a time."""
SINGULAR = 1e-13
"""The eigenvalue, over the largest, up to which a matrix is singular."""
PATIENCE = 4
"""In how many rounds the misfit has to be halved."""
RESOLVED = 1e-15
"""The misfit at which there is nothing to correct."""
ROUNDING = 1e-13
"""The same where its terms are larger than the labels, over the norm."""


@dataclass(frozen=True)
class Network:
    """Neurons of weight u(neuron, coord), output s |u|^0 and mass |u|: they add s phi(<u, x_k>) to the outputs.

    Attributes
    ----------
    weight, sign
        As above.
    misfit
        The largest |h(x_k) - y_k|.
    freedom
        The number of active directions less the rank of their outputs on the data; NaN if not known.
    """

    weight: np.ndarray
    sign: np.ndarray
    misfit: float
    freedom: float

    @classmethod
    def of(cls, reduced: Reduced, weight: np.ndarray, sign: np.ndarray, slope: float, freedom: float) -> Network:
        """These neurons, with their misfit."""
        misfit = np.abs(Activation(slope).value(reduced.points @ weight.T) @ sign - reduced.labels)
        return cls(weight, sign, float(misfit.max(initial=0.0)), freedom)

    def norm(self, reduced: Reduced) -> float:
        """1/2 |theta|^2 once |a| = |w| for each neuron: sum |u|, of the coordinates that count."""
        return float(np.linalg.norm(self.weight[:, : reduced.penalised], axis=1).sum())

    def interpolates(self, reduced: Reduced) -> bool:
        """Whether it fits the labels, up to the rounding of its terms."""
        return self.misfit <= max(EXACT, ROUNDING * self.norm(reduced))


def network(reduced: Reduced, tops: Peaks, slope: float) -> Network:
    """The minimal network whose neurons point along some of the active directions ``tops``."""
    from scipy.optimize import nnls

    unit, sign = _distinct(tops, reduced.penalised)
    active = unit, sign
    if reduced.bias is not None:  # a constant costs nothing, as a neuron with the bias alone
        constant = np.zeros((2, reduced.points.shape[1]))
        constant[:, -1] = 1.0
        unit, sign = np.concatenate([unit, constant]), np.concatenate([sign, [1, -1]])
    outputs = sign * Activation(slope).value(reduced.points @ unit.T)
    freedom = _freedom(outputs, len(active[1]) + (reduced.bias is not None))
    if not len(unit):
        return Network(unit, sign, float(np.abs(reduced.labels).max(initial=0.0)), 0)
    try:
        mass = nnls(outputs, reduced.labels, maxiter=50 * len(unit))[0]
    except RuntimeError:  # it circles among columns that are dependent up to rounding
        mass = np.maximum(np.linalg.lstsq(outputs, reduced.labels)[0], 0.0)
    found: list[Network] = []
    for share in VANISHING:
        kept = mass > share * mass.sum()
        weight = corrected(mass[kept, None] * unit[kept], sign[kept], reduced, slope)
        found.append(Network.of(reduced, weight, sign[kept], slope, freedom))
        if found[-1].interpolates(reduced):
            break
    return min(found, key=lambda candidate: candidate.misfit)


def _distinct(tops: Peaks, penalised: int) -> tuple[np.ndarray, np.ndarray]:
    """Each direction of a sign once: neighbouring patterns share those on their border."""
    kept: list[int] = []
    for i, (u, sign) in enumerate(zip(tops.direction, tops.sign, strict=True)):
        near = np.linalg.norm(tops.direction[kept] - u, axis=1) <= SAME * max(1.0, float(np.linalg.norm(u)))
        if not (near & (tops.sign[kept] == sign)).any():
            kept.append(i)
    return tops.direction[kept], tops.sign[kept]


def freedom_of(reduced: Reduced, unit: np.ndarray, sign: np.ndarray, slope: float) -> int:
    """The freedom of neurons along these active directions, none of them free."""
    none = np.zeros((len(sign), len(reduced.points)), dtype=bool)
    unit, sign = _distinct(Peaks(np.ones(len(sign)), sign, unit, none), reduced.penalised)
    return _freedom(sign * Activation(slope).value(reduced.points @ unit.T), len(sign))


def _freedom(outputs: np.ndarray, directions: int) -> int:
    return directions - int(np.linalg.matrix_rank(outputs, tol=ON_POINT)) if outputs.size else 0


def corrected(
    weight: np.ndarray, sign: np.ndarray, reduced: Reduced, slope: float, most_rounds: int = 3
) -> np.ndarray:
    """The nearest weights that interpolate, with every kink that lies on a point left there.

    By Newton's method, over and over while it helps.
    """
    points, labels = reduced.points, reduced.labels
    held = [_held(u, reduced) for u in weight]
    weight = np.array([_freed(u, basis) for u, basis in zip(weight, held, strict=True)]).reshape(weight.shape)
    best, least, before = weight, np.inf, np.inf
    # More equations than weights have a solution next to a network that fits alone: each round is nearer then.
    patience = PATIENCE if len(points) <= weight.size else 1
    for rounds in range(most_rounds + 1):
        heights = points @ weight.T
        misfit = labels - Activation(slope).value(heights) @ sign
        size = float(np.abs(misfit).max(initial=0.0))
        if size < least:
            best, least = weight, size
        if rounds % patience == patience - 1:  # no nearer than some rounds ago: it leads nowhere
            if least > 0.5 * before:
                break
            before = least
        if rounds == most_rounds or size <= RESOLVED or not len(weight):
            break
        weight = weight + _step(misfit, Activation(slope).derivative(heights) * sign, points, held)
    return best


def _held(u: np.ndarray, reduced: Reduced) -> np.ndarray:
    """[coord, .]: an orthonormal basis of the directions in which a neuron may not move."""
    points, r = reduced.points, reduced.points.shape[1]
    if not u[: reduced.penalised].any():  # a constant: a slope would cost, however small
        return np.eye(r)[:, : reduced.penalised]
    on = points[np.abs(points @ u) <= ON_POINT * np.linalg.norm(u)]
    if not len(on):
        return np.zeros((r, 0))
    _, values, basis = np.linalg.svd(on, full_matrices=False)
    return np.asarray(basis[values > ON_POINT].T)


def _freed(vectors: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Vectors [..., coord] without their part in the span of an orthonormal basis."""
    return vectors - (vectors @ basis) @ basis.T if basis.shape[1] else vectors


def _step(misfit: np.ndarray, gains: np.ndarray, points: np.ndarray, held: Sequence[np.ndarray]) -> np.ndarray:
    """The least step[neuron, coord] with sum_j gains_kj <step_j, x_k> = misfit_k, in least squares.

    With J the matrix of this it is J^T (J J^T)^-1 misfit: a matrix of the points where the weights are more than
    they are, of the weights where these are fewer, and J itself where that is small.
    """
    (n, r), m = points.shape, gains.shape[1]
    if n * m * r <= DENSE:
        columns = [_freed(gain[:, None] * points, basis) for gain, basis in zip(gains.T, held, strict=True)]
        return np.asarray(np.linalg.lstsq(np.concatenate(columns, axis=1), misfit)[0].reshape(m, r))
    if n <= m * r:
        kernel = (points @ points.T) * (gains @ gains.T)
        for gain, basis in zip(gains.T, held, strict=True):
            if basis.shape[1]:
                part = gain[:, None] * (points @ basis)
                kernel -= part @ part.T
        forces = gains * _solved(kernel, misfit)[:, None]
        return np.array([_freed(force @ points, basis) for force, basis in zip(forces.T, held, strict=True)])
    normal, right = np.zeros((m * r, m * r)), np.zeros(m * r)
    for first in range(0, n, STRETCH):
        part = slice(first, first + STRETCH)
        columns = [
            _freed(gain[:, None] * points[part], basis) for gain, basis in zip(gains[part].T, held, strict=True)
        ]
        block = np.concatenate(columns, axis=1)
        normal += block.T @ block
        right += block.T @ misfit[part]
    return _solved(normal, right).reshape(m, r)


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The least solution of a symmetric system that may be singular, up to rounding."""
    from scipy.linalg import eigh

    values, vectors = eigh(matrix, driver="evd", check_finite=False)
    there = values > SINGULAR * values[-1]
    return np.asarray(vectors[:, there] @ ((vectors[:, there].T @ right) / values[there]))
