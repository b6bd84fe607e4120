"""One sign of labels: its D and v, and the neurons that fit it.

For orthogonal inputs that are not unit vectors, u_+ ends at |v_+| with v_+ = sum over y_k > 0 of y_k x_k/|x_k|^2;
for unit vectors that is n |D_+|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLLINEAR = 1e-12
"""1 - cos(D, v) up to which the two vectors of a sign are one direction."""


@dataclass(frozen=True)
class Side:
    """One sign of labels, and the neurons that fit it.

    Attributes
    ----------
    sign
        +1 or -1.
    members
        bool[neuron]: S_{+,1} or S_{-,1}.
    rate
        |D| of this sign.
    towards, goal
        Unit vectors [coord] along sign D, where its neurons align, and along v, where they end.
    size
        |v|, where u ends.
    rows
        The sign's data points, bool[point].
    idle_share
        The largest |D_S|/|D| over proper subsets S of those points: how fast a neuron grows that sees only S.
    """

    sign: int
    members: np.ndarray
    rate: float
    towards: np.ndarray
    goal: np.ndarray
    size: float
    rows: np.ndarray
    idle_share: float

    @property
    def symbol(self) -> str:
        """``+`` or ``-``, as in S_{+,1}."""
        return "+" if self.sign > 0 else "-"

    @property
    def collinear(self) -> bool:
        """Whether D and v are one direction, so that aligned neurons grow without turning."""
        return bool(0.5 * np.sum((self.towards - self.goal) ** 2) <= COLLINEAR)


def side_of(x: np.ndarray, y: np.ndarray, sign: int, members: np.ndarray, growth: np.ndarray) -> Side:
    """One sign of the data; ``growth`` is D_+ or -D_-."""
    rows = sign * y > 0
    squares = np.sum(x**2, axis=1)
    squares[squares == 0.0] = np.inf  # a point at 0 asks for no neuron
    v = (np.abs(y[rows]) / squares[rows]) @ x[rows]
    return Side(
        sign=sign,
        members=members,
        rate=float(np.linalg.norm(growth)),
        towards=_unit(growth),
        goal=_unit(v),
        size=float(np.linalg.norm(v)),
        rows=rows,
        idle_share=idle_share(x[rows], y[rows]),
    )


def idle_share(x: np.ndarray, y: np.ndarray) -> float:
    """The largest |D_S|/|D| over proper subsets S of orthogonal points of one sign: all but the weakest one."""
    if not len(y):
        return 0.0
    forces = np.sort(np.linalg.norm(x / np.abs(x).max(), axis=1) * np.abs(y / np.abs(y).max()))
    return float(np.linalg.norm(forces[1:]) / np.linalg.norm(forces))


def _unit(vector: np.ndarray) -> np.ndarray:
    size = float(np.linalg.norm(vector))
    return vector / size if size > 0.0 else vector
