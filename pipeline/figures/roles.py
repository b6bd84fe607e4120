"""Which role each neuron has in a picture: the paper's, or the extremal direction that it goes to.

Of orthogonal inputs the neurons that go to D_+ and to -D_- are S_{+,1} and S_{-,1}. Of any other data a neuron's
role is the extremal direction at which it grows: first the fastest of its sign of a. What shrinks there, or comes
later than the fourth, has none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.schema import decode
from pipeline.figures.reading import Run, group_of, orthogonal
from pipeline.figures.style import DIRECTIONS, ROLES

Names = npt.NDArray[np.str_]


def neuron_roles(tree: Run, missing: str | None = None) -> Names:
    """Name the role of each neuron, by a key of :data:`pipeline.figures.ROLES`.

    Parameters
    ----------
    tree
        A run, or its groups; with the group ``alignment`` where it has a small start.
    missing
        What stands for a role that was lost; None: it is refused.
    """
    role = decode(group_of(tree, "phases")["role"], missing=missing)
    if "alignment" not in tree or orthogonal(tree):
        return role
    found = group_of(tree, "alignment")
    partner, rate, sign = (found[name].values for name in ("partner", "predicted_rate", "predicted_sign"))
    names = np.full(len(partner), "other", dtype="<U16")
    growing = (partner >= 0) & (rate > 0)
    for one, keys in DIRECTIONS.items():
        own = growing & (sign == one)
        numbers = np.unique(partner[own])
        fastest = sorted(numbers.tolist(), key=lambda number: -float(rate[own & (partner == number)].max()))
        for key, number in zip(keys, fastest, strict=False):
            names[own & (partner == number)] = key
    return names


def occurring(roles: Names) -> list[str]:
    """List the roles that occur, in the order of the legend."""
    return [name for name in ROLES if (roles == name).any()]
