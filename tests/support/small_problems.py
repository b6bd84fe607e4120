"""Small problems for the tests of stationary points: given weights, and random data with random starts."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform
from pipeline.configuration import DataConfig, InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.inputs.errors import RequestError

Problem = tuple[xr.Dataset, xr.Dataset, float]
"""The data, the start and the leak."""


def points(x, y, bias: bool = False) -> xr.Dataset:
    """The data of stage 1."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return generate_data(DataConfig(x=x.tolist(), y=y.tolist(), bias=bias))


def given(w, a) -> xr.Dataset:
    """The start of stage 2 from plain weights, none of them w = 0."""
    w, a = np.asarray(w, dtype=float), np.asarray(a, dtype=float)
    size = np.linalg.norm(w, axis=1)
    return conform(
        "initial",
        {
            "log_norm": np.log(size),
            "direction": w / size[:, None],
            "output_ratio": a / size,
            "log_init_scale": 0.5 * np.log(np.mean(w**2)),
        },
    )


def losses(data: xr.Dataset, w: np.ndarray, a: np.ndarray, slope: float) -> np.ndarray:
    """L of networks w (..., neuron, coord) and a (..., neuron), from eq (1) alone."""
    inner = w @ data["x"].values.T
    h = np.einsum("...j,...jk->...k", a, np.where(inner > 0, inner, slope * inner))
    return 0.5 * np.mean((data["y"].values - h) ** 2, axis=-1)


def random_problem(seed: int) -> Problem | None:
    """n from 1 to 6, d to 3, m to 12, all starts and slopes; None where the data are refused."""
    g = np.random.default_rng([seed, 15])
    n, d, m = int(g.integers(1, 7)), int(g.integers(1, 4)), int(g.integers(1, 13))
    x = g.standard_normal((n, d))
    match str(g.choice(["gaussian", "grid", "antipodal", "orthogonal", "scaled"])):
        case "grid":
            x = g.integers(-2, 3, (n, d)).astype(float)
        case "antipodal":
            x[1::2] = -x[: n - n % 2 : 2]
        case "orthogonal":
            x = np.eye(max(n, d))[:n, :d] * g.uniform(0.3, 3.0, n)[:, None]
        case "scaled":
            x *= 10.0 ** g.uniform(-1.0, 1.0, (n, 1))
    y = g.standard_normal(n) if g.random() < 0.7 else g.choice([-1.0, 1.0, 2.0], n)
    bias, slope = bool(g.random() < 0.3), float(g.choice([0.0, 0.0, 0.0, 0.1, -0.5, 0.5]))
    try:
        data = points(x, y, bias)
    except (RequestError, ValueError):
        return None
    start = str(g.choice(["balanced", "unbalanced", "given"]))
    if start != "given":
        scale, own = float(g.choice([-4, -3, -2, -1, 0])), int(g.integers(1000))
        return data, initialise(data, InitConfig(width=m, seed=own, log10_scale=scale, start=start)), slope
    size = 10.0 ** g.uniform(-4.0, 0.3)
    w, a = size * g.standard_normal((m, data.sizes["coord"])), size * g.standard_normal(m)
    if g.random() < 0.3:  # on the boundaries of a grid's points
        w = size * np.where(g.random(w.shape) < 0.5, 0.0, np.sign(w))
        w[~w.any(axis=1), 0] = size
    if g.random() < 0.5:
        a = np.sign(a) * np.linalg.norm(w, axis=1)
    return data, given(w, a), slope


def general_problem(seed: int, dimension: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian points (n 3 to 8, d 2 to 3, with and without a bias) and Gaussian labels: x and y."""
    generator = np.random.default_rng(1000 + seed)
    n, d = int(generator.integers(3, 9)), int(generator.integers(2, 4))
    d, bias = dimension or d, bool(generator.integers(2))
    x = generator.standard_normal((n, d - 1 if bias else d))
    x = np.column_stack([x, np.ones(n)]) if bias else x
    return x, generator.standard_normal(n)


def general_start(
    seed: int, log10_scale: float = -1000.0, start: str = "balanced"
) -> tuple[xr.Dataset, xr.Dataset]:
    """The data of :func:`general_problem` and a start of 8 to 39 neurons."""
    x, y = general_problem(seed)
    data, width = points(x, y), int(np.random.default_rng(2000 + seed).integers(8, 40))
    return data, initialise(data, InitConfig(width=width, seed=seed, log10_scale=log10_scale, start=start))


def orthonormal_start(seed: int, log10_scale: float = -1000.0) -> tuple[xr.Dataset, xr.Dataset]:
    """4 to 30 orthonormal points with labels of both signs, and a start of 6 to 24 neurons."""
    generator = np.random.default_rng(seed)
    n, width = int(generator.integers(4, 31)), int(generator.integers(6, 25))
    y = generator.uniform(0.3, 1.5, n) * generator.choice([-1, 1], n)
    data = points(np.linalg.qr(generator.standard_normal((n, n)))[0], y)
    return data, initialise(data, InitConfig(width=width, seed=seed, log10_scale=log10_scale))
