"""The tangent kernel's eigenvalues along runs, against the trajectory's own account and a closed form."""

import numpy as np
import pytest

import pipeline.network.patterns
from pipeline import generate_data, initialise, load_config, simulate, tangent_kernel_spectrum


def followed(name, overrides=None, **options):
    config = load_config(name, overrides or {})
    data = generate_data(config.data)
    return data, simulate(data, initialise(data, config.init), slope=config.flow.slope, **options)


@pytest.mark.parametrize("name", ["orthonormal", "non-orthogonal", "leaky"])
def test_it_makes_of_the_loss_s_rate_what_the_gradient_makes(name):
    """<r, K r> and |grad L|^2 have nothing in common but the network; sliding neurons are among them."""
    data, trajectory = followed(name, samples=40, tolerance=1e-8)
    found = tangent_kernel_spectrum(data, trajectory)
    fitted = trajectory["loss"].values < 1e-20 * float(trajectory["loss"][0])
    rate, measured = found["loss_rate"].values[~fitted], found["measured_rate"].values[~fitted]
    assert (~fitted).sum() > 20
    assert np.allclose(rate, measured, rtol=1e-5, atol=1e-12 * measured.max())
    largest, smallest = (2 * found["eigenvalue"].values[~fitted, k] for k in (0, -1))
    assert (rate <= largest * (1 + 1e-9) + 1e-15).all()
    assert (rate >= smallest * (1 - 1e-9) - 1e-15).all()


def test_at_the_paper_s_end_it_is_two_neurons():
    """Each point is fitted by neurons along it: K_kk = |x_k|^2 sum a^2 + sum <w, x_k>^2 = 2 |x_k||y_k|."""
    data, trajectory = followed("orthogonal", {"init.log10_scale": -100}, samples=2)
    length = np.linalg.norm(data["x"].values, axis=1)
    expected = np.sort(2 * length * np.abs(data["y"].values) / 2)[::-1]
    assert np.allclose(tangent_kernel_spectrum(data, trajectory)["eigenvalue"][-1], expected, rtol=1e-9)


def test_of_some_samples_alone():
    data, trajectory = followed("orthogonal", samples=30)
    assert tangent_kernel_spectrum(data, trajectory, samples=5).sizes == {"time": 5, "point": 2}


def test_what_is_slid_along_is_found_once_for_all_samples(monkeypatch):
    """Samples differ in the patterns of a few neurons; the others' spans were found anew for each, by SVD."""
    found = []
    monkeypatch.setattr(pipeline.network.patterns, "span_of", lambda held: found.append(held) or span_of(held))
    data, trajectory = followed("non-orthogonal", samples=30)
    found.clear()
    tangent_kernel_spectrum(data, trajectory)
    assert 1 < len(found) == len({held.tobytes() for held in found})


span_of = pipeline.network.patterns.span_of
