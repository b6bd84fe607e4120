"""What kind of stationary point a network rests at: the smallest eigenvalue of the loss' Hessian.

With the patterns as they are, h(x_k) = sum_j phi'_jk a_j <w_j, x_k> is quadratic in the weights and

    Hessian L = 1/n J^T J - blockdiag [[0, D_j], [D_j^T, 0]],   J_k = (phi'_jk a_j P_j x_k, phi'_jk <w_j, x_k>)_j

where a sliding neuron's D and x are projected on the boundaries it slides along: it can't leave them. Neurons
that have shrunk to nothing are left out: at w = 0 there is no Hessian.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from pipeline.flow.exact.problem import Problem
from pipeline.flow.exact.states import ON, SLIDING

SMALLEST_LOG = -18.0
"""ln |w| over the labels' scale below which a neuron has vanished."""
DENSE = 1500
"""The number of weights up to which all eigenvalues are computed."""
FLAT = 1e-9
"""The share of the data's |D| above which a negative curvature is no rounding."""


def smallest_eigenvalue(
    problem: Problem,
    direction: np.ndarray,
    log_norm: np.ndarray,
    ratio: np.ndarray,
    state: np.ndarray,
    r: np.ndarray,
) -> float:
    """The Hessian's smallest eigenvalue for a network (arrays along the neurons) with the residual ``r``."""
    kept = log_norm - problem.log_unit > SMALLEST_LOG
    n = len(r)
    if not kept.any():
        return 0.0
    w = np.exp(log_norm[kept])[:, None] * direction[kept]
    a = np.exp(log_norm[kept]) * ratio[kept]
    state = state[kept]
    gain = np.where(state == ON, 1.0, np.where(state == SLIDING, 0.0, problem.slope))
    points = gain[..., None] * _projected(problem.x, state)  # phi'_jk P_j x_k
    force = np.einsum("k,jkc->jc", r, points) / n
    jacobian = np.concatenate(
        [a[:, None, None] * points, np.einsum("jkc,jc->jk", points, w)[..., None]], axis=2
    ).transpose(1, 0, 2)  # point, neuron, coordinate of (w, a)
    size = jacobian[0].size
    flat = jacobian.reshape(n, size) / np.sqrt(n)

    def apply(v: np.ndarray) -> np.ndarray:
        v = v.reshape(len(w), -1)
        turned = np.concatenate([force * v[:, -1:], np.sum(force * v[:, :-1], axis=1)[:, None]], axis=1)
        return np.asarray(flat.T @ (flat @ v.ravel()) - turned.ravel())

    if size <= DENSE:
        return float(eigvalsh(np.column_stack([apply(v) for v in np.eye(size)]))[0])
    operator = LinearOperator((size, size), matvec=apply, dtype=float)
    try:
        return float(eigsh(operator, k=1, which="SA", tol=1e-6, return_eigenvectors=False)[0])
    except ArpackError:
        return float("nan")


def _projected(x: np.ndarray, state: np.ndarray) -> np.ndarray:
    """x_k for every neuron (neuron, point, coord), without what lies along the boundaries it slides along."""
    found = np.broadcast_to(x, (len(state), *x.shape)).copy()
    for j in np.flatnonzero((state == SLIDING).any(axis=1)):
        slid = x[state[j] == SLIDING]
        found[j] -= x @ np.linalg.pinv(slid) @ slid
    return found


def kind_of(eigenvalue: float, problem: Problem) -> str:
    """``strict saddle``, ``local minimum`` (possibly with flat directions), or ``unknown``."""
    if np.isnan(eigenvalue):
        return "unknown"
    return "strict saddle" if eigenvalue < -FLAT * problem.resting_growth else "local minimum"
