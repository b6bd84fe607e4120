"""Students of a teacher: many points, few neurons, and an independent solver for them."""

import numpy as np
from scipy.integrate import solve_ivp

from catalog.schema import conform
from pipeline.network.points import describe


def labelled(x, y, w, a):
    """Points and a network, as the stages' datasets."""
    length = np.linalg.norm(w, axis=1)
    ratio = a / length
    ratio = np.where(np.abs(np.abs(ratio) - 1.0) < 1e-14, np.sign(ratio), ratio)
    init = {
        "log_norm": np.log(length), "direction": w / length[:, None], "output_ratio": ratio,
        "log_init_scale": np.log(length.mean()),
    }  # fmt: skip
    return describe(x, y, [f"x{i + 1}" for i in range(x.shape[1])]), conform("initial", init)


def student(n, d, m, seed, *, noise=0.0):
    """Gaussian points labelled by a teacher of three neurons, and a student at a tenth of its size."""
    g = np.random.default_rng(seed)
    x = g.standard_normal((n, d)) / np.sqrt(d)
    y = np.maximum(x @ g.standard_normal((3, d)).T, 0.0) @ g.choice([-1.0, 1.0], 3) + noise * g.standard_normal(n)
    w = 0.2 * g.standard_normal((m, d))
    a = np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], m)
    return x, y, w, a


def witness(x, y, w, a, times, slope=0.0):
    """The residuals by SciPy's DOP853: it has no word of kinks, and is slow at them, and right."""
    m, d = w.shape

    def flow(_, z):
        weights, outputs = z[: m * d].reshape(m, d), z[m * d :]
        before = x @ weights.T
        gate = np.where(before > 0.0, 1.0, slope)
        force = (gate * (y - (gate * before) @ outputs)[:, None]).T @ x / len(y)
        return np.concatenate([(outputs[:, None] * force).ravel(), (weights * force).sum(axis=1)])

    start = np.concatenate([w.ravel(), a])
    found = solve_ivp(flow, (0.0, times[-1]), start, "DOP853", times, rtol=1e-10, atol=1e-11)
    weights, outputs = found.y[: m * d].T.reshape(-1, m, d), found.y[m * d :].T
    before = np.einsum("kc,tjc->tkj", x, weights)
    return y - np.einsum("tkj,tj->tk", np.where(before > 0.0, before, slope * before), outputs)


def worst(residual, other, y):
    """The largest difference at any instant: root mean squares, over the labels'."""
    return float(np.sqrt(np.mean((residual - other) ** 2, axis=1).max() / np.mean(y**2)))
