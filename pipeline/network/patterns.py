"""A network whose neurons are in groups that share their activation pattern and the sign of a.

Neurons of one group share their force D and their features, so whatever is summed over a pattern's points is done
once a group: a million neurons on five points are some thirty groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import xarray as xr

from catalog.schema import variable
from catalog.schema.blocks import at_instant
from pipeline.network.activation import Activation
from pipeline.network.algebra import PRODUCTS_LIMIT, pieces, weights

ODD = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of the patterns' hash, modulo 2^64: two of a million patterns share one with a chance of 3e-8."""

INDEPENDENT = 1e-6
"""The share of the largest diagonal element of R, of Q R = X_S^T, from which on points are independent, and Q is
their span."""

KEPT = 50_000_000
"""The bytes of spans up to which a network keeps them when its stationary point is found."""

READ = ("direction", "log_norm", "output_ratio", "activation")
"""What a network is made of: variables of a trajectory."""

Surface = tuple[np.ndarray, np.ndarray]
"""Groups (their numbers) that slide along the same points, and orthonormal columns (p, k) that span those points:
the directions, in the basis, in which they can't move."""


@dataclass(frozen=True)
class Network:
    """A network at one time, on data ``x`` (n, d) and ``y`` (n).

    ``w`` (m, d) and ``a`` (m) are in plain units, 0 where they underflow; ``log_mass`` is ln(|a_j||w_j|), -inf for
    a_j = 0. ``group`` (m) is each neuron's; ``state`` (g, n), ``sign`` (g) are the groups'.
    """

    x: np.ndarray
    y: np.ndarray
    activation: Activation
    direction: np.ndarray
    ratio: np.ndarray
    log_norm: np.ndarray
    w: np.ndarray
    a: np.ndarray
    group: np.ndarray
    state: np.ndarray
    sign: np.ndarray
    spans: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    """The columns of :data:`Surface` found so far, by which points they span."""

    @classmethod
    def at(cls, data: xr.Dataset, trajectory: xr.Dataset, sample: int) -> Network:
        """Read one sample, and nothing else of the trajectory."""
        direction, log_norm, ratio, state = at_instant(trajectory, sample, *READ)
        x, y = data.variables["x"].values, data.variables["y"].values
        first, group = group_by_pattern(state, np.sign(ratio))
        return cls(
            x, y, Activation.of(trajectory), direction, ratio, log_norm,
            *weights(log_norm, direction, ratio), group, state[first], np.sign(ratio[first]),
        )  # fmt: skip

    def at_another(self, data: xr.Dataset, trajectory: xr.Dataset, sample: int) -> Network:
        """Read another sample of the same data; what depends on points or patterns that are the same is kept."""
        direction, log_norm, ratio, state = at_instant(trajectory, sample, *READ)
        kept = ["basis", "inside"]
        same_signs = np.array_equal(np.sign(ratio), self.sign[self.group])
        if same_signs and np.array_equal(state, self.state[self.group]):
            w, a = weights(log_norm, direction, ratio)
            found = replace(self, direction=direction, ratio=ratio, log_norm=log_norm, w=w, a=a)
            kept += ["surfaces", "along"]
        else:
            # Of 200 neurons on 75 points a few change between samples: most of the spans are there.
            found = replace(Network.at(data, trajectory, sample), spans=self.spans)
        vars(found).update({name: getattr(self, name) for name in kept})
        return found

    def derivative(self, groups: np.ndarray) -> np.ndarray:
        """phi'(<w, x_k>) of these groups at each point; 0 where they slide."""
        on, sliding = (variable("trajectory", "activation").flag(name) for name in ("on", "sliding"))
        of_state = np.full(np.iinfo(np.int8).max + 1, self.activation.negative_slope)
        of_state[[on, sliding]] = 1.0, 0.0
        found: np.ndarray = of_state[self.state[groups]]
        return found

    @cached_property
    def basis(self) -> np.ndarray:
        """Orthonormal columns (d, p) that span the points, where everything moves; p is no more than n or d."""
        return np.eye(self.x.shape[1]) if self.everywhere else np.linalg.qr(self.x.T)[0]

    @property
    def everywhere(self) -> bool:
        """Whether the basis is that of all coordinates."""
        return bool(self.x.shape[1] <= len(self.x))

    @cached_property
    def inside(self) -> np.ndarray:
        """The points x_k (n, p) in the basis."""
        return self.x if self.everywhere else np.asarray(self.x @ self.basis)

    @cached_property
    def surfaces(self) -> list[Surface]:
        """The groups by the points they slide along: they can't leave those boundaries."""
        slides = self.state == variable("trajectory", "activation").flag("sliding")
        first, kind = group_by_pattern(slides.astype(np.int8), np.zeros(len(slides)))
        found = []
        for number, example in enumerate(first):
            key = np.packbits(slides[example]).tobytes()
            if key not in self.spans:
                self.spans[key] = span_of(self.inside[slides[example]])
            found.append((np.flatnonzero(kind == number), self.spans[key]))
        return found

    @cached_property
    def along(self) -> dict[int, np.ndarray]:
        """The points' parts (k, n) along the spans of surfaces asked for so far: the same for any weights."""
        return {}

    def release(self) -> None:
        """Give back the spans and :attr:`along` where they are large: of 1,000 neurons they take 440 megabytes."""
        if sum(part.nbytes for part in (*self.spans.values(), *self.along.values())) > KEPT:
            self.spans.clear()
            for name in ("surfaces", "along"):
                vars(self).pop(name, None)

    @cached_property
    def surface(self) -> np.ndarray:
        """Which of the surfaces each group slides along (g)."""
        found = np.empty(len(self.state), dtype=int)
        for number, (groups, _) in enumerate(self.surfaces):
            found[groups] = number
        return found

    def forces(self, residual: np.ndarray) -> np.ndarray:
        """D of each group (g, d): 1/n sum_k phi'_k r_k x_k, projected on what it slides along."""
        found = np.empty((len(self.state), self.inside.shape[1]))
        for part in pieces(np.arange(len(found)), len(self.y)):
            found[part] = (self.derivative(part) * residual) @ self.inside / len(self.y)
        for groups, span in self.surfaces:
            found[groups] = off(found[groups], span)
        return found if self.everywhere else np.asarray(found @ self.basis.T)

    def outputs(self, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """What each group adds to h at each point (g, n) if its neurons have these weights."""
        moment = np.zeros((len(self.state), self.x.shape[1]))
        np.add.at(moment, self.group, a[:, None] * w)
        found = np.empty((len(self.state), len(self.y)))
        for part in pieces(np.arange(len(found)), len(self.y)):
            found[part] = self.derivative(part) * (moment[part] @ self.x.T)
        return found

    def features(self, groups: np.ndarray, span: np.ndarray) -> np.ndarray:
        """phi'_k x_k of groups that slide along one surface, projected on it: (g, p, n)."""
        return np.asarray(self.derivative(groups)[:, None, :] * off(self.inside, span).T)

    def tangent_kernel(self, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """K_kl = sum_j phi'_jk phi'_jl (a_j^2 <P_j x_k, x_l> + <w_j, x_k><w_j, x_l>), (n, n), of these weights."""
        n = len(self.y)
        squares = np.bincount(self.group, a**2, minlength=len(self.state))
        shares = np.zeros((n, n))
        for part in pieces(np.flatnonzero(squares), n):
            derivative = self.derivative(part)
            shares += derivative.T @ (squares[part, None] * derivative)
        kernel = (self.inside @ self.inside.T) * shares
        for held in self._held(squares):
            kernel -= held.T @ held
        for part in pieces(self.moving(w, a), n):
            outputs = self.own_outputs(part, w)
            kernel += outputs.T @ outputs
        return np.asarray(kernel)

    def _held(self, squares: np.ndarray) -> Iterator[np.ndarray]:
        """What groups of these a^2 can't follow, rows (., n) whose products are its kernel: a table at a time."""
        n = len(self.y)
        size = np.array([span.shape[1] for _, span in self.surfaces], dtype=int)
        groups = np.flatnonzero((squares > 0) & (size[self.surface] > 0))
        table, used = np.empty((max(PRODUCTS_LIMIT // n, size.max(initial=0)), n)), 0
        for part in pieces(groups, n):
            gains = np.sqrt(squares[part])[:, None] * self.derivative(part)
            for number, gain in zip(self.surface[part], gains, strict=True):
                if number not in self.along:
                    self.along[number] = self.surfaces[number][1].T @ self.inside.T
                if used + size[number] > len(table):
                    yield table[:used]
                    used = 0
                np.multiply(self.along[number], gain, out=table[used : used + size[number]])
                used += size[number]
        yield table[:used]

    def moving(self, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """The neurons (their numbers) that are not 0."""
        return np.flatnonzero((a != 0) | w.any(axis=1))

    def own_outputs(self, neurons: np.ndarray, w: np.ndarray) -> np.ndarray:
        """phi'_jk <P_j w_j, x_k> of these neurons, (neuron, n)."""
        moved = w[neurons] @ self.basis
        own = self.surface[self.group[neurons]]
        order = np.argsort(own, kind="stable")
        ends = np.searchsorted(own[order], np.arange(len(self.surfaces) + 1))
        for (_, span), first, end in zip(self.surfaces, ends, ends[1:], strict=False):
            if span.shape[1] and end > first:
                here = order[first:end]
                moved[here] = off(moved[here], span)
        return np.asarray(self.derivative(self.group[neurons]) * (moved @ self.inside.T))


def span_of(held: np.ndarray) -> np.ndarray:
    """Orthonormal columns (p, k) that span some points (., p)."""
    if not len(held):
        return np.zeros((held.shape[1], 0))
    if len(held) <= held.shape[1]:
        columns, triangle = np.linalg.qr(held.T)
        sizes = np.abs(np.diagonal(triangle))
        if sizes.min() > INDEPENDENT * sizes.max():  # a third of the time
            return columns
    _, sizes, rows = np.linalg.svd(held, full_matrices=False)
    # The floor tells points on one boundary, x and 2x, from those that are only nearly so.
    return np.asarray(rows[sizes > 1e-12 * sizes[0]].T)


def off(vectors: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Vectors (., p) without their part in the span of orthonormal columns (p, k)."""
    return vectors - (vectors @ span) @ span.T if span.shape[1] else vectors


def group_by_pattern(state: np.ndarray, sign: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group rows of equal ``state`` and ``sign``: the first row of each group, and each row's group."""
    key = np.zeros(len(sign), dtype=np.uint64)
    for column in (sign + 1, *state.T):
        key = (key + column.astype(np.uint64)) * ODD
        key ^= key >> np.uint64(29)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first, group
