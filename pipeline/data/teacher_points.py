"""Points drawn by seed and labelled by a function: a network, a linear one, one of one variable; noise on labels.

The order in which numbers are drawn is part of what a seed means: the points first, then the teacher. The noise
and the test points have streams of their own, so that neither moves the data.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.configuration import DataConfig
from pipeline.data.sources import Points
from pipeline.network.activation import Activation
from pipeline.network.points import coordinate_names

Network = tuple[np.ndarray, np.ndarray]
"""The weights w (neuron, coord) and a (neuron) of a teacher."""
NOISE, UNSEEN = 1, 2
"""What is appended to the seed for the streams of the noise and of the test points."""


def labelled_points(config: DataConfig) -> Points:
    """The points of a kind that has a teacher, with its labels and the noise of ``noise`` on them."""
    x, y = _drawn(config, np.random.default_rng(config.seed), config.number)
    if config.noise:
        y = y + config.noise * np.random.default_rng([config.seed, NOISE]).standard_normal(len(y))
    return x, y, coordinate_names(x.shape[1])


def more_points(config: DataConfig, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Other points of the same kind, with the labels of the same teacher and without noise."""
    generator = np.random.default_rng([config.seed, UNSEEN, seed])
    if config.kind == "line":
        x = generator.uniform(-1.0, 1.0, number)
        return x[:, None], FUNCTIONS[config.function](x)
    x, teacher = _inputs(config, generator, number), teacher_weights(config)
    return x, _outputs(x, teacher)


def teacher_weights(config: DataConfig) -> Network:
    """The network that labelled the points; that of <u, x> is w = u, a = 1 and w = -u, a = -1."""
    generator = np.random.default_rng(config.seed)
    _inputs(config, generator, config.number)  # they come first in the stream
    return _teacher(config, generator)


def _drawn(config: DataConfig, generator: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    if config.kind == "line":
        x = np.linspace(-1.0, 1.0, number)
        return x[:, None], FUNCTIONS[config.function](x)
    x = _inputs(config, generator, number)
    teacher = _teacher(config, generator)
    return x, _outputs(x, teacher) if config.kind != "linear_teacher" else x @ teacher[0][0]


def _outputs(x: np.ndarray, teacher: Network) -> np.ndarray:
    w, a = teacher
    return np.asarray(Activation().value(x @ w.T) @ a)


def _inputs(config: DataConfig, generator: np.random.Generator, number: int) -> np.ndarray:
    """Standard Gaussian points; around the neuron of ``one_neuron``, e_1, with ``spread`` in all directions."""
    x = generator.standard_normal((number, config.coordinates))
    if config.kind == "one_neuron":
        x *= config.spread / np.sqrt(config.coordinates)
        x[:, 0] += 1.0
    return x


def _teacher(config: DataConfig, generator: np.random.Generator) -> Network:
    d, width = config.coordinates, config.teacher_width
    if config.kind == "gaussian_teacher":
        # The appendix's high-dimensional experiment, as in the authors' notebooks.
        w = generator.standard_normal((width, d)) / np.sqrt(width * d)
        return w, generator.standard_normal(width) / np.sqrt(width)
    if config.kind == "one_neuron":
        return np.eye(1, d), np.ones(1)
    if config.kind == "orthonormal_neurons":
        return np.linalg.qr(generator.standard_normal((d, width)))[0].T, np.ones(width)
    u = generator.standard_normal(d)
    u /= np.linalg.norm(u)
    return np.stack([u, -u]), np.array([1.0, -1.0 if config.kind == "linear_teacher" else 1.0])


def _four_kinks(x: np.ndarray) -> np.ndarray:
    """The sum of four ReLUs on which networks of small weights condense."""
    phi = Activation().value
    return np.asarray(-phi(x) + phi(2.0 * (x + 0.3)) - phi(1.5 * (x - 0.4)) + phi(0.5 * (x - 0.8)))


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sine": lambda x: np.sin(np.pi * x),
    "absolute": np.abs,
    "step": np.sign,
    "four_kinks": _four_kinks,
}
"""What labels the points of ``line``."""
