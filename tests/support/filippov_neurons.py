"""The neurons of the twin: their smooth flow with fixed modes, and the modes that are allowed.

A neuron has a side for each boundary (:mod:`filippov_modes`): +1, -1, or 0 where it slides. With fixed sides the
plain weights obey w' = a D, a' = <w, D>. Nothing here is shared with the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from filippov_modes import Boundaries, Corner, admissible, corner_of

ROUNDING = 1e-9
"""The share of sum |r_k||x_k|/n below which a speed or a margin is rounding."""


@dataclass
class Twin:
    """One problem, and the modes of its neurons."""

    x: np.ndarray
    y: np.ndarray
    w: np.ndarray
    a: np.ndarray
    slope: float = 0.0
    side: np.ndarray = field(init=False)
    resting: np.ndarray = field(init=False)
    frozen: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.bounds = Boundaries.between(self.x, self.slope)
        m, many = len(self.a), len(self.bounds.normal)
        self.rank = int(np.linalg.matrix_rank(self.bounds.normal, tol=1e-9)) if many else 0
        length = np.linalg.norm(self.w, axis=1)
        self.balanced = np.abs(np.abs(self.a) - length) <= 1e-12 * length
        self.sign = np.sign(self.a)
        self.imbalance = self.a**2 - length**2
        self.side = np.zeros((m, many), dtype=int)
        self.resting = np.zeros((m, many), dtype=bool)
        self.frozen = np.zeros(m, dtype=bool)
        self.corner: list[Corner | None] = [None] * m
        self.project = np.broadcast_to(np.eye(self.x.shape[1]), (m, *self.x.shape[1:] * 2)).copy()

        self.heading = self.sign.copy()
        self.first_bulk = 0.0
        self.set_all(np.where(self.w @ self.bounds.normal.T > 0, 1, -1))
        self.first_bulk = float(self.bulk(self.residual(self.w[None], self.a[None])[0]))

    # -- the smooth flow ------------------------------------------------------------------------------------------

    def unpack(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """w (times, m, d) and a (times, m) of states (times, m (d + 1)); |a| = |w| where the start is balanced."""
        m, d = self.w.shape
        w = states[:, : m * d].reshape(-1, m, d)
        return w, np.where(self.balanced, self.sign * np.linalg.norm(w, axis=2), states[:, m * d :])

    def residual(self, w: np.ndarray, a: np.ndarray) -> np.ndarray:
        """r (times, n) with the present modes."""
        return self.y - np.einsum("tj,tjk->tk", a, self.gain * (w @ self.x.T))

    def force(self, r: np.ndarray) -> np.ndarray:
        """D (times, m, d) of every neuron with the present modes."""
        positive, negative = self.bounds.forces(r)
        share = np.where(self.side > 0, positive[:, None], np.where(self.side < 0, negative[:, None], 0.0))
        return np.einsum("tjc,jcb->tjb", share @ self.bounds.normal, self.project)

    def speed(self, _: float, state: np.ndarray) -> np.ndarray:
        """Right-hand side of the flow."""
        w, a = self.unpack(state[None])
        force = self.force(self.residual(w, a))[0]
        return np.concatenate([(a[0][:, None] * force).ravel(), (w[0] * force).sum(axis=1)])

    # -- modes ----------------------------------------------------------------------------------------------------

    def set_sides(self, j: int, side: np.ndarray) -> None:
        """Give neuron j these sides."""
        self.side[j] = side
        slid = side == 0
        self.corner[j] = corner_of(self.bounds.normal[slid]) if slid.any() else None
        self.project[j] = np.eye(self.x.shape[1]) if self.corner[j] is None else self.corner[j].projector
        if self.frozen[j]:
            self.project[j] = 0.0
        self.resting[j] &= slid
        self.gain = self.bounds.gains(self.side)

    def set_all(self, sides: np.ndarray) -> None:
        """Give every neuron its sides."""
        self.gain = self.bounds.gains(self.side)
        for j, side in enumerate(sides):
            self.set_sides(j, side)

    def choose(self, j: int, hand: np.ndarray, w: np.ndarray, a: np.ndarray, r: np.ndarray, tolerance: float):
        """List the modes of neuron j at the boundaries ``hand`` (a mask), as whole rows of sides, with v."""
        positive, negative = self.bounds.forces(r)
        there = np.where(hand, 0, self.side[j])
        share = np.where(there > 0, positive, np.where(there < 0, negative, 0.0))
        rest = share @ self.bounds.normal
        s = self.sign_of(j, w, a, rest)
        if s == 0.0:
            s = 1.0
        found = admissible(rest, self.bounds.normal[hand], positive[hand], negative[hand], s, tolerance)
        rows = []
        for one in found:
            row = there.copy()
            row[hand] = one.side
            rows.append((row, one.velocity))
        return rows, s * (rest + self.bounds.switched_off(r)[hand] @ self.bounds.normal[hand])

    def sign_of(self, j: int, w: np.ndarray, a: np.ndarray, rest: np.ndarray) -> float:
        """The sign of a_j, or the one that it is about to have."""
        return self.sign[j] if self.balanced[j] else float(np.sign(a[j]) or np.sign(w[j] @ rest))

    def head(self, w: np.ndarray, a: np.ndarray) -> None:
        """Keep the sign that every a has from now on."""
        force = self.force(self.residual(w[None], a[None]))[0]
        self.heading = np.where(a != 0.0, np.sign(a), np.sign((w * force).sum(axis=1)))

    def margins(self, j: int, r: np.ndarray) -> np.ndarray:
        """How far neuron j is from leaving each boundary that it slides along (times, slid), over the bulk."""
        slid = self.side[j] == 0
        positive, negative = self.bounds.forces(r)
        share = np.where(self.side[j] > 0, positive, np.where(self.side[j] < 0, negative, 0.0))
        rest, corner = share @ self.bounds.normal, self.corner[j]
        high, low = positive[:, slid], negative[:, slid]
        bulk = self.bulk(r)[:, None]
        if not corner.independent:
            found = [corner.margin(rest[t], high[t], low[t]) for t in range(len(r))]
            return np.array(found)[:, None] / bulk + (0.0 if len(corner.span) == 2 else 1e-6)
        held = rest @ corner.solve.T
        s = self.heading[j]
        off = self.bounds.switched_off(r)[:, slid]
        resting = np.minimum(np.minimum(np.abs(held - low), np.abs(held - high)), np.abs(held - off))
        resting = 2 * ROUNDING * bulk - resting
        return np.where(self.resting[j][slid], resting, np.minimum(s * (low - held), s * (held - high))) / bulk

    def bulk(self, r: np.ndarray) -> np.ndarray:
        """sum |r_k||x_k|/n and the same at the start: the size against which a force is rounding."""
        now = np.abs(r * self.bounds.along).sum(axis=-1) / len(self.y)
        return now + np.maximum(self.first_bulk, 1e-290)
