"""Neurons drawn by seed: equation (4), and the other starts of the literature.

The order of the draws is part of what a seed means: the hidden weights first, so that all starts of a distribution
share them.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from pipeline.configuration import InitConfig


class Drawn(NamedTuple):
    """Neurons at any scale.

    Attributes
    ----------
    log_norm : float64[neuron]
        ln |w_j|.
    direction : float64[neuron, coord]
        Unit vectors.
    ratio : float64[neuron]
        a_j/|w_j|.
    log_scale : float
        ln lambda.
    """

    log_norm: np.ndarray
    direction: np.ndarray
    ratio: np.ndarray
    log_scale: float


def draw(config: InitConfig, d: int, bias: bool) -> Drawn:
    """Draw the neurons of a start that has a seed.

    Parameters
    ----------
    d, bias
        How many coordinates the data have, and whether the last of them is a bias.
    """
    generator = np.random.default_rng(config.seed)
    if config.start == "torch":
        return _as_torch(generator, config.width, d, d - bias)
    drawn = config.width // 2 if config.antisymmetric else config.width
    g = DISTRIBUTIONS[config.distribution](generator, drawn, d)
    lengths = np.linalg.norm(g, axis=1)
    log_scale = _log_scale(config, config.log10_scale)
    log_norm, ratio = np.log(lengths) + log_scale, _ratios(config, generator, lengths, log_scale)
    direction = g / lengths[:, None]
    if config.antisymmetric:  # h = 0 to the last bit: each neuron has a twin with the opposite output
        log_norm, direction = np.tile(log_norm, 2), np.tile(direction, (2, 1))
        ratio = np.concatenate([ratio, -ratio])
    return Drawn(log_norm, direction, ratio, log_scale)


def _ratios(
    config: InitConfig, generator: np.random.Generator, lengths: np.ndarray, log_scale: float
) -> np.ndarray:
    """Draw a_j/|w_j| for neurons of the lengths |w_j|/lambda."""
    scale = log_scale if config.log10_output_scale is None else _log_scale(config, config.log10_output_scale)
    with np.errstate(over="ignore", under="ignore"):
        relative = np.exp(scale - log_scale)
        if config.start == "unbalanced":
            return np.asarray(generator.standard_normal(len(lengths)) / lengths * relative)
        signs = generator.choice([-1.0, 1.0], len(lengths))
        if config.start == "dominated":
            return np.asarray(signs * np.hypot(1.0, relative / lengths))
    return signs


def _log_scale(config: InitConfig, log10_scale: float) -> float:
    return log10_scale * log(10.0) - (0.5 * log(config.width) if config.per_sqrt_width else 0.0)


def _as_torch(generator: np.random.Generator, width: int, d: int, inputs: int) -> Drawn:
    """Draw as ``torch.nn.Linear`` does: uniform in +-1/sqrt(fan-in), the hidden biases too; no output bias."""
    bound = 1.0 / np.sqrt(max(inputs, 1))
    w = generator.uniform(-bound, bound, (width, d))
    a = generator.uniform(-1.0, 1.0, width) / np.sqrt(width)
    lengths = np.linalg.norm(w, axis=1)
    return Drawn(np.log(lengths), w / lengths[:, None], a / lengths, 0.5 * log(float(np.mean(w**2))))


def _on_the_sphere(generator: np.random.Generator, m: int, d: int) -> np.ndarray:
    g = generator.standard_normal((m, d))
    return np.asarray(g / np.linalg.norm(g, axis=1)[:, None])


DISTRIBUTIONS = {
    "gaussian": lambda generator, m, d: generator.standard_normal((m, d)),
    "uniform": lambda generator, m, d: generator.uniform(-1.0, 1.0, (m, d)),
    "sphere": _on_the_sphere,
}
"""How w_j/lambda is drawn."""
