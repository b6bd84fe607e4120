"""A network as a function of one number, against its own sum over neurons."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from pipeline.network.activation import Activation
from pipeline.network.one_input import OneInput, kinks, piecewise_linear, positions, window

SLOPES = [0.0, 0.1, 1.0, 2.5, -0.5]


@given(seed=st.integers(0, 10_000), width=st.integers(0, 40), negative=st.sampled_from(SLOPES))
def test_running_sums_equal_the_sum_over_neurons(seed, width, negative):
    random = np.random.default_rng(seed)
    position = np.unique(random.integers(-3, 4, 15).astype(float))
    # Small integers: slopes and offsets that vanish, and kinks exactly on a position.
    slope, offset, output = random.integers(-2, 3, (3, width)).astype(float)
    before = np.outer(position, slope) + offset
    expected = np.where(before > 0, before, negative * before) @ output
    found = piecewise_linear(slope, offset, output, position, Activation(negative))
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_which_columns_are_the_input_and_the_bias():
    def labelled(names, x):
        data = xr.Dataset({"x": (("point", "coord"), np.asarray(x, dtype=float))}, {"coord": np.arange(len(x[0]))})
        data["coord"].attrs["labels"] = names
        one = OneInput.of(data, Activation())
        return None if one is None else (one.column, one.bias_column)

    assert labelled("x bias", [[1, 1], [2, 1]]) == (0, 1)
    assert labelled("bias x", [[1, 1], [1, 2]]) == (1, 0)
    assert labelled("x", [[1], [2]]) == (0, None)
    assert labelled("x bias", [[1, 1], [2, 3]]) is None
    assert labelled("x1 x2", [[1, 1], [2, 1]]) is None


def test_a_neuron_without_a_kink_has_it_at_infinity():
    with np.errstate(all="raise"):
        found = kinks(np.array([2.0, 0.0, 0.0, -1e-310]), np.array([1.0, 1.0, 0.0, -1.0]))
    assert found.tolist() == [-0.5, np.inf, np.inf, -np.inf]


@pytest.mark.parametrize(("bias", "expected"), [(3.0, (-0.2, 4.2)), (None, (-1.8, 4.8))])
def test_the_window_shows_the_data_and_all_kinks_that_are_at_0(bias, expected):
    x = np.array([[1.0], [3.0]]) if bias is None else np.array([[1.0, bias], [3.0, bias]])
    data = xr.Dataset({"x": (("point", "coord"), x)}, {"coord": np.arange(x.shape[1])})
    data["coord"].attrs["labels"] = "x" if bias is None else "x bias"
    one = OneInput.of(data, Activation())
    assert one is not None
    assert window([one]) == pytest.approx(expected)
    found = positions([one], 5)
    assert {1.0, 3.0, *([0.0] if bias is None else [])} <= set(found.tolist())
    w, a = np.array([[2.0] if bias is None else [2.0, -1.0]]), np.array([0.5])
    before = w[0, 0] * found + (0.0 if bias is None else w[0, 1] * bias)
    np.testing.assert_allclose(one.values(w, a, found), 0.5 * np.maximum(before, 0.0), atol=1e-12)
