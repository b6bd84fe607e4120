"""What is known where the minimum is not: a dual certificate that is feasible for any inputs and any slope.

For points z_k = |q_k| x_k the maximum over unit u of sum_k relu(<u, z_k>) is that of |sum over S of z_k| over the
sets S of points (those on which u is active), and

    |sum_S z_k|^2 = sum_{k, l in S} <z_k, z_l> <= b^2 = sum_{k, l} max(<z_k, z_l>, 0).

With b_+ and b_- of the positive and of the negative q_k, and phi(z) = relu(z) - slope relu(-z),

    |sum_k q_k phi(<u, x_k>)| <= max(b_+ + slope b_-, b_- + slope b_+)   for slope >= 0,
    |sum_k q_k phi(<u, x_k>)| <= (1 + |slope|) max(b_+, b_-)             for slope < 0.

A q for which the right side is 1 proves 1/2 |theta|^2 >= <q, y> of every interpolator. The bound is exact for
orthogonal inputs and slope 0; else it may be far off (it lets the signs be fitted as if they were alone).
"""

from __future__ import annotations

import numpy as np


def feasible_certificate(x: np.ndarray, y: np.ndarray, slope: float = 0.0) -> np.ndarray:
    """The q_k = c y_k/|x_k|^2 of the orthogonal case, with a factor c for each sign, scaled to be feasible."""
    squares = np.sum(x**2, axis=1)
    q = y / np.where(squares > 0, squares, np.inf)
    for sign in (1, -1):
        chosen = sign * q > 0
        if chosen.any():
            q[chosen] /= _bound(q[chosen], x[chosen])
    return q / max(certificate_bound(q, x, slope), 1.0)


def certificate_bound(q: np.ndarray, x: np.ndarray, slope: float = 0.0) -> float:
    """A bound of max over unit u of |sum_k q_k phi(<u, x_k>)|, see above."""
    positive, negative = (_bound(q[chosen], x[chosen]) for chosen in (q > 0, q < 0))
    if slope < 0:
        return (1 - slope) * max(positive, negative)
    return max(positive + slope * negative, negative + slope * positive)


def _bound(q: np.ndarray, x: np.ndarray) -> float:
    """The number b of the points |q_k| x_k."""
    z = np.abs(q)[:, None] * x
    return float(np.sqrt(np.sum(np.maximum(z @ z.T, 0.0))))
