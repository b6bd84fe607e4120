"""Which samples of a run are the frames of its animation, and the network at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from pipeline.figures.network import READ, Indices, Names, State, read_state
from pipeline.figures.reading import Run, group_of, shown_until, values

FRAMES = 120
"""Frames of an animation, unless the run has fewer samples in its window of time."""

SHARE_OF_TIME = 0.3
"""How much of the animation passes as t does; the rest passes with the samples.

Samples lie where the network moves, so by them alone a plateau of half the run would last a few frames, and
nobody would see that it waits. By time alone an escape from a saddle would be two frames of 120.
"""

HELD = 2**28
"""Bytes; a larger choice of samples is read from the store frame by frame."""


def frame_samples(tree: Run, frames: int = FRAMES) -> Indices:
    """Choose the samples that become frames: the first, the last within the loss figure's axis, and between.

    Parameters
    ----------
    tree
        A run.
    frames
        How many are wanted; fewer come if there are fewer samples.

    Returns
    -------
    array of int (frame)
        Increasing.
    """
    time, end = values(tree, "trajectory", "time"), shown_until(tree)
    last = max(int(np.searchsorted(time, end, side="right")) - 1, 0)
    if frames > last:
        return np.arange(last + 1)
    progress = np.linspace(0, 1 - SHARE_OF_TIME, last + 1) + SHARE_OF_TIME * (time[: last + 1] / time[last])
    nearest = np.searchsorted(progress, np.linspace(0, 1, frames) * progress[-1])
    # Where two frames fall on one sample the later moves on; the last ones, having nowhere to go, move back.
    later = np.maximum.accumulate(np.minimum(nearest, last) - np.arange(frames)) + np.arange(frames)
    return np.asarray(np.minimum(later, last - np.arange(frames)[::-1]), dtype=np.intp)


class FrameStates(Sequence[State]):
    """The states of a run at some of its samples, read together if they are small, else one by one.

    Parameters
    ----------
    tree
        A run.
    samples
        From :func:`frame_samples`.
    role
        The role of each neuron, by name.
    """

    def __init__(self, tree: Run, samples: Indices, role: Names) -> None:
        chosen = group_of(tree, "trajectory")[READ].isel(time=samples)
        self._trajectory = chosen.load() if chosen.nbytes <= HELD else chosen
        self._role = role

    def __len__(self) -> int:
        return self._trajectory.sizes["time"]

    @overload
    def __getitem__(self, index: int) -> State: ...

    @overload
    def __getitem__(self, index: slice) -> list[State]: ...

    def __getitem__(self, index: int | slice) -> State | list[State]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return read_state(self._trajectory, index % len(self), self._role)
