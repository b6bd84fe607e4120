"""The frames are samples of the run: all of the window's motion, and some of its waiting."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from catalog.schema import decode
from pipeline.figures import frames
from pipeline.figures.frames import SHARE_OF_TIME, FrameStates, frame_samples
from pipeline.figures.network import state_at
from pipeline.figures.reading import shown_until


def _timed(time: np.ndarray) -> xr.DataTree:
    """A run of which only its times and its loss matter: the loss falls to the end."""
    loss = xr.DataArray(1.0 - np.arange(len(time)) / len(time), dims="time")
    never = {f"t{i}": xr.DataArray(np.nan) for i in (1, 2, 3)}
    growth = xr.DataArray([1.0], dims="coord")
    return xr.DataTree.from_dict(
        {
            "trajectory": xr.Dataset({"loss": loss}, {"time": time}),
            "phases": xr.Dataset(never),
            "data": xr.Dataset({"growth_positive": growth, "growth_negative": growth}),
        }
    )


@pytest.mark.parametrize("frames", [2, 3, 50, 119, 120])
@pytest.mark.parametrize("power", [0.05, 1, 30])
def test_as_many_as_wanted_each_once_in_order(frames, power):
    tree = _timed(np.linspace(0, 1, 120) ** power)
    chosen = frame_samples(tree, frames)
    assert len(chosen) == frames
    assert (np.diff(chosen) > 0).all()
    assert chosen[0] == 0
    assert chosen[-1] == 119


def test_a_run_of_few_samples_shows_them_all():
    np.testing.assert_array_equal(frame_samples(_timed(np.arange(5.0)), 120), np.arange(5))


def test_waiting_takes_its_share_and_no_more():
    """90 samples in the last tenth of the time, 10 before: frames by samples alone would be 1 to 9."""
    time = np.concatenate([np.linspace(0, 0.9, 310), np.linspace(0.9, 1, 690)[1:]])
    chosen = frame_samples(_timed(time), 100)
    waiting = (time[chosen] < 0.9).mean()
    assert waiting == pytest.approx((1 - SHARE_OF_TIME) * 0.31 + SHARE_OF_TIME * 0.9, abs=0.02)


def test_frames_end_where_the_figure_of_the_loss_does(long):
    time = long["trajectory"]["time"].values
    chosen = frame_samples(long, 40)
    assert time[chosen[-1]] <= shown_until(long) < time[chosen[-1] + 1] < time[-1]


@pytest.mark.parametrize("held", [0, frames.HELD])
def test_each_state_is_that_of_its_sample(orthogonal, held, monkeypatch):
    monkeypatch.setattr(frames, "HELD", held)
    samples = frame_samples(orthogonal, 7)
    role = decode(orthogonal["phases"].dataset["role"])
    states = FrameStates(orthogonal, samples, role)
    assert len(states) == 7
    for sample, state in zip(samples, states, strict=True):
        wanted = state_at(orthogonal, float(orthogonal["trajectory"]["time"][sample]), role)
        np.testing.assert_array_equal(state.direction, wanted.direction)
        np.testing.assert_array_equal(state.output, wanted.output)
    np.testing.assert_array_equal(states[-1].height, states[6].height)
    assert len(states[2:4]) == 2
    with pytest.raises(IndexError):
        states[7]
