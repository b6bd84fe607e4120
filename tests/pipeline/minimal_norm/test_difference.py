"""Distances of networks as functions, against sums, closed forms and a linear program."""

from itertools import combinations

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.optimize import linprog

from pipeline.minimal_norm.difference import (
    MOST_AXES,
    MOST_SEGMENTS,
    _pairs,
    axes,
    difference,
    largest_between,
    merged_distance,
    variation_norm,
)


def network(m, d, seed):
    generator = np.random.default_rng(seed)
    return generator.standard_normal((m, d)), generator.standard_normal(m)


def values(weight, output, points, slope):
    z = points @ weight.T
    return np.where(z > 0, z, slope * z) @ output


def by_linear_program(weight, output, extra, slope):
    """The least sum |c| over neurons along the axes and ``extra``: no smaller than the norm.

    In the plane; the functions are the same if they are on every ray with a kink and on one in between.
    """
    unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    unit = np.concatenate([unit, -unit, extra, -extra])
    kinks = np.unique(np.arctan2(unit[:, 0], -unit[:, 1]))
    angles = np.concatenate([kinks, (kinks + np.append(kinks[1:], kinks[0] + 2 * np.pi)) / 2])
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    z = points @ unit.T
    columns = np.where(z > 0, z, slope * z)
    found = linprog(
        np.ones(2 * len(unit)), A_eq=np.hstack([columns, -columns]), b_eq=values(weight, output, points, slope)
    )
    assert found.status == 0
    return found.fun


@settings(max_examples=amount(6, 15))
@given(seed=st.integers(0, 10**6), m=st.integers(1, 5), slope=st.sampled_from([0.0, 0.3, -0.5]))
def test_the_variation_norm_is_that_of_the_best_network_of_the_same_function(seed, m, slope):
    """In the plane; among the extra directions is the one that the linear part lacks, up to their spacing."""
    weight, output = network(m, 2, seed)
    angles = np.linspace(0.0, np.pi, 61)
    extra = np.column_stack([np.cos(angles), np.sin(angles)])
    norm = variation_norm(weight, output)
    witness = by_linear_program(weight, output, extra, slope)
    assert norm <= witness * (1 + 1e-9)
    assert norm >= witness * (1 - 2e-3)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), m=st.integers(1, 8), d=st.integers(1, 4))
def test_the_variation_norm_is_a_norm_of_the_function(seed, m, d):
    weight, output = network(m, d, seed)
    other, other_output = network(m, d, seed + 1)
    norm, second = variation_norm(weight, output), variation_norm(other, other_output)
    assert norm <= np.abs(output) @ np.linalg.norm(weight, axis=1) * (1 + 1e-12)
    assert variation_norm(3.0 * weight, -output) == pytest.approx(3.0 * norm)
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]
    assert variation_norm(weight @ rotation, output) == pytest.approx(norm)
    halves = np.concatenate([0.5 * weight, weight]), np.concatenate([output, 0.5 * output])
    assert variation_norm(*halves) == pytest.approx(norm)
    together = np.concatenate([weight, other]), np.concatenate([output, other_output])
    assert variation_norm(*together) <= (norm + second) * (1 + 1e-9)
    assert variation_norm(*difference(weight, output, weight, output)) == pytest.approx(0.0, abs=1e-12)


def test_known_functions():
    one = np.array([[1.0], [-1.0]])
    assert variation_norm(one, np.array([1.0, -1.0])) == pytest.approx(2.0)  # x
    assert variation_norm(one, np.array([1.0, 1.0])) == pytest.approx(2.0)  # |x|
    assert variation_norm(one, np.array([1.0, 0.0])) == pytest.approx(1.0)  # relu(x)
    assert variation_norm(np.empty((0, 3)), np.empty(0)) == 0.0
    # relu(x1) + relu(x2) + x3: the linear part is out of the axes' reach and costs its own 2 |(1/2) e_3| ... 2.
    weight = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, -1.0]])
    assert variation_norm(weight, np.array([1.0, 1.0, 1.0, -1.0])) == pytest.approx(4.0)


def test_axes_a_hair_apart_are_one_only_if_asked():
    weight, output = np.array([[1.0, 0.0], [1.0, 1e-5]]), np.array([1.0, -1.0])
    assert variation_norm(weight, output) == pytest.approx(2.0, rel=1e-4)
    assert variation_norm(weight, output, within=1e-4) < 3e-5


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), slope=st.sampled_from([0.0, 0.2]))
def test_the_largest_value_on_a_line_s_hull_is_found_between_its_kinks(seed, slope):
    weight, output = network(6, 2, seed)
    x = np.column_stack([np.random.default_rng(seed).uniform(-2, 2, 4), np.ones(4)])
    grid = np.column_stack([np.linspace(x[:, 0].min(), x[:, 0].max(), 20001), np.ones(20001)])
    brute = np.abs(values(weight, output, grid, slope)).max()
    found = largest_between(x, weight, output, slope)
    assert brute <= found * (1 + 1e-12)
    assert found <= brute + 1e-3 * np.abs(output) @ np.linalg.norm(weight, axis=1)


def test_merged_neurons_are_as_far_from_the_minimum_as_their_sums():
    """Two halves of a neuron are no distance away; turned by an angle, both its w and its a are."""
    target, sign = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1, -1])
    split = np.array([[1.2, 0.0], [1.6, 0.0], [0.0, 1.0]]), np.array([1.2, 1.6, -1.0])
    assert merged_distance(*split, target, sign) == pytest.approx(0.0, abs=1e-7)
    turned = np.array([[2 * np.cos(0.1), 2 * np.sin(0.1)], [0.0, 1.0]]), np.array([2.0, -1.0])
    assert merged_distance(*turned, target, sign) == pytest.approx(np.sqrt(2) * 4 * np.sin(0.05))


def test_what_has_no_partner_is_its_own_size_away():
    target, sign = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1, -1])
    assert merged_distance(target[:1], np.array([2.0]), target, sign) == pytest.approx(np.sqrt(2))
    assert merged_distance(target, np.array([2.0, -1.0]), target[:1], sign[:1]) == pytest.approx(np.sqrt(2))
    assert merged_distance(-target[:1], np.array([2.0]), target[:1], sign[:1]) == pytest.approx(4.0)
    oblique = np.array([[1.0, 1.0], [1.0, -1.0]]) / 2**0.25, np.full(2, 2**0.25)  # the same sum, not collinear
    assert merged_distance(*oblique, target[:1], sign[:1]) > 1.0
    nothing = np.empty((0, 2)), np.empty(0)
    assert merged_distance(*nothing, target, sign) == pytest.approx(np.sqrt(10))
    assert merged_distance(*nothing, *nothing) == 0.0


def test_a_million_neurons_along_two_axes_are_as_quick_as_two():
    """And a norm along too many axes is not guessed at."""
    generator = np.random.default_rng(0)
    side = generator.integers(0, 2, 100_000)
    weight = np.array([[1.0, 0.0], [0.6, 0.8]])[side] * generator.uniform(0.1, 1.0, (100_000, 1))
    output = generator.standard_normal(100_000)
    merged = np.bincount(side, output * np.linalg.norm(weight, axis=1))
    assert variation_norm(weight, output) == pytest.approx(np.abs(merged).sum())
    assert np.isnan(variation_norm(generator.standard_normal((600, 2)), np.ones(600)))


@settings(max_examples=40)
@given(
    m=st.integers(0, 60),
    d=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    within=st.sampled_from([1e-9, 0.05, 0.5]),
)
def test_each_neuron_joins_the_first_axis_that_is_near(m, d, seed, within):
    generator = np.random.default_rng(seed)
    weight = generator.standard_normal((max(m // 3, 1), d))[generator.integers(0, max(m // 3, 1), m)]
    weight = weight * generator.choice([-2.0, 0.5], (m, 1)) + 1e-11 * generator.standard_normal((m, d))
    unit, number = axes(weight, within)
    known = []
    for row, found in zip(weight / np.linalg.norm(weight, axis=1, keepdims=True), number, strict=True):
        near = [i for i, axis in enumerate(known) if min(norm_of(row - axis), norm_of(row + axis)) <= within]
        if not near:
            near = [len(known)]
            known.append(row)
        assert found == near[0]
    assert unit == pytest.approx(np.array(known).reshape(-1, d))


def norm_of(vector):
    return np.linalg.norm(vector)


@pytest.mark.parametrize("neurons", [MOST_AXES + 1, 100_000])
def test_of_too_many_axes_somebody_has_none(neurons):
    unit, number = axes(np.random.default_rng(0).standard_normal((neurons, 4)), 1e-3)
    assert (number < 0).any()
    assert len(unit) <= MOST_AXES


@pytest.mark.parametrize("n", [1, 2, 5, 64, 200])
def test_segments_are_pairs_in_order_or_the_same_few_of_them(n):
    pairs = np.array(list(combinations(range(n), 2)), dtype=int).reshape(-1, 2)
    if len(pairs) > MOST_SEGMENTS:
        pairs = pairs[np.random.default_rng(0).choice(len(pairs), MOST_SEGMENTS, replace=False)]
    assert_array_equal(_pairs(n), pairs)
