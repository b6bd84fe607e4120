"""Starts made in Python: drawn by keywords, given as arrays, taken from another flow."""

import numpy as np
import pytest

from pipeline import data_set, given_start, initialise, load_config, simulate, start, start_from, weights
from pipeline.inputs.errors import RequestError

DATA = data_set([-1.0, 0.5, 2.0], [1.0, -1.0, 0.5], bias=True)
W, A = np.array([[1.0, 0.5], [-0.3, 0.2]]), np.array([0.7, -0.4])


def test_a_start_by_keywords_is_that_of_a_configuration():
    config = load_config("orthogonal", {"init.width": 5, "init.seed": 3})
    assert start(DATA, width=5, seed=3).identical(initialise(DATA, config.init))


@pytest.mark.parametrize("a", [A, A[None, :], A[:, None], A.tolist()])
def test_given_weights_come_back(a):
    init = given_start(W, a)
    found = weights(simulate(DATA, init, sample_times=[0.0, 1.0]), 0.0)
    np.testing.assert_allclose(found.w, W, rtol=1e-14)
    np.testing.assert_allclose(found.a, A, rtol=1e-14)


def test_a_state_dict_is_a_start():
    layers = {"hidden.weight": W[:, :1], "hidden.bias": W[:, 1], "output.weight": A[None, :]}
    assert given_start(layers).identical(given_start(W, A))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((W,), "a is missing"),
        ((W, [1.0]), r"a has the shape \(1, 1\) for the 2 neurons of w"),
        (([[0.0, 0.0]], [1.0]), r"^w\[0\] is the zero vector"),
        (({"hidden.weight": W},), "w: it has the layers hidden"),
        (({"hidden.weight": W}, A), "a: nothing is allowed"),
    ],
)
def test_weights_that_are_no_start_are_refused(given, said):
    with pytest.raises(RequestError, match=said):
        given_start(*given)


@pytest.mark.parametrize(
    ("init", "said"),
    [
        (given_start([[1.0, 2.0, 3.0]], [1.0]), "init has neurons of 3 coordinates: allowed is 2"),
        ([1.0], "init is a list"),
        (simulate(DATA, given_start(W, A), sample_times=[0.0, 1.0]), "reluflow.start_from"),
    ],
)
def test_what_is_no_start_on_these_data_is_refused(init, said):
    with pytest.raises(RequestError, match=said):
        simulate(DATA, init)
    with pytest.raises(RequestError, match=r"data is a list.*reluflow.data_set"):
        simulate([1.0], init)


@pytest.mark.parametrize("log10_scale", [-2.0, -1000.0])
def test_going_on_from_the_middle_is_the_same_flow(log10_scale):
    """At any scale: the start is taken over as logarithms."""
    init = start(DATA, width=10, log10_scale=log10_scale, seed=2)
    whole = simulate(DATA, init, samples=40, tolerance=1e-8)
    middle = float(whole["time"][20])
    rest = whole["time"].values[20:]
    again = simulate(DATA, start_from(whole, middle), sample_times=rest - middle, tolerance=1e-8)
    assert np.abs(again["residual"].values - whole["residual"].values[20:]).max() < 4e-8  # twice the tolerance
    assert again["coord"].attrs == whole["coord"].attrs


@pytest.mark.parametrize("from_end", [True, False])
def test_a_flow_that_rests_has_one_sample_and_no_time_twice(from_end):
    """On from a converged end, or a network that is off everywhere: nothing moves."""
    init = given_start([[-1.0, -3.0]], [1.0])
    if from_end:
        first = simulate(DATA, start(DATA, width=6, log10_scale=-1), samples=20)
        assert first.attrs["status"] == "converged"
        init = start_from(first)
    rest = simulate(DATA, init)
    assert rest["time"].values.tolist() == [0.0]
    assert rest.attrs["status"] == ("converged" if from_end else "stationary")
    if from_end:
        np.testing.assert_allclose(rest["residual"].values[0], first["residual"].values[-1], atol=1e-12)
    asked = simulate(DATA, init, end_time=2.0, samples=5)
    np.testing.assert_allclose(asked["time"].values, np.linspace(0.0, 2.0, 5))
    assert (asked["residual"].values == asked["residual"].values[0]).all()


def test_a_flow_of_sizes_whose_squares_overflow_is_read_in_silence():
    data = data_set([[1e140, 0.0], [0.0, 1e140]], [1e140, -1e140])
    first = simulate(data, start(data, width=4, log10_scale=0, seed=1), samples=5)
    assert given_start(weights(first)).sizes == {"neuron": 4, "coord": 2}
