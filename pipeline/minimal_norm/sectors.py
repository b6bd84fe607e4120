"""The dual function of points that span a plane: sector by sector, from its values on the points' walls.

The directions u are angles, and f(u) = sum_k q_k phi(<u, x_k>) is <g, u> with one g on each sector between two
walls, the angles at which u is orthogonal to a point. So f is given by its values on the walls, with the sines of
the angles to them as weights. With R(u) = sum_k q_k relu(<u, x_k>) and v = sum_k q_k x_k it is
f(u) = slope <v, u> + (1 - slope) R(u), and R(u) - R(-u) = <v, u>: R on the walls of a half turn is enough. At the
wall of the points k the derivative of R jumps by sum q_k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pipeline.network.activation import Activation

Sparse: TypeAlias = Any
"""A sparse matrix of SciPy's, whose stubs do not say what sums and stacks of them are."""
SAME_WALL = 1e-12
"""The angle up to which the walls of two points (opposite ones, up to rounding) are one."""
MOST_NUMBERS = 4_000_000
"""How many outputs (direction times point) are formed at a time."""


@dataclass(frozen=True)
class Sectors:
    """The walls of the points, of a half turn, and what f is in between.

    Attributes
    ----------
    wall
        [wall]: the angles of u orthogonal to a point, in [0, pi), ascending.
    owner
        [point]: the wall of each.
    """

    wall: np.ndarray
    owner: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray) -> Sectors:
        """The sectors of unit vectors in the plane."""
        angle = np.mod(np.arctan2(points[:, 0], -points[:, 1]), np.pi)
        order = np.argsort(angle)
        new = np.diff(angle[order], prepend=-1.0) > SAME_WALL
        owner = np.empty(len(angle), dtype=int)
        owner[order] = np.cumsum(new) - 1
        wall = angle[order][new]
        if len(wall) > 1 and wall[0] + np.pi - wall[-1] <= SAME_WALL:  # 0 and pi are one
            wall, owner = wall[:-1], owner % (len(wall) - 1)
        return cls(wall, owner)

    @property
    def turn(self) -> np.ndarray:
        """The walls of a whole turn, with the first one again at its end."""
        return np.concatenate([self.wall, self.wall + np.pi, self.wall[:1] + 2 * np.pi])

    def at_walls(self, end: np.ndarray) -> tuple[Sparse, np.ndarray]:
        """What R on these walls of a turn (numbers 0 to 2 len(wall)) is made of: [., wall] of R, [., 2] of v.

        At the opposite wall R is R here less <v, u of here>.
        """
        from scipy.sparse import csr_matrix

        count = len(self.wall)
        own = end % count
        matrix = csr_matrix((np.ones(len(end)), (np.arange(len(end)), own)), shape=(len(end), count))
        return matrix, np.where(((end // count) % 2 == 1)[:, None], -unit(self.wall[own]), 0.0)

    def at_angles(self, angle: np.ndarray) -> tuple[Sparse, np.ndarray]:
        """The same of R at these angles, from wall[0] to wall[0] + 2 pi: by the sines from the walls around."""
        turn = self.turn
        left = np.clip(np.searchsorted(turn, angle, side="right") - 1, 0, len(turn) - 2)
        sine = np.sin(turn[left + 1] - turn[left])
        shares = np.sin(turn[left + 1] - angle) / sine, np.sin(angle - turn[left]) / sine
        ends = self.at_walls(left), self.at_walls(left + 1)
        matrix = sum(end[0].multiply(share[:, None]) for share, end in zip(shares, ends, strict=True))
        linear = sum(end[1] * share[:, None] for share, end in zip(shares, ends, strict=True))
        return matrix.tocsr(), linear

    def jumps(self) -> tuple[Sparse, np.ndarray, np.ndarray]:
        """The same of the jump of R' at each wall, times the width of the narrower sector there; this width."""
        here, width = np.arange(len(self.wall)), np.diff(self.turn)
        before, after = width[here - 1], width[here]
        narrow = np.minimum(before, after)
        parts = [
            (narrow / np.sin(before), self.at_walls((here - 1) % len(width))),
            (narrow / np.sin(after), self.at_walls(here + 1)),
            (-narrow / np.tan(before) - narrow / np.tan(after), self.at_walls(here)),
        ]
        matrix = sum(wall[0].multiply(share[:, None]) for share, wall in parts)
        linear = np.sum([wall[1] * share[:, None] for share, wall in parts], axis=0)
        return matrix.tocsr(), linear, narrow


@dataclass(frozen=True)
class Maxima:
    """The largest |f| in each sector, at which angle, and the sign of f there."""

    height: np.ndarray
    angle: np.ndarray
    sign: np.ndarray


def maxima(q: np.ndarray, points: np.ndarray, sectors: Sectors, slope: float) -> Maxima:
    """Where |f| is largest in each sector of a turn: inside, if f' changes its sign there, else on a wall."""
    turn = sectors.turn
    left, width = turn[:-1], np.diff(turn)
    value = _values(q, points, left, slope)
    following = np.roll(value, -1)
    rise = (following - value * np.cos(width)) / np.sin(width)  # f' at the left wall
    fall = (following * np.cos(width) - value) / np.sin(width)  # f' at the right one
    sign = np.where(np.abs(value) >= np.abs(following), np.sign(value), np.sign(following))
    inside = (sign * rise > 0) & (sign * fall < 0)
    height = np.where(inside, np.hypot(value, rise), np.maximum(np.abs(value), np.abs(following)))
    angle = left + np.where(inside, np.arctan2(sign * rise, sign * value), np.where(
        np.abs(value) >= np.abs(following), 0.0, width))  # fmt: skip
    return Maxima(height, angle, sign)


def _values(q: np.ndarray, points: np.ndarray, angle: np.ndarray, slope: float) -> np.ndarray:
    """The sum at these angles, from the points themselves: what is certified owes nothing to the program."""
    stretch = max(MOST_NUMBERS // max(len(q), 1), 1)
    parts = [angle[i : i + stretch] for i in range(0, len(angle), stretch)]
    return np.concatenate([Activation(slope).value(unit(part) @ points.T) @ q for part in parts])


def unit(angle: np.ndarray) -> np.ndarray:
    """[angle, 2]: the unit vectors."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
