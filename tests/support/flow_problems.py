"""Thirty classes of small problems on which flow solvers go wrong: what each of them is made to meet.

Every class draws a :class:`FlowProblem` from a seed, the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

import numpy as np

Generator = np.random.Generator


class FlowProblem(NamedTuple):
    """Points x (n, d), labels y (n,), a start w (m, d), a (m,), the leaky ReLU's slope, and how long to follow."""

    x: np.ndarray
    y: np.ndarray
    w: np.ndarray
    a: np.ndarray
    slope: float = 0.0
    end_time: float = 20.0


def drawn(name: str, seed: int) -> FlowProblem:
    """The problem of this class and seed."""
    return CLASSES[name](np.random.default_rng([crc32(name.encode()), seed]))


def labels(g: Generator, n: int) -> np.ndarray:
    """Labels of both signs and of order 1."""
    return g.uniform(0.2, 1.5, n) * g.choice([-1.0, 1.0], n)


def network(
    g: Generator, m: int, d: int, scale: float, ratio: float | None = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of size ``scale`` over the root of m: balanced, |a| = ratio |w|, or (None) independent."""
    w = scale / np.sqrt(m) * g.standard_normal((m, d))
    length = np.linalg.norm(w, axis=1)
    if ratio is None:
        return w, scale / np.sqrt(m) * g.standard_normal(m)
    return w, ratio * length * g.choice([-1.0, 1.0], m)


def balanced(g: Generator, w: np.ndarray) -> np.ndarray:
    """a = +-|w|."""
    return np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], len(w))


def general(g: Generator, most: int = 7, dimension: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points in general position, a bias among the coordinates in half of the cases."""
    n, d = int(g.integers(2, most + 1)), int(g.integers(2, dimension + 1))
    x = g.standard_normal((n, d))
    if g.random() < 0.5:
        x[:, -1] = 1.0
    return x, labels(g, n)


def size(g: Generator) -> float:
    """A start that is small, or of the labels' size."""
    return float(10.0 ** g.uniform(-3, 0))


def grid(side: int, scale: tuple[float, float], most: int = 6) -> Callable[[Generator], FlowProblem]:
    def draw(g: Generator) -> FlowProblem:
        line = np.linspace(-1.0, 1.0, side)
        x = np.array([[p, q, 1.0] for p in line for q in line])
        y = labels(g, len(x)) if g.random() < 0.5 else np.sin(2 * x[:, 0]) + np.abs(x[:, 1]) - 0.5
        return FlowProblem(
            x, y, *network(g, int(g.integers(2, most + 1)), 3, 10.0 ** g.uniform(*scale)), end_time=40.0
        )

    return draw


def antipodal(g: Generator) -> FlowProblem:
    x, _ = general(g, 4)
    x = np.concatenate([x, -x * g.uniform(0.5, 2.0, len(x))[:, None]])
    return FlowProblem(x, labels(g, len(x)), *network(g, 4, x.shape[1], size(g)))


def coincident(g: Generator) -> FlowProblem:
    x, y = general(g, 4)
    x, y = np.concatenate([x, x[:2]]), np.concatenate([y, y[:2]])
    return FlowProblem(x, y, *network(g, 4, x.shape[1], size(g)))


def scaled_copies(g: Generator) -> FlowProblem:
    x, _ = general(g, 4)
    x = np.concatenate([x, 2.0 * x, -0.5 * x[:1]])
    return FlowProblem(x, labels(g, len(x)), *network(g, 4, x.shape[1], size(g)))


def collinear(g: Generator) -> FlowProblem:
    n = int(g.integers(3, 9))
    x = np.column_stack([np.linspace(-1, 1, n) if g.random() < 0.5 else np.sort(g.uniform(-1, 1, n)), np.ones(n)])
    return FlowProblem(x, labels(g, n), *network(g, 6, 2, size(g)), end_time=40.0)


def through_zero(g: Generator) -> FlowProblem:
    d = int(g.integers(1, 4))
    x = g.uniform(-2, 2, (5, 1)) * g.standard_normal(d)
    ratio = [1.0, 0.3, 3.0][int(g.integers(3))]
    return FlowProblem(x, labels(g, 5), *network(g, 4, d, size(g), ratio))


def rank_deficient(g: Generator) -> FlowProblem:
    x = g.standard_normal((6, 2)) @ g.standard_normal((2, 4))
    return FlowProblem(x, labels(g, 6), *network(g, 4, 4, size(g)))


def on_boundary(g: Generator) -> FlowProblem:
    place = g.permutation(25)[:5]
    x = np.column_stack([place // 5 - 2.0, place % 5 - 2.0, np.ones(5)])
    w = g.integers(-2, 3, (3, 3)).astype(float)
    w[:, -1] = -w[:, :2] @ x[0, :2]  # exactly on the first point's boundary
    w = w[w.any(axis=1)]
    w = w if len(w) else np.array([[1.0, 0.0, -x[0, 0]]])
    w *= 2.0 ** -int(g.integers(0, 8))
    return FlowProblem(x, labels(g, 5), w, balanced(g, w))


def on_corner(g: Generator) -> FlowProblem:
    line = np.array([-1.0, 0.0, 1.0])
    x = np.array([*([p, 0.0, 1.0] for p in line), *g.uniform(-2, 2, (2, 3))])
    w = np.array([[0.0, 1.0, 0.0], [0.0, -0.5, 0.0], [0.25, -1.0, -0.25]])[: int(g.integers(1, 4))]
    w = w * 2.0 ** -int(g.integers(0, 8))
    return FlowProblem(x, labels(g, 5), w, balanced(g, w))


def on_shared_boundary(g: Generator) -> FlowProblem:
    x = np.array([[-1.0, 0.0], [float(g.integers(1, 3)), 0.0], *g.integers(-2, 3, (2, 2))])
    x = np.unique(x[x.any(axis=1)], axis=0)
    w = np.array([[0.0, 1.0], [0.0, -1.0], [0.5, 0.5]])[: int(g.integers(1, 4))]
    return FlowProblem(x, np.round(labels(g, len(x)), 1), w, g.choice([-1.0, 1.0], len(w)) * g.uniform(0.2, 2))


def ties(g: Generator) -> FlowProblem:
    x = np.array([[1.0, 0.5], [1.0, -0.5], [0.3, 1.0], [0.3, -1.0]])
    p, q = labels(g, 2)
    w = g.standard_normal((2, 2)) * size(g)
    w = np.concatenate([w, w * [1.0, -1.0]])
    a = balanced(g, w)
    a[2:] = a[:2]
    return FlowProblem(x, np.array([p, p, q, q]), w, a)


def identical_neurons(g: Generator) -> FlowProblem:
    x, y = general(g)
    w, a = network(g, 2, x.shape[1], size(g))
    return FlowProblem(x, y, np.concatenate([w, w, 2 * w]), np.concatenate([a, a, 2 * a]))


def unbalanced(ratio: tuple[float, float] | None) -> Callable[[Generator], FlowProblem]:
    def draw(g: Generator) -> FlowProblem:
        x, y = general(g)
        chosen = None if ratio is None else float(g.uniform(*ratio))
        reach = size(g) if ratio is None else float(10.0 ** g.uniform(-1.5, 0.3)) / max(chosen or 1.0, 1.0)
        return FlowProblem(x, y, *network(g, 4, x.shape[1], reach, chosen))

    return draw


def leaky(low: float, high: float) -> Callable[[Generator], FlowProblem]:
    def draw(g: Generator) -> FlowProblem:
        x, y = general(g)
        ratio = [1.0, None][int(g.random() < 0.3)]
        return FlowProblem(x, y, *network(g, 4, x.shape[1], size(g), ratio), slope=float(g.uniform(low, high)))

    return draw


def of_norm(log10: float) -> Callable[[Generator], FlowProblem]:
    def draw(g: Generator) -> FlowProblem:
        x, y = general(g)
        y_unit = 10.0 ** g.uniform(-3, 3)
        x_unit = 10.0**log10
        w, a = network(g, 4, x.shape[1], size(g) * np.sqrt(y_unit / x_unit))
        return FlowProblem(x * x_unit, y * y_unit, w, a, end_time=20.0 / (x_unit * y_unit))

    return draw


def mixed_norms(g: Generator) -> FlowProblem:
    x, y = general(g, 4)
    x = x * 10.0 ** g.uniform(-1, 1, len(x))[:, None]
    if g.random() < 0.3:
        x, y = np.diag([10.0, 1.0, 0.1]), labels(g, 3)
    return FlowProblem(x, y, *network(g, 4, x.shape[1], size(g)))


def zero_labels(g: Generator) -> FlowProblem:
    x, y = general(g)
    y[g.random(len(y)) < 0.5] = 0.0
    return FlowProblem(x, y, *network(g, 5, x.shape[1], size(g)))


def one_neuron(g: Generator) -> FlowProblem:
    x, y = general(g, 6)
    return FlowProblem(x, y, *network(g, 1, x.shape[1], size(g), [1.0, None][int(g.random() < 0.3)]))


def orthogonal(g: Generator) -> FlowProblem:
    n = int(g.integers(2, 5))
    x = np.linalg.qr(g.standard_normal((n, n)))[0] * g.uniform(0.5, 2.0, n)[:, None]
    return FlowProblem(x, labels(g, n), *network(g, 5, n, size(g)), end_time=40.0)


def tiny(g: Generator) -> FlowProblem:
    n, d = int(g.integers(1, 3)), int(g.integers(1, 3))
    return FlowProblem(
        g.standard_normal((n, d)), labels(g, n), *network(g, int(g.integers(1, 4)), d, size(g), None)
    )


def large_start(g: Generator) -> FlowProblem:
    x, y = general(g)
    return FlowProblem(x, y, *network(g, 5, x.shape[1], float(g.uniform(3, 10))), end_time=5.0)


def small_start(g: Generator) -> FlowProblem:
    x, y = general(g, 5)
    return FlowProblem(x, y, *network(g, 6, x.shape[1], float(10.0 ** g.uniform(-6, -4))), end_time=80.0)


def lattice(g: Generator) -> FlowProblem:
    d = int(g.integers(2, 4))
    x = g.integers(-1, 2, (6, d)).astype(float)
    x[:2] = np.eye(d)[:2]
    x = x[x.any(axis=1)]
    x = np.unique(x, axis=0)
    w = g.integers(-3, 4, (3, d)) / 2.0
    w = w[w.any(axis=1)]
    w = w if len(w) else np.ones((1, d))
    return FlowProblem(x, g.integers(-3, 4, len(x)).astype(float), w, balanced(g, w))


def no_output(g: Generator) -> FlowProblem:
    x, y = general(g)
    w, a = network(g, 4, x.shape[1], size(g))
    a[:2] = 0.0
    return FlowProblem(x, y, w, a)


def pushed_off(g: Generator) -> FlowProblem:
    x, y = np.array([[1.0, 0.0], [0.8, 0.6]]) + 0.05 * g.standard_normal((2, 2)), np.array([0.3, g.uniform(1, 2)])
    w = np.array([[1e-4, -1e-2], g.uniform(0.1, 0.4, 2)])
    return FlowProblem(x, y, w, np.array([-1e-2, np.linalg.norm(w[1])]), end_time=10.0)


def fitting_already(g: Generator) -> FlowProblem:
    x, w = np.array([[1.0, 0.0], [0.6, 0.8], [g.uniform(-1, 0), 1.0]]), g.uniform(0.5, 1.5)
    first = np.array([w, -w * g.uniform(0.8, 2.0)])
    second = 10.0 ** g.uniform(-5, -2) * g.uniform(0.2, 1.0, 2)
    weights = np.array([first, second])
    a = np.array([1.0, g.choice([-1.0, 1.0])]) * np.linalg.norm(weights, axis=1)
    y = np.array([first[0] * a[0], g.choice([-1.0, 1.0]), 0.5])
    return FlowProblem(x, y, weights, a)


CLASSES: dict[str, Callable[[Generator], FlowProblem]] = {
    "grid of 3 x 3, small start": grid(3, (-6, -2)),
    "grid of 3 x 3, large start": grid(3, (-0.5, 0.5)),
    "grid of 4 x 4": grid(4, (-4, 0), 4),
    "grid of 5 x 5": grid(5, (-3, 0), 3),
    "antipodal points": antipodal,
    "coincident points": coincident,
    "scaled copies": scaled_copies,
    "points on a line": collinear,
    "points on a line through 0": through_zero,
    "points of low rank": rank_deficient,
    "start on a boundary": on_boundary,
    "start on a corner": on_corner,
    "start on a shared boundary": on_shared_boundary,
    "ties between neurons": ties,
    "identical neurons": identical_neurons,
    "unbalanced, w larger": unbalanced((0.03, 0.5)),
    "unbalanced, a larger": unbalanced((2.0, 30.0)),
    "unbalanced, both": unbalanced(None),
    "slope below 1": leaky(0.05, 0.95),
    "negative slope": leaky(-1.0, -0.05),
    "slope above 1": leaky(1.1, 4.0),
    "inputs of norm 1e3": of_norm(3.0),
    "inputs of norm 1e-3": of_norm(-3.0),
    "mixed norms": mixed_norms,
    "zero labels": zero_labels,
    "one neuron": one_neuron,
    "orthogonal points": orthogonal,
    "one or two points": tiny,
    "start far above the labels": large_start,
    "tiny start": small_start,
    "points of -1, 0, 1": lattice,
    "start without output": no_output,
    "pushed off the last point": pushed_off,
    "one point fitted already": fitting_already,
}
"""Each class by what it is made of."""
