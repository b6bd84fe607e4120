"""The data in its own coordinates and sizes: what the least norm truly depends on.

A network is positively homogeneous, phi(<u, c x>) = c phi(<u, x>) for c > 0: a point may be taken at length 1
with the label y_k/|x_k|, points on one ray are one, and all weights that matter lie in the span of the points.
With a free bias, points are taken at the bias coordinate 1 instead, and their origin is free as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.network.rays import group_equal_rows, lengths, maybe_near

SAME_RAY = 1e-12
"""The distance up to which two points are one, once they are of length 1."""
NO_NETWORK = "no network fits these labels"
"""What the reason begins with where there is no interpolator."""
SAME_LABEL = 1e-9
"""The difference up to which the labels of one point agree, relative to the largest label."""


@dataclass(frozen=True)
class Neurons:
    """Neurons of weight u(neuron, coord), for reduced points, and output sign(neuron): |u| is |a| |w|."""

    weight: np.ndarray
    sign: np.ndarray

    def of(self, chosen: np.ndarray) -> Neurons:
        """Some of them."""
        return Neurons(self.weight[chosen], self.sign[chosen])


@dataclass(frozen=True)
class Reduced:
    """Points of full rank with labels of size 1.

    Attributes
    ----------
    points
        [point, coord]: of length 1; with a free bias the last coordinate is 1 and the others have mean 0 and
        length at most 1.
    labels
        [point]: at most 1 in size.
    penalised
        How many coordinates count in the norm of a weight: all, or with a free bias all but the last.
    point
        Which point of the data each stands for; others are on its ray, or 0.
    length
        Its length (with a free bias, its bias coordinate) there.
    label_size
        What the labels are divided by; a norm here is one there when multiplied by it and divided by ``size``.
    basis, origin, size
        A point here is basis @ (x/length - origin)/size.
    bias
        The free coordinate in the data, or None.
    """

    points: np.ndarray
    labels: np.ndarray
    penalised: int
    point: np.ndarray
    length: np.ndarray
    label_size: float
    basis: np.ndarray
    origin: np.ndarray
    size: float
    bias: int | None

    @property
    def unit(self) -> float:
        """What a norm here is multiplied by to be one there."""
        return self.label_size / self.size

    def of(self, some: np.ndarray) -> Reduced:
        """Some of the points alone."""
        return replace(
            self,
            points=self.points[some],
            labels=self.labels[some],
            point=self.point[some],
            length=self.length[some],
        )

    def weight(self, u: np.ndarray) -> np.ndarray:
        """[neuron, coord of the data]: the weights that act on the data as ``u`` acts on these points."""
        w = (u[:, : self.penalised] @ self.basis) / self.size
        if self.bias is None:
            return np.asarray(w)
        return np.asarray(np.insert(w, self.bias, u[:, -1] - w @ self.origin, axis=1))

    def neurons(self, w: np.ndarray, a: np.ndarray) -> Neurons:
        """The neurons for these points that do, in units of ``label_size``, what w and a do on the data.

        Parameters
        ----------
        w, a
            [neuron, coord of the data] and [neuron].
        """
        v = np.abs(a)[:, None] / self.label_size * w
        inputs = v if self.bias is None else np.delete(v, self.bias, axis=1)
        u = self.size * inputs @ self.basis.T
        if self.bias is not None:
            u = np.column_stack([u, inputs @ self.origin + v[:, self.bias]])
        return Neurons(u, np.where(a > 0, 1, -1))


def reduce(x: np.ndarray, y: np.ndarray, bias: int | None = None) -> Reduced | str:
    """The reduced data, or in words why no network fits it.

    Parameters
    ----------
    x, y
        [point, coord] and [point].
    bias
        The coordinate that is not penalised; it is above 0 at every point.
    """
    there = np.flatnonzero(x.any(axis=1))
    if y[~x.any(axis=1)].any():
        return f"{NO_NETWORK}: one is at the zero vector, where every network is 0"
    length = lengths(x[there]) if bias is None else x[there, bias]
    rays, labels = x[there] / length[:, None], y[there] / length
    size = float(np.abs(labels).max(initial=0.0)) or 1.0
    labels = labels / size
    first, owner = group_equal_rows(*_places(rays, bias))
    if (np.abs(labels - labels[first][owner]) > SAME_LABEL).any():
        return f"{NO_NETWORK}: points on one ray have labels that contradict each other"
    rays, labels = rays[first], labels[first]
    if bias is None:
        points, basis = _in_its_span(rays)
        origin, extent = np.zeros(x.shape[1]), 1.0
    else:
        inputs = np.delete(rays, bias, axis=1)
        origin = inputs.mean(axis=0)
        extent = _largest_length(inputs - origin)
        points, basis = _in_its_span((inputs - origin) / extent)
        points = np.column_stack([points, np.ones(len(points))])
    return Reduced(
        points, labels, len(basis), there[first], length[first], size, basis, origin, extent, bias
    )  # fmt: skip


def _places(rays: np.ndarray, bias: int | None) -> tuple[np.ndarray, float]:
    """What tells the points apart, and the distance up to which two are one.

    With a free bias that is the inputs about their middle: far from the origin they may be close together.
    """
    if bias is None:
        return rays, SAME_RAY * float(np.abs(rays).max(initial=0.0))
    inputs = np.delete(rays, bias, axis=1)
    apart = SAME_RAY * float(np.ptp(inputs, axis=0).max(initial=0.0))
    return inputs, max(apart, 2 * np.finfo(float).eps * float(np.abs(inputs).max(initial=0.0)))


def _largest_length(vectors: np.ndarray) -> float:
    return float(lengths(vectors).max(initial=0.0)) or 1.0


def _in_its_span(rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows in an orthonormal basis [rank, coord] of their span, and the basis."""
    left, values, basis = np.linalg.svd(rays, full_matrices=False)
    rank = int((values > max(rays.shape) * np.finfo(float).eps * values.max(initial=0.0)).sum())
    return left[:, :rank] * values[:rank], basis[:rank]


def is_fitted_by_some(points: np.ndarray, labels: np.ndarray, slope: float) -> bool:
    """Whether some network has these labels at points on distinct rays.

    phi(z) = (1 + slope)/2 z + (1 - slope)/2 |z|. The |<u, x>| of distinct lines are linearly independent as
    functions of u, so that a q with sum_k q_k phi(<u, x_k>) = 0 for all u can differ from 0 at opposite points
    alone (slope 1: anywhere), where it is c and -c with sum c x = 0 (slope -1: any c). The labels have to be
    orthogonal to all of those: the odd parts y(x) - y(-x) have to be linear (slope -1: 0).
    """
    if not len(points):
        return True
    if slope == 1.0:
        inputs, values = points, labels
    else:
        length = np.linalg.norm(points, axis=1)
        unit = points / length[:, None]
        some = np.flatnonzero(maybe_near(unit, SAME_RAY, opposite=True))
        k, l = _opposite(unit[some])
        k, l = some[k], some[l]
        inputs, values = unit[k], labels[k] / length[k] - labels[l] / length[l]
        if slope == -1.0:
            inputs = np.zeros_like(inputs)
    if not len(inputs):
        return True
    best = np.linalg.lstsq(inputs, values)[0]
    return bool(np.abs(inputs @ best - values).max() <= SAME_LABEL)


def _opposite(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of opposite rows, each once."""
    pairs = [
        (k, l) for k, u in enumerate(unit) for l in np.flatnonzero(np.abs(unit[:k] + u).max(axis=1) <= SAME_RAY)
    ]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 1], found[:, 0]
