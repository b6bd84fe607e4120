"""Points and labels drawn by seed: orthonormal and nearly orthonormal families."""

from __future__ import annotations

import numpy as np

from pipeline.configuration import DataConfig
from pipeline.data.sources import Points
from pipeline.network.points import coordinate_names


def orthonormal_points(config: DataConfig) -> Points:
    """An orthonormal family: the first n columns of a random rotation of R^d.

    The labels are those given, or have sizes uniform in [0.5, 1.5], the first ``positive`` of them positive.
    """
    n, d = config.number, config.coordinates
    generator = np.random.default_rng(config.seed)
    rotation, triangle = np.linalg.qr(generator.standard_normal((d, n)))
    x = (rotation * np.sign(np.diag(triangle))).T
    if config.y is not None:
        y = np.array(config.y, dtype=float)
    else:
        positive = (n + 1) // 2 if config.positive is None else config.positive
        y = generator.uniform(0.5, 1.5, n) * np.where(np.arange(n) < positive, 1.0, -1.0)
    return x, y, coordinate_names(d)


def nearly_orthonormal_points(config: DataConfig) -> Points:
    """Unit vectors with inner products uniform in [-delta, delta]: the orthonormal family, sheared.

    With the Gram matrix G = I + delta U, U symmetric with a diagonal of zeros, and G = L L^T (Cholesky), the
    points are L times the orthonormal ones. U depends on the seed alone, so that a sweep over delta moves each
    point along one path, and delta = 0 is the orthonormal family to the last bit.
    """
    x, y, names = orthonormal_points(config)
    n = len(x)
    # A stream of its own: U must not depend on whether the labels were drawn or given.
    shape = np.random.default_rng(config.seed).spawn(1)[0].uniform(-1.0, 1.0, (n, n))
    below = np.tril(config.delta * shape, -1)
    return np.linalg.cholesky(np.eye(n) + below + below.T) @ x, y, names
