"""The closed form against the matrix exponential, at sizes where that still is a number and beyond."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.linalg import expm
from twins import generator_matrix
from witness import callable_kernel

from pipeline.flow.exact.propagation import boost

boost_rows = callable_kernel(boost.boost_rows)
boost_neuron = callable_kernel(boost.boost_neuron)

numbers = st.floats(-3, 3).map(lambda number: 0.0 if abs(number) < 1e-9 else number)
vectors = st.lists(numbers, min_size=3, max_size=3).map(np.array)


def boosted_row(z, impulse):
    """One of the rows of group 1, by the second of its two boosts."""
    rows, logs = np.array([[9.0] * len(z), z], dtype=float), np.zeros(2)
    impulses = np.zeros((2, 2, len(impulse)))
    impulses[1, 1] = impulse
    boost_rows((rows, logs), (1, 2), impulses, 1, 1)
    assert (rows[0] == 9.0).all()
    assert logs[0] == 0.0
    return rows[1], logs[1]


def imbalance(z):
    """c = a^2 - |w|^2 of a neuron (w, a), rounded in one way only."""
    return z[-1] ** 2 - np.sum(np.square(z[:-1]))


def boosted(z, impulse):
    """One neuron (w, a), its c added."""
    z = np.append(z, imbalance(z)).astype(float)
    log = boost_neuron(z, np.asarray(impulse, dtype=float))
    return z, log


@given(w=vectors, a=numbers, impulse=vectors)
def test_a_boost_is_the_matrix_exponential(w, a, impulse):
    z = np.append(w, a)
    exact = expm(generator_matrix(impulse)) @ z
    row, log = boosted_row(z, impulse)
    assert row * np.exp(log) == pytest.approx(exact, rel=1e-11, abs=1e-11)
    neuron, log = boosted(z, impulse)
    # The smaller light-cone coordinate follows from c: a quotient of what rounding has left of both.
    assert neuron[:4] * np.exp(log) == pytest.approx(exact, rel=1e-11, abs=1e-7 * np.abs(z).max())


@given(w=vectors, a=numbers, impulse=vectors)
@example(w=np.array([0.0, 0.04, 1.6749022127304123]), a=1.67578125, impulse=np.zeros(3))
def test_lemma_1_a_squared_minus_w_squared_is_kept(w, a, impulse):
    z = np.append(w, a)
    neuron, log = boosted(z, impulse)
    assert neuron[4] * np.exp(2 * log) == pytest.approx(imbalance(z), rel=1e-13, abs=1e-300)
    unit = max(neuron[:4] @ neuron[:4], 1e-300)
    assert (neuron[3] ** 2 - neuron[:3] @ neuron[:3] - neuron[4]) / unit == pytest.approx(0.0, abs=1e-13)


@given(w=vectors, sign=st.sampled_from([-1.0, 1.0]), impulse=vectors)
def test_a_balanced_neuron_stays_balanced_and_keeps_the_sign_of_a(w, sign, impulse):
    z = np.append(w, sign * np.linalg.norm(w))
    neuron = np.append(z, 0.0)
    boost_neuron(neuron, impulse)
    assert neuron[4] == 0.0
    assert abs(neuron[3]) == pytest.approx(np.linalg.norm(neuron[:3]), rel=1e-13)
    assert neuron[3] * sign >= 0.0


def test_a_boost_of_three_hundred_e_folds_neither_overflows_nor_loses_the_direction():
    for row, log in (boosted_row([0.6, 0.8, 1.0], [300.0, 0.0]), boosted([0.6, 0.8, 1.0], [300.0, 0.0])):
        assert log == 300.0
        # (p + a)/2 e^300 along D, for w and a alike
        assert row[:3] == pytest.approx([0.8, 0.0, 0.8], abs=1e-15)


@pytest.mark.parametrize("impulse", [[40.0, 0.0], [0.7, 0.0], [299.0, 0.0], [3e-9, 0.0]])
@pytest.mark.parametrize("turn", [0.0, 0.3, 2.0])
def test_a_neuron_that_can_only_shrink_does_so_for_thousands_of_e_folds(impulse, turn):
    """w against a D: |w| = |a| = exp(-delta t), in any direction of the axes, and a never turns."""
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    direction, impulse = rotation @ [-1.0, 0.0], rotation @ impulse
    z, log = np.array([*direction, np.linalg.norm(direction), 0.0]), 0.0
    times = int(5000.0 / np.linalg.norm(impulse)) if np.linalg.norm(impulse) > 0.1 else 100
    for _ in range(times):
        log += boost_neuron(z, impulse)
    assert z[2] > 0.0
    assert np.linalg.norm(z[:2]) == pytest.approx(z[2], rel=1e-13)
    assert np.log(z[2]) + log == pytest.approx(-times * np.linalg.norm(impulse), rel=1e-12, abs=1e-12)
    assert z[:2] / z[2] == pytest.approx(direction, abs=1e-13)


@pytest.mark.parametrize("angle", [1e-3, 1e-6, 1e-10])
def test_a_neuron_that_all_but_shrinks_turns_round_when_the_closed_form_says(angle):
    """Balanced, at a small angle to -D: p + a = 2 sin^2(angle/2) grows, p - a falls, and w turns to D."""
    z = np.array([-np.cos(angle), np.sin(angle), 1.0, 0.0])
    growing, shrinking = np.sin(0.5 * angle) ** 2, -(np.cos(0.5 * angle) ** 2)
    log, t = 0.0, 0.0
    for impulse in (1.0, 3.0, 10.0, 30.0):
        log += boost_neuron(z, np.array([impulse, 0.0]))
        t += impulse
        exact = [growing * np.exp(t) + shrinking * np.exp(-t), growing * np.exp(t) - shrinking * np.exp(-t)]
        assert z[[0, 2]] * np.exp(log) == pytest.approx(exact, rel=1e-12 + 1e-15 / angle**2)


@pytest.mark.parametrize(("a", "turns"), [(1.5, False), (0.4, True)])
def test_an_unbalanced_neuron_against_the_closed_form(a, turns):
    """For |a| < |w| the sign of a may change, for |a| > |w| that of <w, D>."""
    z0 = np.array([-1.0, 0.1, a])
    z = np.append(z0, a**2 - 1.01)
    log = 0.0
    for _ in range(5):
        log += boost_neuron(z, np.array([0.2, 0.0]))
    exact = expm(generator_matrix(np.array([1.0, 0.0]))) @ z0
    assert z[:3] * np.exp(log) == pytest.approx(exact, rel=1e-13)
    assert (z[2] < 0.0) == turns
    assert (z[0] < 0.0) == turns


def test_a_small_a_across_a_large_w_keeps_its_digits():
    """c = a^2 - |w|^2 and |w - p u|^2 cancel there: from them a would be known to 1e-4 of itself."""
    z0 = np.array([-3e-7, 0.9, 0.5, 1e-6])
    z, log = boosted(z0, [0.3, 0.0, 0.0])
    exact = expm(generator_matrix(np.array([0.3, 0.0, 0.0]))) @ z0
    assert z[[0, 3]] * np.exp(log) == pytest.approx(exact[[0, 3]], rel=1e-12)


def test_no_push_changes_nothing():
    for found, log in (boosted_row([0.3, -0.2, 0.7], [0.0, 0.0]), boosted([0.3, -0.2, 0.7], [0.0, 0.0])):
        assert log == 0.0
        assert found[:3].tolist() == [0.3, -0.2, 0.7]
