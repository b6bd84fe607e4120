"""Scales: what is rounding, what is the same everywhere, and colours that a few values do not take."""

import numpy as np
import pytest

from dashboards.cubes.scales import choose_scale, is_rounding, rounding_of

MINIMUM = {"minimal_half_squared_norm": np.array([1.34, np.nan])}


def test_the_limits_are_those_of_the_values():
    assert choose_scale(np.array([1e-20, 1e-3, 1.0, np.nan]), "number")["limits"] == (1e-16, 1.0)
    signed = choose_scale(np.array([-1.0, 1e-9]), "number")
    assert signed["limits"] == (1e-9, 1.0)
    assert signed["logarithmic"]
    assert signed["negative"]
    assert choose_scale(np.array([1.0, 24.0]), "number")["limits"] == (1.0, 24.0)
    assert choose_scale(np.array([np.nan]), "number")["limits"] == (0.0, 1.0)
    assert choose_scale(np.array([0.5, 0.7]), "share")["limits"] == (0.0, 1.0)


def test_a_difference_below_the_rounding_of_its_terms_is_no_signal():
    """The excess over the minimum norm falls to 1e-13, then it is noise of both signs."""
    excess = np.array([1e-2, 1e-4, 1e-6, 1e-8, -3e-13, 9e-13, 2e-15])
    rounding = rounding_of("final_excess", MINIMUM)
    assert rounding == pytest.approx(1.34e-11)
    scale = choose_scale(excess, "number", rounding)
    assert scale["limits"] == (1e-8, 1e-2)
    assert not scale["negative"]
    assert is_rounding(excess, scale["rounding"]).tolist() == [False] * 4 + [True] * 3


@pytest.mark.parametrize(
    "name, values",
    [("largest_cosine", [1.3e-17, 4e-17]), ("final_loss", [1e-26, 3e-25]), ("kinks", [2.0, 2.0])],
)
def test_a_quantity_that_is_the_same_up_to_rounding_is_constant(name, values):
    scale = choose_scale(np.array(values), "number", rounding_of(name, {}))
    assert scale["constant"]
    assert scale["limits"][0] < values[0] < scale["limits"][1]
    assert is_rounding(np.array(values), scale["rounding"]).all() == (name != "kinks")


def test_a_few_values_do_not_take_most_colours():
    """Of 100 values in a decade, two of 1e-16 would make the scale logarithmic over 16 decades, and it flat."""
    values = np.concatenate([np.linspace(0.5, 2.5, 98), [1e-16, 30.0]])
    scale = choose_scale(values, "number")
    assert not scale["logarithmic"]
    assert scale["limits"] == (1e-16, 30.0)
    low, high = scale["color_limits"]
    assert 0.5 <= low < 0.7
    assert 2.3 < high <= 2.5
    powers = np.concatenate([10.0 ** np.linspace(-4, 0, 98), [1e-15, 1.0]])
    assert choose_scale(powers, "number")["color_limits"][0] > 1e-5


def test_zero_on_a_logarithmic_scale_is_no_small_number():
    scale = choose_scale(np.array([0.0, 1e-6, 1e-2, 1.0]), "number")
    assert scale["limits"] == (1e-6, 1.0)
    assert is_rounding(np.array([0.0, 1e-6]), scale["rounding"]).tolist() == [True, False]
