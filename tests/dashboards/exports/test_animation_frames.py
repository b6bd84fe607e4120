import numpy as np
import pytest

from dashboards.exports import animation_frames
from dashboards.exports.animation_frames import read_frames
from pipeline import load_config, run


def test_the_frames_are_the_run(tree):
    animation = read_frames(tree)
    trajectory = tree["trajectory"].dataset
    assert animation.samples[0] == 0
    assert np.all(np.diff(animation.samples) > 0)
    assert animation.function.shape == (len(animation.samples), len(animation.position))
    # At the data h(x_k) = y_k - r_k: the function meets what the run says of its residual.
    at = np.searchsorted(animation.position, animation.data)
    expected = tree["data"].dataset["y"].values - trajectory["residual"].values[animation.samples]
    assert np.allclose(animation.function[:, at], expected, atol=1e-6)
    norm = np.exp(trajectory["log_norm"].isel(time=animation.samples).values)
    assert np.allclose(np.abs(animation.up), norm, atol=1e-6)
    assert np.all((animation.across >= animation.position[0]) & (animation.across <= animation.position[-1]))


def test_the_minimum_goes_through_the_data(tree):
    animation = read_frames(tree)
    at = np.searchsorted(animation.position, animation.data)
    assert np.allclose(animation.minimum[at], tree["data"].dataset["y"], atol=1e-6)


def test_more_inputs_are_seen_by_their_cosines(small_catalog):
    (name,) = (name for name in small_catalog if name.startswith("orthonormal"))
    animation = read_frames(small_catalog[name])
    assert animation.function is animation.minimum is animation.position is None
    # Unit vectors: two cosines with orthogonal targets are in the unit disc; S_{+,1} ends at (1, 0).
    assert np.all(animation.across**2 + animation.up**2 <= 1 + 1e-5)
    positive = np.array(animation.role) == "positive"
    assert positive.any()
    assert np.allclose(animation.across[-1, positive], 1, atol=0.02)


def test_one_frame_at_a_time_gives_the_same(tree, monkeypatch):
    whole = read_frames(tree)
    monkeypatch.setattr(animation_frames, "HELD", 0)
    assert np.array_equal(read_frames(tree).function, whole.function)


@pytest.mark.parametrize("width", [500])
def test_many_neurons_and_samples_are_thinned(width):
    tree = run(load_config("orthogonal", {"init.width": width, "flow.samples": 300}))
    animation = read_frames(tree)
    assert len(animation.samples) == animation_frames.FRAMES
    assert len(np.unique(animation.neurons)) == animation_frames.NEURONS
    largest = tree["trajectory"].dataset["log_norm"].values[-1].argmax()
    assert largest in animation.neurons
