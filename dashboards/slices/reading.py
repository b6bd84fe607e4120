"""Reading a slice: only what a plot can show, from only as many chunks as that takes.

A chunk of a run is 4 MiB, which takes some 5 ms to read and check. A line of one neuron through a trajectory of
2 GB lies in 500 of them. So the first slice takes instants from :data:`CHUNKS_AT_ONCE` chunks, spread evenly; a
second one, read when nothing has changed for a moment, takes more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from dashboards.slices.layout import Layout
from dashboards.slices.variables import places_along

Places = npt.NDArray[np.intp]

CHUNKS_AT_ONCE = 32
"""Chunks that the first slice reads."""
CHUNKS_LIMIT = 256
"""Chunks that the second slice reads."""
LINES_LIMIT = 240
"""Lines, or rows of a heat map, at most."""
COLOURS_LIMIT = 12
"""Colours at most: more cannot be told apart."""
POINTS_LIMIT = 120_000
"""Values of a slice at most: a plot is at most 1,700 pixels wide."""
ALONG_LIMIT = 2_000
"""Values along x at most."""


@dataclass(frozen=True)
class Slice:
    """A slice that has been read.

    Attributes
    ----------
    values
        The values, with the dimensions colour, lines, x of the layout, those that there are, in this order.
    along, lines, colours
        The places that were read along each of these dimensions.
    sizes
        The lengths of these dimensions in the store: of x within the window.
    complete
        Whether no more can be read by a second, finer slice.
    """

    values: xr.DataArray
    along: Places
    lines: Places
    colours: Places
    sizes: tuple[int, int, int]
    complete: bool


def read_slice(
    array: xr.DataArray,
    layout: Layout,
    *,
    kept: Sequence[int] = (),
    alone: bool = False,
    window: tuple[float, float] | None = None,
    chunks: int = CHUNKS_AT_ONCE,
) -> Slice:
    """Read a slice of a lazily opened variable.

    Parameters
    ----------
    array
        The variable.
    layout
        What is drawn; it fits the variable.
    kept
        Places of the lines' dimension that are read in any case: the selected neurons.
    alone
        Whether only these are read.
    window
        The part of x that is drawn, as values of its coordinate; None for all of it.
    chunks
        Chunks to read at most.

    Returns
    -------
    Slice

    Raises
    ------
    CatalogError, OSError
        If the store can't be read.
    """
    steps = chunk_lengths(array)
    lines = line_places(array.sizes.get(layout.lines, 1), kept, alone=alone and bool(kept))
    colours = spread(0, array.sizes.get(layout.colour, 1), COLOURS_LIMIT)
    start, stop = window_places(array, layout.x, window)
    other = touched(lines, steps.get(layout.lines, 1)) * touched(colours, steps.get(layout.colour, 1))
    count = min(ALONG_LIMIT, max(2, POINTS_LIMIT // (len(lines) * len(colours))))
    step = steps.get(layout.x, 1)
    along = spread(start, stop, count)
    if touched(along, step) * other > chunks:
        along = spread(start, stop, max(2, chunks // other))
    wanted = {layout.x: along, layout.lines: lines, layout.colour: colours}
    chosen = {dim: as_slice(places) for dim, places in wanted.items() if dim}
    values = array.isel({**layout.at, **chosen}).load()
    values = values.transpose(*(dim for dim in (layout.colour, layout.lines, layout.x) if dim))
    sizes = (stop - start, array.sizes.get(layout.lines, 1), array.sizes.get(layout.colour, 1))
    finest = len(along) >= min(stop - start, count) or chunks >= CHUNKS_LIMIT
    return Slice(values, along, lines, colours, sizes, finest)


def chunk_lengths(array: xr.DataArray) -> dict[str, int]:
    """Return the length of a stored chunk along each dimension; the whole length where it is one piece."""
    stored = array.encoding.get("chunks") or array.encoding.get("chunksizes") or array.shape
    lengths = stored if len(stored) == array.ndim else array.shape
    return {
        str(dim): int(length[0] if isinstance(length, tuple) else length)
        for dim, length in zip(array.dims, lengths, strict=True)
    }


def touched(places: Places, step: int) -> int:
    """Count the chunks of this length in which places lie."""
    return len(np.unique(places // max(1, step)))


def spread(start: int, stop: int, count: int) -> Places:
    """Choose at most ``count`` places from ``start`` to before ``stop``, evenly, with the first and the last.

    Examples
    --------
    >>> spread(0, 10, 4).tolist(), spread(3, 6, 9).tolist()
    ([0, 3, 6, 9], [3, 4, 5])
    """
    if stop - start <= count:
        return np.arange(start, stop, dtype=np.intp)
    return np.unique(np.linspace(start, stop - 1, count).round().astype(np.intp))


def line_places(size: int, kept: Sequence[int], *, alone: bool) -> Places:
    """Choose the lines: those that are kept, and if these are not alone, others evenly."""
    own = np.array(sorted(place for place in set(kept) if 0 <= place < size)[:LINES_LIMIT], dtype=np.intp)
    if alone and len(own):
        return own
    return np.union1d(own, spread(0, size, max(1, LINES_LIMIT - len(own)))).astype(np.intp)


def window_places(array: xr.DataArray, dim: str, window: tuple[float, float] | None) -> tuple[int, int]:
    """Find the places along a dimension that a window needs: those inside, and the neighbour on each side."""
    size = array.sizes.get(dim, 1)
    if window is None or not dim:
        return 0, size
    at = places_along(array, dim)
    if not bool(np.all(np.diff(at) > 0)):
        return 0, size
    start = max(0, int(np.searchsorted(at, window[0], side="left")) - 1)
    stop = min(size, int(np.searchsorted(at, window[1], side="right")) + 1)
    return (start, stop) if stop > start else (0, size)


def as_slice(places: Places) -> slice | Places:
    """Write evenly spaced places as a slice: a store reads it faster than a list."""
    if len(places) > 1 and len(set(np.diff(places).tolist())) == 1:
        return slice(int(places[0]), int(places[-1]) + 1, int(places[1] - places[0]))
    return places
