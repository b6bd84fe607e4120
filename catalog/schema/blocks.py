"""Arrays larger than memory: Dask arrays, chunked along time, which are reduced block by block.

A trajectory of a million neurons is gigabytes. The stages that reduce it (phases, minimum norm) and the catalog
that writes it never hold more of it than one of its blocks. Dask is not imported here: an array that needs it
has imported it.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from itertools import pairwise, product
from typing import Any

import numpy as np
import xarray as xr

STRETCH_BYTES = 2**18
"""How much of an array in memory is reduced at once, so that what is made of it on the way stays in the cache:
the distance to the minimum on 400 samples of 200 neurons takes 4.2 ms with 256 KiB, 8.1 with four times that."""

SHARED_BYTES = 2**24
"""From how much of an array on its parts are shared among threads (NumPy and zstd leave the interpreter's
lock while they work): below, a thread costs more than it wins."""

THREADS_LIMIT = 8
"""The most threads: memory is what more of them would wait for."""

Reduction = Callable[..., tuple[np.ndarray, ...]]
"""Takes arrays over a stretch of time, and returns arrays over it."""

Join = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Combines the results of two parts of the neurons into one: ``np.add``, ``np.maximum``, ``np.minimum``."""


def is_lazy(array: Any) -> bool:
    """Whether ``array`` is a Dask array."""
    return hasattr(array, "__dask_graph__")


def as_type(array: Any, dtype: str) -> Any:
    """Return ``array`` as an array of this type: a NumPy array, or the Dask array that it was."""
    return array.astype(dtype) if is_lazy(array) else np.asarray(array, dtype=dtype)


def at_instant(dataset: xr.Dataset, sample: int, *names: str) -> tuple[np.ndarray, ...]:
    """The values of some variables at one instant; nothing else of them is read.

    Parameters
    ----------
    dataset
        In memory or lazy; the variables' first dimension is time.
    sample
        Which instant, counted from 0, or from the end below 0.
    names
        The variables.

    Notes
    -----
    It reads variables, not arrays with coordinates or a dataset of one instant: to make one of these takes ten
    times as long as to read its numbers, and the stages read hundreds in a run.
    """
    found = (dataset.variables[name] for name in names)
    return tuple(v.values[sample] if in_memory(v) else v[sample].values for v in found)


def in_memory(variable: xr.Variable) -> bool:
    """Whether the numbers are in memory as a NumPy array: to ask for lazy ones would read them all.

    ``chunks`` does not tell: a file opened without Dask has none, and to ask takes 10 us. xarray has no public
    name for it. If the attribute is removed one day, each variable counts as lazy, which is right but slower.
    """
    return isinstance(getattr(variable, "_data", None), np.ndarray)


def along_time(reduce: Reduction, *variables: xr.DataArray | xr.Variable) -> tuple[np.ndarray, ...]:
    """Reduce variables to time series, holding no more of them than one block.

    Parameters
    ----------
    reduce
        Takes the values of each variable over a stretch of time and returns arrays over the same stretch,
        each moment's from that moment alone.
    variables
        Their first dimension is time. In memory or lazy.

    Returns
    -------
    tuple of ndarray
        What ``reduce`` returns, over the whole time.

    Examples
    --------
    >>> w = xr.DataArray(np.ones((3, 5)), dims=("time", "neuron"))
    >>> along_time(lambda values: (values.sum(axis=1),), w)
    (array([5., 5., 5.]),)
    """
    bare = [v.variable if isinstance(v, xr.DataArray) else v for v in variables]
    with ExitStack() as stack:
        share = _sharing(stack, bare)
        parts = [part for arrays in _blocks(bare) for part in share(reduce, arrays)]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def over_neurons(
    reduce: Reduction, joins: Iterable[Join], *variables: xr.DataArray | xr.Variable
) -> tuple[np.ndarray, ...]:
    """Reduce variables to time series; for wide networks, part by part of the neurons.

    Parameters
    ----------
    reduce
        Takes the part, a slice of the neurons, and the values of each variable over a stretch of time and that
        part; returns arrays over the stretch.
    joins
        For each of them, what combines the results of two parts.
    variables
        Their first dimension is time, their second the neurons. In memory or lazy.

    Returns
    -------
    tuple of ndarray
        What ``reduce`` returns, over the whole time and all neurons.

    Examples
    --------
    >>> w = xr.DataArray(np.ones((3, 5)), dims=("time", "neuron"))
    >>> over_neurons(lambda part, values: (values.sum(axis=1),), (np.add,), w)
    (array([5., 5., 5.]),)
    """
    ways = tuple(joins)

    def joined(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        found = [reduce(part, *(array[:, part] for array in arrays)) for part in _pieces(arrays)]
        return tuple(map(functools.reduce, ways, zip(*found, strict=True)))

    return along_time(joined, *variables)


def _pieces(arrays: Sequence[np.ndarray]) -> list[slice]:
    """Cut the neurons into pieces: one, unless a single instant is larger than a stretch."""
    neurons = arrays[0].shape[1]
    pieces = math.ceil(max(array.nbytes for array in arrays) / STRETCH_BYTES) if len(arrays[0]) == 1 else 1
    step = max(1, math.ceil(neurons / max(1, pieces)))
    return [slice(start, min(start + step, neurons)) for start in range(0, max(1, neurons), step)]


def coordinates_first(vectors: np.ndarray) -> np.ndarray:
    """Vectors [time, neuron, coord] as an array [coord, time, neuron] of its own.

    For NumPy's loops, which are along the last dimension: over two coordinates they cost ten times as much. It may
    be changed in place: also of one coordinate it is a copy.
    """
    return np.array(np.moveaxis(vectors, -1, 0), order="C")


def _blocks(variables: list[xr.Variable]) -> Iterator[list[np.ndarray]]:
    """Compute the variables block by block, as the first lazy one is chunked; at once if none is lazy."""
    if all(map(in_memory, variables)):
        yield [variable.values for variable in variables]
        return
    for block in _cuts(variables):
        yield [_read(variable[block]) for variable in variables]


def _read(variable: xr.Variable) -> np.ndarray:
    """Read the numbers of a block in this thread: with Dask's threads it takes half as long again."""
    data: Any = variable.data
    return np.asarray(data.compute(scheduler="synchronous") if is_lazy(data) else data)


def _cuts(variables: list[xr.Variable]) -> list[slice]:
    for variable in variables:
        if variable.chunks is not None:
            ends = [0, *np.cumsum(variable.chunksizes["time"]).tolist()]
            return [slice(start, stop) for start, stop in pairwise(ends)]
    return [slice(None)]


def threads_for_sharing() -> int:
    """How many threads share the parts of a large array."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, THREADS_LIMIT)


def _sharing(stack: ExitStack, variables: list[xr.Variable]) -> Callable[..., Iterable[tuple[np.ndarray, ...]]]:
    """Choose how a block is reduced: in this thread or, if it is large, in one thread a processor."""
    threads = threads_for_sharing()
    if threads < 2 or max(variable.nbytes for variable in variables) < SHARED_BYTES:
        return _reduced
    pool = stack.enter_context(ThreadPoolExecutor(threads))

    def shared(reduce: Reduction, arrays: list[np.ndarray]) -> Iterable[tuple[np.ndarray, ...]]:
        # Each in a context of its own: NumPy's warnings are switched off in the caller's.
        waiting = [
            pool.submit(copy_context().run, reduce, *(array[part] for array in arrays))
            for part in _stretches(arrays)
        ]
        return [done.result() for done in waiting]

    return shared


def _reduced(reduce: Reduction, arrays: list[np.ndarray]) -> Iterator[tuple[np.ndarray, ...]]:
    """Reduce a block, a stretch at a time."""
    for part in _stretches(arrays):
        yield reduce(*(array[part] for array in arrays))


def _stretches(arrays: list[np.ndarray]) -> Iterator[slice]:
    """The stretches of a block."""
    length = len(arrays[0])
    stretches = math.ceil(max(array.nbytes for array in arrays) / STRETCH_BYTES)
    step = max(1, length // max(1, stretches))
    for start in range(0, max(1, length), step):
        yield slice(start, start + step)


def windows(variable: xr.Variable, chunks: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Cut a lazy variable into windows of whole chunks, each at most as large as a block, or one chunk.

    Parameters
    ----------
    variable
        A Dask array's.
    chunks
        The shape of a chunk on disk. Where a block is no whole number of chunks, a window reaches into two.
    """
    spans = []
    for size, chunk, blocks in zip(variable.shape, chunks, variable.chunks or (), strict=True):
        step = chunk * max(1, max(blocks) // chunk)
        spans.append([slice(start, min(start + step, size)) for start in range(0, size, step)])
    yield from product(*spans)
