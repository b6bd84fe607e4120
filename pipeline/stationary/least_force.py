"""The least force on neurons that touch boundaries: least squares within bounds, for many neurons at once.

On its boundaries a neuron can have any force D + sum_k s_k v_k with 0 <= s_k <= 1, v_k the kink at
boundary k. The motion realises the least of them (Filippov; the kinks are concave). Neurons touch different
numbers of boundaries, so each has a row of columns, of which some are not used. One by one, the 9,700 events of
200 neurons on 75 points take four times as long.
"""

from __future__ import annotations

import numpy as np

ROUNDING = 1e-12
"""The cosine up to which a vector is orthogonal, or a neuron on a boundary."""
PIVOTS, PATIENCE = 200, 3
"""How often the gains on boundaries are changed, and how often in vain before that is done one by one."""


def columns_of(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The columns of the chosen entries of each row [row, any], and which of these [row, column] are used."""
    size = chosen.sum(axis=1)
    used = np.arange(int(size.max(initial=0))) < size[:, None]
    columns = np.zeros(used.shape, dtype=int)
    columns[used] = np.nonzero(chosen)[1]
    return columns, used


def least_force(gram: np.ndarray, projection: np.ndarray, used: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The shares in [0, 1] for which |D + sum_k s_k v_k| is least, for each neuron.

    By pivots: which shares are 0, 1 or between is changed at the kinks where it contradicts the slope, at all of
    them as long as their number falls, then at the last one (Murty's rule, which ends).

    Parameters
    ----------
    gram
        <v_k, v_l> [neuron, kink, kink].
    projection
        <v_k, D> [neuron, kink].
    used
        Which kinks the neuron has [neuron, kink]; the shares of the others are 0.
    size
        |D| [neuron].
    """
    shares = np.zeros(used.shape)
    length = np.sqrt(np.where(used, np.diagonal(gram, axis1=1, axis2=2), 0.0))
    allowed = (ROUNDING * (size + length.sum(axis=1)))[:, None]
    length = np.where(used, length, 1.0)
    # At first all are between 0 and 1: most neurons slide along all that they touch.
    free, fewest = used.copy(), used.sum(axis=1) + 1
    patience = np.full(len(used), PATIENCE)
    row = np.flatnonzero(used.any(axis=1))
    for pivot in range(PIVOTS):
        own, between = gram[row], free[row]
        if pivot:
            fixed = np.where(between, 0.0, shares[row])
            there = fixed - solved(own, projection[row] + times(own, fixed), between)
            slope = (projection[row] + times(own, there)) / length[row]
            falls = np.where(there > 0.5, slope > allowed[row], slope < -allowed[row])
            loose = used[row] & ~between & falls
        else:  # none is 0 or 1 yet
            there, loose = -solved(own, projection[row], between), np.zeros(between.shape, dtype=bool)
        outside = between & ((there < -ROUNDING) | (there > 1.0 + ROUNDING))
        shares[row] = there
        wrong = outside | loose
        count = wrong.sum(axis=1)
        going = count > 0
        row, there, loose, wrong, count = row[going], there[going], loose[going], wrong[going], count[going]
        if not len(row):
            break
        fewer = count < fewest[row]
        fewest[row] = np.where(fewer, count, fewest[row])
        patience[row] = np.where(fewer, PATIENCE, patience[row] - 1)
        last = np.arange(used.shape[1]) == used.shape[1] - 1 - np.argmax(wrong[:, ::-1], axis=1)[:, None]
        changed = wrong & ((patience[row] > 0)[:, None] | last)
        free[row] = np.where(changed, loose, free[row])
        shares[row] = np.where(there > 0.5, 1.0, 0.0)
    return np.where(shares < ROUNDING, 0.0, np.where(shares > 1.0 - ROUNDING, 1.0, shares))


def solved(gram: np.ndarray, side: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The solutions of gram s = side over the free entries, 0 at the others; the least where there are several.

    Parameters
    ----------
    gram
        [row, entry, entry].
    side, free
        [row, entry].
    """
    side = np.where(free, side, 0.0)
    if not free.any():
        return side
    # What is not free is a block of its own, of the size of the rest.
    own = np.max(np.diagonal(gram, axis1=1, axis2=2), axis=1, initial=0.0)
    row, entry = np.nonzero(~free)
    matrix = gram.copy()
    matrix[row, entry], matrix[row, :, entry] = 0.0, 0.0
    matrix[row, entry, entry] = np.where(own > 0, own, 1.0)[row]
    try:
        found = np.linalg.solve(matrix, side[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        found = np.full(side.shape, np.inf)
    with np.errstate(invalid="ignore"):
        left = np.linalg.norm(times(matrix, found) - side, axis=1)
        good = left <= ROUNDING * np.linalg.norm(side, axis=1)
    for j in np.flatnonzero(~good):
        found[j] = np.linalg.lstsq(matrix[j], side[j], rcond=1e-13)[0]
    return np.where(free, found, 0.0)


def times(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Each row's matrix [row, entry, entry] times its vector [row, entry]."""
    return np.asarray((matrix @ vector[:, :, None])[:, :, 0])
