"""The step's polynomial against SciPy's Bernstein polynomials, quadrature and roots."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import Polynomial
from scipy.interpolate import CubicHermiteSpline
from twins import bernstein_form, power_form, weighted
from witness import callable_kernel

from pipeline.flow.exact.propagation import bernstein
from pipeline.flow.exact.propagation.bernstein import SIZE

restrict = callable_kernel(bernstein.restrict)
first_below = callable_kernel(bernstein.first_below)
value, slope_at, write_cubic, moments = (
    function.py_func
    for function in (bernstein.value, bernstein.slope_at, bernstein.write_cubic, bernstein.moments)
)

numbers = st.floats(-2, 2, allow_subnormal=False)
curves = arrays(float, (SIZE, 2), elements=numbers)
fractions = st.floats(0, 1, allow_subnormal=False)


@given(b=curves, s=fractions)
def test_the_value_is_that_of_the_bernstein_polynomial(b, s):
    assert [value(b, k, s) for k in range(2)] == pytest.approx(bernstein_form(b)(s), abs=1e-14)


@given(b=curves, s=fractions, step=st.floats(0.1, 10))
def test_the_slope_is_its_derivative_in_time(b, s, step):
    expected = bernstein_form(b).derivative()(s) / step
    assert [slope_at(b, k, s, step) for k in range(2)] == pytest.approx(expected, abs=1e-12 / min(step, 1.0))


@given(ends=arrays(float, 4, elements=numbers), step=st.floats(0.1, 10))
def test_the_cubic_has_the_values_and_slopes_it_was_given(ends, step):
    r0, d0, r1, d1 = ends
    b = np.full((SIZE, 2), 7.0)
    write_cubic(b, 1, (r0, d0), (r1, d1), step)
    t = np.linspace(0.0, step, 9)
    expected = CubicHermiteSpline([0.0, step], [r0, r1], [d0, d1])(t)
    assert bernstein_form(b)(t / step)[:, 1] == pytest.approx(expected, abs=1e-13)
    assert (b[:, 0] == 7.0).all()


@given(b=curves, ends=st.tuples(fractions, fractions))
def test_a_part_is_the_same_polynomial(b, ends):
    low, high = sorted(ends)
    assume(high - low > 1e-6)
    part = np.empty_like(b)
    restrict(b, low, high, part)
    s = np.linspace(0.0, 1.0, 7)
    assert bernstein_form(part)(s) == pytest.approx(bernstein_form(b)(low + s * (high - low)), abs=1e-12)


@given(b=curves)
def test_the_moments_are_integrals(b):
    """exp(a_1/2 + 2 a_2) exp(a_1/2 - 2 a_2): the mean and the first moment about the middle."""
    mean, moment = (weighted(bernstein_form(b), weight) for weight in (Polynomial([1.0]), Polynomial([-0.5, 1.0])))
    for k in range(2):
        expected = 0.5 * mean[k] - 2.0 * moment[k], 0.5 * mean[k] + 2.0 * moment[k]
        assert moments(b, k) == pytest.approx(expected, abs=1e-14)


@given(b=curves, level=st.floats(-1, 1))
def test_the_first_fraction_below_a_level_is_its_first_root(b, level):
    found = first_below(b, 1, level)
    polynomial = power_form(b[:, 1]) - level
    s = np.linspace(0.0, 1.0, 2001)
    below = np.flatnonzero(polynomial(s) < -1e-11)
    if found == np.inf:
        assert below.size == 0
        return
    assert abs(polynomial(found)) <= 1e-9 or (found == 0.0 and b[0, 1] < level)
    assert not (s[below] < found).any()  # and none before it


def test_a_level_that_is_just_touched_is_found_and_one_just_missed_is_not():
    b = np.array([[1.0, 0.5, 0.15, 0.15, 0.5, 1.0]]).T
    least = value(b, 0, 0.5)
    assert first_below(b, 0, least - 1e-13) == np.inf
    assert first_below(b, 0, least + 1e-13) == pytest.approx(0.5, abs=1e-6)
