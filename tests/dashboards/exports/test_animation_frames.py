import numpy as np
import pytest

from dashboards.exports import animation_frames as reels
from dashboards.exports.animation_frames import reel_of
from pipeline import load_config, run


def test_the_frames_are_the_run(tree):
    reel = reel_of(tree)
    trajectory = tree["trajectory"].dataset
    assert reel.samples[0] == 0
    assert np.all(np.diff(reel.samples) > 0)
    assert reel.function.shape == (len(reel.samples), len(reel.position))
    # At the data h(x_k) = y_k - r_k: the function meets what the run says of its residual.
    at = np.searchsorted(reel.position, reel.data)
    expected = tree["data"].dataset["y"].values - trajectory["residual"].values[reel.samples]
    assert np.allclose(reel.function[:, at], expected, atol=1e-6)
    norm = np.exp(trajectory["log_norm"].isel(time=reel.samples).values)
    assert np.allclose(np.abs(reel.up), norm, atol=1e-6)
    assert np.all((reel.across >= reel.position[0]) & (reel.across <= reel.position[-1]))


def test_the_minimum_goes_through_the_data(tree):
    reel = reel_of(tree)
    at = np.searchsorted(reel.position, reel.data)
    assert np.allclose(reel.minimum[at], tree["data"].dataset["y"], atol=1e-6)


def test_more_inputs_are_seen_by_their_cosines(small_catalog):
    (name,) = (name for name in small_catalog if name.startswith("orthonormal"))
    reel = reel_of(small_catalog[name])
    assert reel.function is reel.minimum is reel.position is None
    # Unit vectors: two cosines with orthogonal targets are in the unit disc; S_{+,1} ends at (1, 0).
    assert np.all(reel.across**2 + reel.up**2 <= 1 + 1e-5)
    positive = np.array(reel.role) == "positive"
    assert positive.any()
    assert np.allclose(reel.across[-1, positive], 1, atol=0.02)


def test_one_frame_at_a_time_gives_the_same(tree, monkeypatch):
    whole = reel_of(tree)
    monkeypatch.setattr(reels, "HELD", 0)
    assert np.array_equal(reel_of(tree).function, whole.function)


@pytest.mark.parametrize("width", [500])
def test_many_neurons_and_samples_are_thinned(width):
    tree = run(load_config("orthogonal", {"init.width": width, "flow.samples": 300}))
    reel = reel_of(tree)
    assert len(reel.samples) == reels.FRAMES
    assert len(np.unique(reel.neurons)) == reels.NEURONS
    largest = tree["trajectory"].dataset["log_norm"].values[-1].argmax()
    assert largest in reel.neurons
