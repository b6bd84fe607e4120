"""Samples that are read some instants at a time: into one array a variable, or into blocks on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.flow.exact.machine_code.interruptible import run_interruptibly
from pipeline.flow.followed import Reading
from pipeline.flow.streaming import Blocks

IN_MEMORY = 1_000_000_000
"""The bytes of samples up to which they are kept in memory."""
HELD = ("residual", "gradient_norm")
"""What is kept in memory always: of all points, or of the network as a whole."""

Read = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]
"""What reads all variables at some instants; its second argument, the watch, is not 0 once it has to stop."""


def read_in_parts(
    read: Read, times: np.ndarray, network: tuple[int, int, int], at_once: int, reading: Reading | None
) -> dict[str, Any]:
    """Read the trajectory's variables at ``times``; those of a neuron are dask arrays if they are too many.

    Parameters
    ----------
    network
        The neurons, the points and the coordinates.
    at_once
        The bytes of samples that are read at a time.
    reading
        Told how many samples have been read.
    """
    (m, n, d), samples = network, len(times)
    each = m * (8 * (d + 2) + n) + 8 * n
    blocks = Blocks(samples, max(8 * m * d, m * n)) if samples * each > IN_MEMORY else None
    length = max(1, at_once // each) if blocks is None else blocks.length
    found: dict[str, Any] = {}
    watch = np.zeros(3)

    def read_all() -> None:
        for first in range(0, samples, length):
            values = read(times[first : first + length], watch)
            if watch[0]:
                return
            for name, part in values.items():
                if blocks is not None and name not in HELD:
                    blocks.write(name, first, part)
                elif len(part) == samples:
                    found[name] = part
                else:  # joined afterwards they would be held twice
                    whole = found.setdefault(name, np.empty((samples, *part.shape[1:]), part.dtype))
                    whole[first : first + len(part)] = part
            if reading is not None:
                reading(min(first + length, samples), samples)

    if reading is not None:
        reading(0, samples)
    run_interruptibly(read_all, watch)
    return found if blocks is None else found | blocks.arrays()
