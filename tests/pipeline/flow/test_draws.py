"""The starts of the literature: two scales, dominated, in pairs, uniform, on the sphere, as torch draws them."""

import numpy as np
import pytest

from pipeline import RequestError, data_set, initialise, load_config, predict, simulate, start

DATA = data_set([[-1.0, 0.2], [0.5, 1.0]], [1.0, -1.0], bias=True)


def made(**keys):
    init = start(DATA, **({"width": 400, "log10_scale": -1.0, "per_sqrt_width": False} | keys))
    norm = np.exp(init["log_norm"].values)
    return norm[:, None] * init["direction"].values, norm * init["output_ratio"].values


def test_the_output_weights_have_a_scale_of_their_own():
    (w, a), (same_w, other_a) = (made(start="unbalanced", log10_output_scale=scale) for scale in (-1.0, -3.0))
    np.testing.assert_array_equal(w, same_w)
    np.testing.assert_allclose(other_a, a / 100, rtol=1e-12)
    np.testing.assert_allclose(a, made(start="unbalanced")[1], rtol=1e-12)


def test_a_dominated_start_has_one_imbalance():
    w, a = made(start="dominated", log10_output_scale=-0.5)
    np.testing.assert_allclose(a**2 - (w**2).sum(axis=1), 0.1, rtol=1e-9)
    assert 150 < (a > 0).sum() < 250
    np.testing.assert_array_equal(w, made()[0])


@pytest.mark.parametrize("kind", ["balanced", "unbalanced", "dominated"])
def test_pairs_cancel_to_the_last_bit(kind):
    init = start(DATA, width=6, log10_scale=-1, start=kind, antisymmetric=True)
    trajectory = simulate(DATA, init, sample_times=[0.0, 0.1])
    x = np.random.default_rng(0).standard_normal((20, 2))
    assert np.abs(predict(trajectory, x, time=0.0).values).max() < 1e-17
    np.testing.assert_array_equal(init["direction"].values[:3], init["direction"].values[3:])


def test_distributions():
    w, _ = made(distribution="uniform")
    assert 0.095 < np.abs(w).max() <= 0.1
    assert w.var() == pytest.approx(0.01 / 3, rel=0.1)
    w, _ = made(distribution="sphere")
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 0.1, rtol=1e-12)


def test_torch_s_default():
    """Two inputs and a bias: +-1/sqrt(2) for both, +-1/sqrt(400) for the outputs."""
    w, a = made(start="torch", log10_scale=-6.0, per_sqrt_width=True)
    assert 0.69 < np.abs(w).max() <= np.sqrt(0.5)
    assert 0.049 < np.abs(a).max() <= 0.05


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"antisymmetric": True, "width": 3},
            "init.width = 3: an even number is allowed with antisymmetric = true",
        ),
        ({"log10_output_scale": -1}, "init.log10_output_scale = -1.0: allowed with start ="),
        ({"start": "torch", "log10_scale": -2}, "init.log10_scale = -2.0: allowed with start ="),
        (
            {"start": "dominated", "log10_scale": -300, "log10_output_scale": -1},
            "init.log10_output_scale: .a./.w. of",
        ),
        ({"start": "run"}, "init.from_run is missing"),
        ({"from_run": "orthogonal"}, "init.from_run = 'orthogonal': allowed with a run of a catalog only"),
    ],
)
def test_what_no_start_is(keys, said):
    with pytest.raises(RequestError, match=said):
        start(DATA, **keys)


def test_a_run_s_name_is_a_start_without_saying_so():
    assert load_config("orthogonal", {"init.from_run": "other"}).init.start == "run"
    with pytest.raises(RequestError):
        initialise(DATA, load_config("orthogonal", {"init.from_run": "other"}).init)
