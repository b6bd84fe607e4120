"""The tangent kernel K = J J^T of a network at given weights, J the derivative of its outputs by them.

It is a matrix of the points where these are few; a factor K = F F^T, with a column for each direction that a group
or a neuron can move in, where those are fewer; and a product where both are more than :data:`MOST`. Its
eigenvalues over n are the Hessian's on the kept neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.network.algebra import pieces
from pipeline.network.patterns import Network

MOST = 3_000
"""How many rows a matrix may have whose eigenvalues are all computed: some ten seconds."""
FEW = 500
"""Up to how many points the matrix is that of the points."""
RANK = 1e-13
"""The share of the largest eigenvalue up to which another is 0 for a solution."""
EXTREME = 6
"""How many of the largest eigenvalues are computed by products alone."""


@dataclass(frozen=True)
class Tangent:
    """K at weights ``w`` (m, d) and ``a`` (m) of a network: as ``matrix`` (n, n), ``factor`` (n, .) or neither."""

    network: Network
    w: np.ndarray
    a: np.ndarray
    matrix: np.ndarray | None
    factor: np.ndarray | None

    @classmethod
    def of(cls, network: Network, w: np.ndarray, a: np.ndarray) -> Tangent:
        """K of a network with these weights, in the form that is smallest."""
        n, columns = len(network.y), _columns(network, w, a)
        if n <= max(min(columns, MOST), FEW):
            return cls(network, w, a, network.tangent_kernel(w, a), None)
        return cls(network, w, a, None, _factor(network, w, a) if columns <= MOST else None)

    def at(self, w: np.ndarray, a: np.ndarray) -> Tangent:
        """K at other weights; itself where they are the same."""
        return self if w is self.w and a is self.a else Tangent.of(self.network, w, a)

    @property
    def complete(self) -> bool:
        """Whether :meth:`eigenvalues` gives all that are not 0."""
        return self.matrix is not None or self.factor is not None

    def eigenvalues(self) -> np.ndarray:
        """Those that may differ from 0, rising; by products alone the few largest, by Lanczos' method."""
        if self.matrix is not None:
            return np.asarray(np.linalg.eigvalsh(self.matrix))
        if self.factor is not None:
            return np.asarray(np.linalg.eigvalsh(self.factor.T @ self.factor))
        from scipy.sparse.linalg import eigsh

        start = np.ones(len(self.network.y))  # its own would be random
        return np.sort(eigsh(self._operator(), EXTREME, which="LA", v0=start, return_eigenvectors=False))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """K^+ right, the least solution."""
        if self.matrix is not None:
            values, vectors = self._decomposed
            return np.asarray(vectors @ ((vectors.T @ right) / values))
        if self.factor is not None:
            values, vectors = self._decomposed
            return np.asarray(self.factor @ (vectors @ ((vectors.T @ (self.factor.T @ right)) / values**2)))
        from scipy.sparse.linalg import cg

        return np.asarray(cg(self._operator(), right, rtol=1e-10, maxiter=MOST // 10)[0])

    @cached_property
    def _decomposed(self) -> tuple[np.ndarray, np.ndarray]:
        """The eigenvalues that are not 0 and their vectors, of K or of F^T F."""
        matrix: Any = self.matrix if self.factor is None else self.factor.T @ self.factor
        values, vectors = np.linalg.eigh(matrix)
        there = values > RANK * values[-1]
        return values[there], vectors[:, there]

    def product(self, vector: np.ndarray) -> np.ndarray:
        """K vector, without a matrix: what the outputs change by if the weights move along J^T vector."""
        network, w, a = self.network, self.w, self.a
        step = len(network.y) * network.forces(vector)[network.group]
        along = np.sum(w * step, axis=1)
        return np.asarray((network.outputs(step, a**2) + network.outputs(w, along)).sum(axis=0))

    def _operator(self) -> Any:  # SciPy's stubs have no type for it that its own functions take
        from scipy.sparse.linalg import LinearOperator

        n = len(self.network.y)
        return LinearOperator((n, n), matvec=self.product, dtype=np.float64)


def _columns(network: Network, w: np.ndarray, a: np.ndarray) -> int:
    groups = np.bincount(network.group, a != 0, minlength=len(network.state)) > 0
    return int(groups.sum() * network.inside.shape[1] + len(network.moving(w, a)))


def _factor(network: Network, w: np.ndarray, a: np.ndarray) -> np.ndarray:
    """F (n, .): a group's neurons move alike but for a_j, which makes of their columns one of size |a|."""
    n = len(network.y)
    size = np.sqrt(np.bincount(network.group, a**2, minlength=len(network.state)))
    found = [np.zeros((0, n))]
    for groups, span in network.surfaces:
        chosen = pieces(groups[size[groups] > 0], n * network.inside.shape[1])
        found += [(size[part, None, None] * network.features(part, span)).reshape(-1, n) for part in chosen]
    found += [network.own_outputs(part, w) for part in pieces(network.moving(w, a), n)]
    return np.concatenate(found).T
