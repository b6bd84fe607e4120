"""The stationary point that a plateau lingers at, found from the network when it is slowest.

At a stationary point each neuron is 0 or has no force: D_j = 1/n sum_k phi'_jk r_k P_j x_k = 0 (P_j keeps a
sliding neuron on its boundaries; eq (3) is dw_j/dt = a_j D_j, da_j/dt = <D_j, w_j>). On a plateau
|a_j||w_j||D_j|^2 is small for each neuron, so one of the two is: neurons that carry output but feel no force are
kept, those that feel a force but carry nothing vanish. Then

- the residual r* is y without its part in the span of the kept features phi'_jk (P_j x_k)_c: all kept forces are
  0;
- a neuron whose force at r* is 0 need not vanish, and is kept too: r* does not change;
- theta_S are the nearest weights with the residual r*, by Gauss-Newton steps of least length,
  delta theta = J^T K^+ (r - r*) with the tangent kernel K = J J^T;
- a neuron that vanishes keeps a^2 - |w|^2 (Lemma 1): where a is the larger, it rests at w = 0 with an a that is
  not 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.network.algebra import PRODUCTS_LIMIT, gradient_norm, outputs, pieces
from pipeline.network.patterns import Network
from pipeline.stationary.tangent import Tangent

FLAT = 1e-9
"""The share of the force that the labels could exert below which a force is rounding."""
INDEPENDENT = 1e-10
"""The share of the largest singular value from which on a direction of the features counts."""
MOST_FEATURES = 2**27
"""How many numbers the features may have that are factorised: some ten seconds."""
RESOLVED = 1e-14
"""The share of the largest eigenvalue from which on a direction counts, where more features are summed up."""
STEPS = 30
REACHED = 1e-13
"""|r - r*| over |y| at which the steps end; they converge quadratically, five do."""
QUICK = 0.1
"""What a step leaves of |r - r*| up to which the next one has the same K: to form K takes ten such steps."""
FOUND = 1e-9
"""|r - r*| over |y| up to which theta_S counts as found."""
OWN = 1e-2
"""|h| by theta_S' own patterns less that by the plateau's, over |y|, up to which they count as the same: on
``high-dimensional`` small neurons cross boundaries on the way to theta_S, which changes h by 1e-3 and 1e-5."""
NEAR = 0.3
"""|r - r*| over |r| on the plateau up to which theta_S is what it lingers at. With a leaky ReLU a neuron that
fits one label also acts on the others, slowly: such a plateau is at no stationary point, and r* = 0 is far."""


HELD = 1e-2
"""a of a vanished neuron over that of one that fits a label alone, sqrt(|y|/|x|), from which on it stays. A
smaller one is that of a small start: the point next to it is the one at which the neuron is 0."""


@dataclass(frozen=True)
class StationaryPoint:
    """The weights theta_S: ``w`` (m, d), 0 where not ``kept`` (m), and ``a`` (m), 0 there too unless |a| > |w|.

    ``residual`` is r* (n), ``force`` D (g, d) at it, ``tangent`` its kernel K, ``gradient_norm`` |grad L|.
    ``own_residual`` (n) is y - h with the patterns of theta_S itself, ``crossed`` its distance from r*: not 0
    where a neuron crosses a boundary on the way. ``reached``: the weights have the residual r* with the patterns
    of the plateau; ``near``: with their own too, and r* is where the flow is.
    """

    w: np.ndarray
    a: np.ndarray
    kept: np.ndarray
    residual: np.ndarray
    force: np.ndarray
    tangent: Tangent
    gradient_norm: float
    own_residual: np.ndarray
    crossed: float
    reached: bool
    near: bool


def nearest_stationary_point(
    network: Network, residual: np.ndarray, carriers: np.ndarray | None = None
) -> StationaryPoint:
    """Find the stationary point that a slow network is near.

    Parameters
    ----------
    network
        At the slowest time of a plateau.
    residual
        r_k there.
    carriers
        The groups that carry the function, where that is known: bool[group].
    """
    target = stationary_residual(network, carrying(network, residual) if carriers is None else carriers)
    force = network.forces(target)
    free = np.linalg.norm(force, axis=1) <= FLAT * possible_force(network, network.y)
    kept = free[network.group]
    w, a = np.where(kept[:, None], network.w, 0.0), np.where(kept, network.a, 0.0)
    size, missing = float(np.linalg.norm(network.y)), target - network.y + network.outputs(w, a).sum(axis=0)
    tangent, before = Tangent.of(network, w, a), np.inf
    for _ in range(STEPS):
        left = float(np.linalg.norm(missing))
        if left <= REACHED * size:
            break
        if np.isfinite(before) and not (tangent.complete and left <= QUICK * before):
            tangent = Tangent.of(network, w, a)
        before = left
        multiplier = tangent.solve(-missing)
        step = len(network.y) * network.forces(multiplier)[network.group]
        w, a = w + a[:, None] * step, a + np.sum(w * step, axis=1)
        missing = target - network.y + network.outputs(w, a).sum(axis=0)
    tangent = tangent.at(w, a)
    rest = network.forces(target - missing)[network.group]
    network.release()
    gradient = float(gradient_norm(w[None], a[None], rest[None])[0])
    reached = bool(np.linalg.norm(missing) <= FOUND * size)
    own = network.y - outputs(network.x, w, a, network.activation)
    crossed = float(np.linalg.norm(own - target))
    away = float(np.linalg.norm(residual - target))
    # Where all labels are fitted the residual is the flow's rounding, and r* is 0.
    there = away <= max(NEAR * float(np.linalg.norm(residual)), FOUND * size)
    near = reached and bool(there and crossed <= OWN * size)
    a = np.where(kept, a, held_output(network))
    return StationaryPoint(w, a, kept, target, force, tangent, gradient, own, crossed, reached, near)


def held_output(network: Network) -> np.ndarray:
    """Find a of each neuron once its w is 0, by Lemma 1; 0 where it is below :data:`HELD`."""
    squares = np.where(np.abs(network.ratio) > 1, network.a**2 - np.sum(network.w**2, axis=1), 0.0)
    length = np.linalg.norm(network.x, axis=1)
    unit = np.linalg.norm(network.y) / max(length.max(initial=0.0), np.finfo(float).tiny)
    return np.asarray(
        np.where(squares > HELD**2 * unit, np.sign(network.a) * np.sqrt(np.maximum(squares, 0)), 0.0)
    )


def possible_force(network: Network, residual: np.ndarray) -> np.ndarray:
    """The largest |D| that a residual of this size could exert on each group, 1/n |r| |phi' x|_F."""
    squares, found = np.sum(network.x**2, axis=1), np.empty(len(network.state))
    for part in pieces(np.arange(len(found)), len(squares)):
        found[part] = np.sqrt(network.derivative(part) ** 2 @ squares)
    return found * np.linalg.norm(residual) / len(squares)


def carrying(network: Network, residual: np.ndarray) -> np.ndarray:
    """Which groups carry the function: their share of the output exceeds the square of their share of the force.

    Both shares are pure numbers below about 1; on a plateau the product of the first and the square of the
    second is small, of the order of g, which puts the two kinds on both sides of equality.
    """
    output = np.linalg.norm(network.outputs(network.w, network.a), axis=1) / np.linalg.norm(network.y)
    # Of a residual of size 1: squares of forces on points of 1e140 are numbers, those of 1e162 no more.
    residual = residual / max(float(np.abs(residual).max(initial=0.0)), np.finfo(float).tiny)
    possible = possible_force(network, residual)
    force = np.linalg.norm(network.forces(residual), axis=1) / np.where(possible > 0, possible, 1.0)
    return np.asarray((possible > 0) & (output > force**2))


def stationary_residual(network: Network, kept: np.ndarray) -> np.ndarray:
    """r*: y minus its orthogonal projection on the features of the kept groups (linear least squares)."""
    y = network.y
    directions = _independent_features(network, kept)
    left = y - directions @ (directions.T @ y)
    # Once more: of a fitted label rounding is left, not its square.
    return np.asarray(left - directions @ (directions.T @ left))


def _independent_features(network: Network, kept: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, .) that span the features phi'_k (P_j x_k)_c of the kept groups."""
    n, width = len(network.y), network.inside.shape[1]
    count = int(kept.sum()) * width
    if count < n:
        found = [np.zeros((0, n))]
        for groups, span in network.surfaces:
            chosen = pieces(groups[kept[groups]], n * width)
            found += [network.features(part, span).reshape(-1, n) for part in chosen]
        basis, rest = np.linalg.qr(np.concatenate(found).T)
        columns, sizes, _ = np.linalg.svd(rest)
        return np.asarray(basis @ columns[:, sizes > INDEPENDENT * sizes.max(initial=0.0)])
    if count * n <= MOST_FEATURES:
        factor, waiting = np.zeros((0, n)), [np.zeros((0, n))]
        for groups, span in network.surfaces:
            for part in pieces(groups[kept[groups]], n * width):
                waiting.append(network.features(part, span).reshape(-1, n))
                if sum(map(np.size, waiting)) > PRODUCTS_LIMIT:
                    factor, waiting = triangle([factor, *waiting]), []
        _, sizes, rows = np.linalg.svd(triangle([factor, *waiting]), full_matrices=False)
        return np.asarray(rows[sizes > INDEPENDENT * sizes[0]].T)
    # Of very many the sum of squares alone: it tells directions apart down to the root of rounding.
    one_each = _one_each(network, kept.astype(float))
    values, vectors = np.linalg.eigh(network.tangent_kernel(np.zeros_like(network.w), one_each))
    return np.asarray(vectors[:, values > RESOLVED * values[-1]])


def _one_each(network: Network, size: np.ndarray) -> np.ndarray:
    """Find a (m) that is the size of its group for the first neuron of each, and 0 for the others."""
    a = np.zeros(len(network.group))
    _, first = np.unique(network.group, return_index=True)
    a[first] = size[network.group[first]]
    return a


def triangle(rows: list[np.ndarray]) -> np.ndarray:
    """R of a QR factorisation of all these rows: the same span and singular values in n rows."""
    return np.asarray(np.linalg.qr(np.concatenate(rows), mode="r"))
