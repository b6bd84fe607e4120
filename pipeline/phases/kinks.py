"""The kinks of a shallow network over one input.

h(x) = sum_j a_j phi(w_j x + b_j), phi(u) = u for u > 0, else s u, is piecewise linear. Neuron j has its kink at
-b_j/w_j, where the slope changes by (1 - s) a_j |w_j|, whichever side it is on. Far left the neurons with w_j
< 0 are on: the slope there is sum_j a_j w_j (1 where w_j < 0, else s). Neurons whose kinks are closer
together than any data can tell are one kink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.network.one_input import kinks

LARGEST = 100
"""How many kinks are kept: before the neurons align there are as many as neurons."""


CELL = 0.9
"""The width of a cell over that of a kink: less than 1, so that rounding puts no two kinks' first into one."""
CELLS = 2**16
"""How many cells there may be."""

WIDE = 1000
"""The number of neurons from which on the kinks of each instant are counted by themselves."""


@dataclass(frozen=True)
class Kinks:
    """Kinks by position: ``position``, ``change`` of slope, slope ``left`` and ``right`` of it, ``neurons``."""

    position: np.ndarray
    change: np.ndarray
    left: np.ndarray
    right: np.ndarray
    neurons: np.ndarray


def first_of_each(position: np.ndarray, width: float) -> np.ndarray:
    """Cut increasing positions into groups no wider than ``width``, from the left: the first index of each.

    By width and not by gaps: a million kinks all along the line have no gap, and are not one kink.
    """
    found, at = [], 0
    while at < len(position):
        found.append(at)
        at = int(position.searchsorted(position[at] + width, side="right"))
    return np.array(found, dtype=int)


def merged_kinks(
    slope: np.ndarray, offset: np.ndarray, output: np.ndarray, negative_slope: float, width: float
) -> Kinks:
    """The kinks of the network with these w_j, b_j and a_j, merged within ``width``.

    Returns
    -------
    Kinks
        At most :data:`LARGEST`, those with the largest change of slope. The position is the mean of the merged
        neurons', weighted with |a_j w_j|; the slopes left and right of a kink are those of all neurons.
    """
    position = kinks(slope, offset)
    bends = np.flatnonzero(np.isfinite(position) & (output * slope != 0))
    bends = bends[np.argsort(position[bends], kind="stable")]
    position, weight = position[bends], (output * np.abs(slope))[bends]
    first = first_of_each(position, width)
    far_left = float(np.sum(output * slope * np.where(slope < 0, 1.0, negative_slope)))
    if not len(first):
        return Kinks(*(np.zeros(0) for _ in range(5)))
    change = (1.0 - negative_slope) * np.add.reduceat(weight, first)
    share = np.add.reduceat(np.abs(weight), first)
    right = far_left + np.cumsum(change)
    middle = np.add.reduceat(np.abs(weight) * position, first) / share
    neurons = np.diff(np.append(first, len(position)))
    kept = np.sort(np.argsort(-np.abs(change), kind="stable")[:LARGEST])
    return Kinks(middle[kept], change[kept], (right - change)[kept], right[kept], neurons[kept])


def numbers_of_kinks(
    slope: np.ndarray,
    offset: np.ndarray,
    output: np.ndarray,
    window: tuple[float, float],
    width: float,
    share: float,
) -> np.ndarray:
    """How many merged kinks lie within ``window`` and change the slope by ``share`` of all |changes| or more.

    Parameters
    ----------
    slope, offset, output
        [time, neuron]. The scale of ``output`` does not matter.
    window, width
        A kink less than ``width`` outside the window counts (one may slide on the border).

    Returns
    -------
    int64[time]

    Notes
    -----
    All instants at once: one at a time, each takes 15 us of NumPy's calls for a microsecond's work. Of a wide
    network one at a time: its positions are sorted without their weights, which takes a fifth of the time.
    """
    if len(slope) < slope.shape[1] > WIDE:
        return np.array(
            [_number_of_kinks(*row, window, width, share) for row in zip(slope, offset, output, strict=True)],
            dtype=int,
        )
    position, weight = kinks(slope, offset), output * np.abs(slope)
    inside = (position >= window[0] - width) & (position <= window[1] + width) & (weight != 0)
    # Those outside go to the end of their row: among those inside, the order is that of a stable sort alone.
    order = np.argsort(np.where(inside, position, np.inf), axis=1, kind="stable")
    count = inside.sum(axis=1)
    order = order[:, : count.max(initial=0)]
    within = np.arange(order.shape[1]) < count[:, None]
    first = first_in_rows(np.take_along_axis(position, order, axis=1), within, width)
    kink = np.flatnonzero(first[within])
    if not len(kink):
        return np.zeros(len(slope), dtype=int)
    changes = np.abs(np.add.reduceat(np.take_along_axis(weight, order, axis=1)[within], kink))
    row = np.nonzero(first)[0]
    return np.bincount(row[changes >= share * np.abs(weight).sum(axis=1)[row]], minlength=len(slope))


def _number_of_kinks(
    slope: np.ndarray,
    offset: np.ndarray,
    output: np.ndarray,
    window: tuple[float, float],
    width: float,
    share: float,
) -> int:
    """:func:`numbers_of_kinks` of one instant, its positions put into cells and not in order."""
    position, weight = kinks(slope, offset), np.abs(slope)
    weight *= output
    low, high = window[0] - width, window[1] + width
    inside = np.flatnonzero((position >= low) & (position <= high) & (weight != 0))
    group, groups = groups_of(position[inside], low, high, width)
    changes = np.abs(np.bincount(group, weight[inside], minlength=groups))
    return int((changes >= share * np.abs(weight).sum()).sum())


def groups_of(position: np.ndarray, low: float, high: float, width: float) -> tuple[np.ndarray, int]:
    """The group of each position as :func:`first_of_each` cuts them, in any order, and how many groups there are.

    Parameters
    ----------
    position
        Between ``low`` and ``high``.

    Notes
    -----
    No cell, :data:`CELL` of a width, holds the first position of two groups. So a position's group is known from
    its cell and one comparison, and of all positions only those of the cells in which a group ends are compared: a
    third of the time that it takes to sort them.
    """
    cells = int((high - low) / (CELL * width)) + 1
    if not len(position) or cells > CELLS:
        ordered = np.sort(position)
        edges = ordered[first_of_each(ordered, width)]
        return edges.searchsorted(position, side="right") - 1, len(edges)
    cell = ((position - low) / (CELL * width)).astype(np.uint16)
    # Of 16 bits: put in order by their digits, without comparing.
    by_cell, ends = position[np.argsort(cell, kind="stable")], np.cumsum(np.bincount(cell, minlength=cells))
    filled = np.flatnonzero(np.diff(ends, prepend=0))
    least = np.minimum.reduceat(by_cell, np.append(0, ends[filled])[:-1])
    edge, place = np.full(cells, np.inf), 0
    while place < len(filled):
        at = edge[filled[place]] = float(least[place])
        while at < np.inf:
            end = at + width
            number = int((end - low) / (CELL * width))
            if number >= cells:
                break
            there = by_cell[ends[number - 1] : ends[number]]
            at = float(there[there > end].min(initial=np.inf))
            if at < np.inf:
                edge[number] = at
        place = int(filled.searchsorted(number, side="right"))
    opened = np.isfinite(edge)
    return (np.cumsum(opened) - opened)[cell] + (position >= edge[cell]) - 1, int(opened.sum())


def first_in_rows(position: np.ndarray, within: np.ndarray, width: float) -> np.ndarray:
    """:func:`first_of_each` for each row [time, neuron]: whether a position is the first of its group.

    Parameters
    ----------
    position
        Increasing along each row where ``within``, which is true from a row's beginning on.
    """
    first = np.zeros(position.shape, dtype=bool)
    if len(position) < position.shape[1]:
        for row, positions, count in zip(first, position, within.sum(axis=1).tolist(), strict=True):
            row[first_of_each(positions[:count], width)] = True
        return first
    beyond = np.full(len(position), -np.inf)
    for i, (here, counts) in enumerate(zip(np.ascontiguousarray(position.T), within.T, strict=True)):
        starts = counts & (here > beyond)
        first[:, i] = starts
        beyond = np.where(starts, here + width, beyond)
    return first
