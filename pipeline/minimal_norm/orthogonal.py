"""The minimum norm for orthogonal inputs, in closed form with its dual certificate (Proposition 1).

With v_+ = sum over y_k > 0 of y_k x_k/|x_k|^2 and v_- = sum over y_k < 0 of |y_k| x_k/|x_k|^2, the minimum of
1/2 |theta|^2 over all interpolators is |v_+| + |v_-|, reached by one neuron along v_+ (output +) and one along
v_- (output -); for orthonormal inputs it is n (|D_+| + |D_-|). The certificate q_k = y_k/(|x_k|^2 |v_sign|)
satisfies |sum_k q_k relu(<u, x_k>)| <= 1 for every unit u, and <q, y> is the same value: by duality no
interpolator is smaller.
"""

from __future__ import annotations

import numpy as np


def closed_form(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The minimal neurons and the certificate for orthogonal x.

    Returns
    -------
    weight, output_sign, certificate
        [minimal_neuron, coord], [minimal_neuron], [point]; one neuron for each sign that the labels have.
    """
    squares = np.sum(x**2, axis=1)
    scaled = y / np.where(squares > 0, squares, 1.0)
    weights, signs = [], []
    certificate = np.zeros(len(y))
    for sign in (1, -1):
        chosen = sign * y > 0
        v = np.abs(scaled[chosen]) @ x[chosen]
        size = np.linalg.norm(v)
        if size > 0:
            weights.append(v / np.sqrt(size))
            signs.append(sign)
            certificate[chosen] = scaled[chosen] / size
    return np.array(weights).reshape(len(weights), x.shape[1]), np.array(signs, dtype=np.int8), certificate


def certificate_norm(q: np.ndarray, x: np.ndarray) -> float:
    """The maximum over unit u of |sum_k q_k relu(<u, x_k>)| for orthogonal x.

    A point can be switched off by u without touching the others, so the largest positive value uses the
    positive q_k alone, where it is |sum over q_k > 0 of q_k x_k|; likewise the most negative.
    """
    return float(max(np.linalg.norm(np.where(sign * q > 0, q, 0.0) @ x) for sign in (1, -1)))
