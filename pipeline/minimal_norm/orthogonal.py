"""The minimum norm for orthogonal inputs, in closed form with its dual certificate (Proposition 1).

With v_+ = sum over y_k > 0 of y_k x_k/|x_k|^2 and v_- = sum over y_k < 0 of |y_k| x_k/|x_k|^2, the minimum of
1/2 |theta|^2 over all interpolators is |v_+| + |v_-|, reached by one neuron along v_+ (output +) and one along
v_- (output -); for orthonormal inputs it is n (|D_+| + |D_-|). The certificate q_k = y_k/(|x_k|^2 |v_sign|)
satisfies |sum_k q_k relu(<u, x_k>)| <= 1 for every unit u, and <q, y> is the same value: by duality no
interpolator is smaller.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform, validate
from pipeline.errors import RequestError


def minimal_norm(data: xr.Dataset) -> xr.Dataset:
    """The interpolator of least norm.

    Parameters
    ----------
    data
        Stage 1's dataset; orthogonal inputs.

    Returns
    -------
    Dataset
        value, lower_bound, gap, the certificate, and the neurons weight(minimal_neuron, coord) with their
        output_sign; |a| = |w| for each.

    Raises
    ------
    RequestError
        If the inputs are not orthogonal.
    """
    validate("data", data)
    if float(data["largest_cosine"]) > ORTHOGONAL:
        raise RequestError(
            f"data.x: two inputs have the cosine {float(data['largest_cosine']):.3g}: "
            "orthogonal inputs are allowed"
        )
    x, y = data["x"].values, data["y"].values
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
    value = float(sum(np.sum(w**2) for w in weights))
    lower_bound = float(certificate @ y)
    return conform(
        "minimum",
        {
            "value": value,
            "lower_bound": lower_bound,
            "gap": value - lower_bound,
            "certificate": certificate,
            "certificate_norm": certificate_norm(certificate, x),
            "weight": np.array(weights).reshape(len(weights), x.shape[1]),
            "output_sign": np.array(signs, dtype=np.int8),
        },
        {"method": "closed form for orthogonal inputs"},
    )


def certificate_norm(q: np.ndarray, x: np.ndarray) -> float:
    """The maximum over unit u of |sum_k q_k relu(<u, x_k>)| for orthogonal x.

    A point can be switched off by u without touching the others, so the largest positive value uses the
    positive q_k alone, where it is |sum over q_k > 0 of q_k x_k|; likewise the most negative.
    """
    return float(max(np.linalg.norm(np.where(sign * q > 0, q, 0.0) @ x) for sign in (1, -1)))
