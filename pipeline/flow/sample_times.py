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
