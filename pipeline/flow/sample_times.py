"""When a trajectory is looked at: the placed samples, and the instants that somebody asks for by name."""

from __future__ import annotations

import numpy as np


def merged_sample_times(times: np.ndarray, including: np.ndarray) -> np.ndarray:
    """Both in order, without those of ``including`` that come after the last of ``times``, or are there already.

    Parameters
    ----------
    times, including
        float64[samples] and float64[any], each increasing. ``times`` stays as it is, twins among them too.
    """
    added = including[(including <= times[-1]) & ~np.isin(including, times)]
    return np.sort(np.concatenate([times, np.unique(added)]))


def moved_to(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The same number of times with ``wanted`` among them: each takes the place of the nearest one inside.

    The first and the last stay. Of more ``wanted`` than there are places, the first ones.
    """
    moved, free = times.copy(), np.ones(len(times), dtype=bool)
    free[[0, -1]] = False
    for instant in np.setdiff1d(wanted, times):
        places = np.flatnonzero(free & ~np.isin(times, wanted))
        if not len(places) or not times[0] < instant < times[-1]:
            continue
        nearest = places[np.argmin(np.abs(times[places] - instant))]
        moved[nearest], free[nearest] = instant, False
    return np.sort(moved)
