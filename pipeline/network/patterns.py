"""A network whose neurons are in groups that share their activation pattern and the sign of a.

Neurons of one group share their force D and their features, so whatever is summed over a pattern's points is done
once a group: a million neurons on five points are some thirty groups.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import xarray as xr

from catalog.schema import variable
from catalog.schema.blocks import at_instant
from pipeline.network.activation import Activation
from pipeline.network.algebra import pieces, weights

ODD = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of the patterns' hash, modulo 2^64: two of a million patterns share one with a chance of 3e-8."""

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
            kept.append("surfaces")
        else:
            # Of 200 neurons on 75 points a few change between samples: most of the spans are there.
            found = replace(Network.at(data, trajectory, sample), spans=self.spans)
        vars(found).update({name: getattr(self, name) for name in kept})
        return found

    def derivative(self, groups: np.ndarray) -> np.ndarray:
        """phi'(<w, x_k>) of these groups at each point; 0 where they slide."""
        on, sliding = (variable("trajectory", "activation").flag(name) for name in ("on", "sliding"))
        state = self.state[groups]
        return np.where(state == on, 1.0, np.where(state == sliding, 0.0, self.activation.negative_slope))

    @cached_property
    def basis(self) -> np.ndarray:
        """Orthonormal columns (d, p) that span the points, where everything moves; p is no more than n or d."""
        n, d = self.x.shape
        return np.eye(d) if d <= n else np.linalg.qr(self.x.T)[0]

    @cached_property
    def inside(self) -> np.ndarray:
        """The points x_k (n, p) in the basis."""
        return np.asarray(self.x @ self.basis)

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
    def along_spans(self) -> np.ndarray:
        """The points' parts along all spans, one after the other (row, n): the same for any weights."""
        return np.asarray((self.inside @ np.concatenate([span for _, span in self.surfaces], axis=1)).T)

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
        return np.asarray(found @ self.basis.T)

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
        along, row, owner = self._held_features(np.flatnonzero(squares))
        for part in pieces(np.arange(len(row)), n):  # less what they can't follow
            whose = owner[part]
            held = np.sqrt(squares[whose])[:, None] * self.derivative(whose) * along[row[part]]
            kernel -= held.T @ held
        for part in pieces(self.moving(w, a), n):
            outputs = self.own_outputs(part, w)
            kernel += outputs.T @ outputs
        return np.asarray(kernel)

    def _held_features(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The points' parts along all spans (row, n), the rows that these groups have, and the group of each."""
        size = np.array([span.shape[1] for _, span in self.surfaces], dtype=int)
        first, own = np.cumsum(size) - size, self.surface[groups]
        count = size[own]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return self.along_spans, np.repeat(first[own], count) + within, np.repeat(groups, count)

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
