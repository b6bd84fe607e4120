"""A witness for general data that shares nothing with the engine: gradient descent by smaller and smaller steps.

For balanced starts a_j = s_j |w_j| is restored after each step: otherwise the steps' imbalance flips output
weights in the long run and the descent ends in another basin. It chatters across the boundaries that the flow
slides along, so its error falls like the step, but not smoothly: no extrapolation. What it is worth is what its
last two halvings changed.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import xarray as xr

from catalog.schema import conform
from pipeline.configuration import DataConfig
from pipeline.data import generate_data


class Witnessed(NamedTuple):
    """residual[time, point], how far off they may be anywhere, and the step they were found with."""

    residual: np.ndarray
    error: float
    step: float


@numba.njit(cache=True, error_model="numpy")
def descend(w, a, s, restored, x, y, slope, times, step):
    """Residuals at ``times`` by steps of at most ``step`` of the paper's t, eq (3) written out."""
    m, d = w.shape
    n = x.shape[0]
    w, a = w.copy(), a.copy()
    found = np.empty((times.shape[0], n))
    r, force = np.empty(n), np.empty(d)
    now = 0.0
    for i in range(times.shape[0]):
        steps = int(np.ceil((times[i] - now) / step))
        h = (times[i] - now) / max(steps, 1)
        for last in range(steps + 1):
            for k in range(n):
                r[k] = y[k]
            for j in range(m):
                for k in range(n):
                    before = 0.0
                    for c in range(d):
                        before += w[j, c] * x[k, c]
                    r[k] -= a[j] * (before if before > 0.0 else slope * before)
            if last == steps:
                break
            for j in range(m):
                force[:] = 0.0
                for k in range(n):
                    before = 0.0
                    for c in range(d):
                        before += w[j, c] * x[k, c]
                    gate = 1.0 if before > 0.0 else slope
                    for c in range(d):
                        force[c] += gate * r[k] * x[k, c] / n
                old, along, square = a[j], 0.0, 0.0
                for c in range(d):
                    along += force[c] * w[j, c]
                    w[j, c] += h * old * force[c]
                    square += w[j, c] ** 2
                a[j] = s[j] * np.sqrt(square) if restored else old + h * along
        found[i] = r
        now = times[i]
    return found


def settled(x, y, w, a, times, *, slope=0.0, aim=1e-4, step=0.02, most_steps=2_000_000) -> Witnessed:
    """Residuals at ``times``, with the step halved until two halvings in turn change them by less than ``aim``.

    ``aim`` is in units of the labels' size (at t = 0 the residual's, if that is larger). Halving ends too when the
    next run would take more than ``most_steps``: the ``error`` then says what was reached.
    """
    times = np.asarray(times, dtype=float)
    balanced = np.allclose(np.abs(a), np.linalg.norm(w, axis=1), rtol=1e-9, atol=0.0)
    changes, found = [np.inf, np.inf], None
    while True:
        before, found = found, descend(w, a, np.sign(a), balanced, x, y, slope, times, step)
        if before is not None:
            change = np.abs(found - before).max()
            changes.append(change if np.isfinite(change) else np.inf)
        error = max(changes[-2:])
        size = max(np.sqrt(np.mean(y**2)), np.sqrt(np.mean(found[0] ** 2)))
        if error <= aim * size or 2.0 * times[-1] / step > most_steps:
            return Witnessed(found, float(error), step)
        step /= 2.0


def settled_residuals(data: xr.Dataset, init: xr.Dataset, times, **settings) -> Witnessed:
    """:func:`settled` of labelled datasets."""
    norm = np.exp(init["log_norm"].values)
    w, a = norm[:, None] * init["direction"].values, norm * init["output_ratio"].values
    return settled(data["x"].values, data["y"].values, w, a, times, **settings)


def random_data_set(seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    """General data and a start: 2 to 12 points in 1 to 5 coordinates, a bias among them in half of the sets.

    The start has 2 to 30 neurons, is balanced in two of three sets, and small (1e-6 to 1e-3) in half of them, else
    large (0.3 to 1, over the root of the width).
    """
    generator = np.random.default_rng(seed)
    n, d = int(generator.integers(2, 13)), int(generator.integers(1, 6))
    x = generator.standard_normal((n, d))
    if d > 1 and generator.random() < 0.5:
        x[:, -1] = 1.0
    y = generator.uniform(0.2, 1.5, n) * generator.choice([-1.0, 1.0], n)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist()))

    m = int(generator.integers(2, 31))
    small = generator.random() < 0.5
    scale = 10.0 ** generator.uniform(-6, -3) if small else generator.uniform(0.3, 1.0) / np.sqrt(m)
    g = generator.standard_normal((m, d))
    length = np.linalg.norm(g, axis=1)
    balanced = generator.random() < 2 / 3
    ratio = generator.choice([-1.0, 1.0], m) if balanced else generator.standard_normal(m) / length
    init = conform(
        "initial",
        {
            "log_norm": np.log(scale * length),
            "direction": g / length[:, None],
            "output_ratio": ratio,
            "log_init_scale": np.log(scale),
        },
    )
    return data, init
