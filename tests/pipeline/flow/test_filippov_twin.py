"""The twin that the solver is held to is held to closed forms, to gradient descent and to its definition."""

from itertools import product

import numpy as np
import pytest
from balanced_descent import descend
from filippov_check import violations
from filippov_modes import admissible, flat_margin, hull_margin, regions, sides_of, steady
from filippov_twin import follow
from flow_problems import drawn

GRID = [[-1, 0, 1], [0, 0, 1], [1, 0, 1], [0.1, -1.6, 1], [-1, 0.2, 1]]


def balanced(x, y, w, sign, end_time, slope=0.0):
    return follow(x, y, w, np.linalg.norm(w, axis=1) * sign, end_time, slope=slope)


def loss(found, time):
    return float(np.mean(found.residual(np.array([time]))[0] ** 2) / 2)


def holds_filippov_s_conditions(found, end_time):
    return violations(found, np.random.default_rng(0).uniform(0, end_time, 25)) == []


def test_one_neuron_on_one_point_is_logistic():
    """u = a w obeys u' = 2 u (1 - u) from a balanced start."""
    times = np.linspace(0, 10, 41)
    found = balanced([[1.0]], [1.0], [[0.01]], [1], 10.0)
    u = 1 / (1 + (1 / 1e-4 - 1) * np.exp(-2 * times))
    assert found.residual(times)[:, 0] == pytest.approx(1 - u, abs=1e-9)


@pytest.mark.parametrize("place", [0.0, 3e-3])
def test_a_neuron_that_slides_from_its_start_or_later_is_logistic(place):
    """docs/mathematics.md: x_1 = (1, 0) holds the neuron on its boundary, and x_2 makes it grow there."""
    times = np.linspace(0, 40, 41)
    found = balanced([[1, 0], [0.6, 0.8]], [-1, 1], [[place, 0.01]], [1], 40.0)
    after = times >= (found.events[0][0] if found.events else 0.0)
    at = found.residual(times)[:, 1]
    first = 1 - at[np.flatnonzero(after)[0]]
    u = 1.25 / (1 + (1 / first - 1) * np.exp(-0.8 * (times - times[np.flatnonzero(after)[0]])))
    assert at[after] == pytest.approx(1 - 0.8 * u[after], abs=1e-8)
    assert len(found.events) == (place > 0)
    assert holds_filippov_s_conditions(found, 40.0)


def test_a_neuron_that_meets_a_corner_of_three_dependent_boundaries():
    """Any grid in the plane with a bias has them: three points on a line share their corner."""
    found = balanced(GRID, [-0.3, 2, 1.2, -0.4, -1.2], [[0, -0.1, -0.1]], [-1], 60.0)
    assert loss(found, 60.0) == pytest.approx(0.589693, abs=1e-6)
    assert (found.segments[-1].side[0] == 0).any()
    assert holds_filippov_s_conditions(found, 20.0)


@pytest.mark.parametrize(
    ("x", "y", "w", "a", "slope", "end_time", "right"),
    [
        ([[1, 0, 0], [-0.5, 1, 0], [0.3, -1, 0]], [-3, -1, 1], [[0.1, 0.5, 0.5]], [1], 0.0, 60.0, 1.666667),
        ([[1, 0], [-1, 0]], [0, 3], [[-0.5, 1], [-0.5, -1.5]], [0.5, -1.5], -0.5, 20.0, 8.0114e-12),
        ([[1, 0], [-1, 0], [-1, 1]], [3, 2, 3], [[-1.5, 1], [-0.5, -1], [1, -1.5]], [1, -1, 1], 0.0, 60.0, 0.0),
    ],
)
def test_problems_that_gradient_descent_has_settled(x, y, w, a, slope, end_time, right):
    """Found by gradient descent at three steps that agree; with a of +-1 alone the start is balanced."""
    a = np.array(a, dtype=float)
    a = np.linalg.norm(w, axis=1) * a if (np.abs(a) == 1).all() else a
    found = follow(x, y, w, a, end_time, slope=slope)
    assert loss(found, end_time) == pytest.approx(right, rel=1e-4 if right < 1e-6 else 1e-6, abs=1e-15)
    assert found.ambiguities == []
    assert holds_filippov_s_conditions(found, end_time)


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 1, 0]])
def test_a_start_on_a_boundary_that_opposite_points_share(order):
    """The order of the points does not matter."""
    x, y = np.array([[-1.0, 0], [1, 0], [1, 1]]), np.array([0.0, 2, 2])
    found = follow(x[order], y[order], [[0, 1]], [1.0], 10.0)
    assert found.residual(np.array([10.0]))[0] == pytest.approx(np.array([0, 0.1091, -0.0817])[order], abs=5e-5)


def test_a_neuron_at_rest_on_a_boundary_that_begins_to_repel_is_an_ambiguity():
    """relu'(0) = 0 leaves it there; the instant is that at which the point's residual changes its sign."""
    found = follow([[1, 0], [0.8, 0.6]], [0.3, 2], [[1e-4, -1e-2], [0.3, 0.2]], [-1e-2, 0.36], 6.0)
    (only,) = found.ambiguities
    assert (only.kind, only.neuron) == ("rest", 0)
    assert found.residual(np.array([only.time]))[0, 0] == pytest.approx(0.0, abs=1e-7)
    assert found.unique_until == only.time


def test_an_unbalanced_neuron_whose_w_reaches_0_is_an_ambiguity():
    found = follow([[1.0, 0.0], [-0.5, 1.0]], [-1.0, -1.0], [[0.0, 0.1]], [1.0], 5.0)
    assert "zero" in {one.kind for one in found.ambiguities}


def test_an_output_that_changes_its_sign_while_sliding_is_an_ambiguity():
    found = follow([[1.0, 0.0], [-0.5, 1.0]], [-1.0, -1.5], [[0.0, 1.0]], [0.05], 5.0)
    assert {one.kind for one in found.ambiguities} == {"output"}


@pytest.mark.parametrize(
    ("name", "seed", "end_time"),
    [("grid of 3 x 3, large start", 3, 6.0), ("points of low rank", 8, 4.0), ("slope below 1", 1, 4.0)],
)
def test_gradient_descent_by_smaller_steps_comes_closer(name, seed, end_time):
    """Three problems with events: ten times smaller steps are at least four times closer."""
    problem = drawn(name, seed)
    times = np.linspace(0, end_time, 5)
    found = follow(*problem[:4], end_time, slope=problem.slope)
    assert found.events
    restored = np.allclose(np.abs(problem.a), np.linalg.norm(problem.w, axis=1), rtol=1e-9)
    far, near = (
        np.abs(
            descend(
                problem.w, problem.a, np.sign(problem.a), restored, problem.x, problem.y, problem.slope, times, h
            )
            - found.residual(times)
        ).max()
        for h in (2e-3, 2e-4)
    )
    assert near <= min(far / 4, 1e-4)


def test_what_is_held_against_filippov_s_conditions_can_fail():
    found = balanced([[1, 0], [0.6, 0.8]], [-1, 1], [[0.0, 0.01]], [1], 20.0)
    assert violations(found, np.array([5.0])) == []
    for part in found.segments:
        part.side[0, 0] = 1
    assert violations(found, np.array([5.0]))


def test_the_open_regions_of_hyperplanes():
    """Three lines in a plane leave six of eight; planes in general position all eight; equal planes two."""
    assert len(regions(np.array([[1.0, 0], [0, 1], [0.6, 0.8]]))) == 6
    assert len(regions(np.eye(3))) == 8
    assert len(regions(np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]]))) == 12


def test_the_faces_of_lines_are_the_signs_that_occur():
    """Against random vectors, and those along the lines."""
    normal = np.array([[1.0, 0], [0.6, 0.8], [0.8, 0.6], [0, -1]])
    ways = np.concatenate([np.random.default_rng(0).standard_normal((2000, 2)), normal @ [[0, 1], [-1, 0]]])
    reach = np.concatenate([ways, -ways, np.zeros((1, 2))]) @ normal.T
    seen = np.unique(np.where(np.abs(reach) < 1e-12, 0, np.sign(reach)), axis=0)
    assert {tuple(one) for one in sides_of(normal)} == {tuple(one) for one in seen}


def test_the_two_ways_to_a_convex_hull_agree():
    generator = np.random.default_rng(1)
    for _ in range(40):
        corners, target = generator.standard_normal((6, 2)), 1.5 * generator.standard_normal(2)
        inside = flat_margin(corners, target)
        assert (inside < -1e-6) == (hull_margin(corners, target) < -1e-7)


@pytest.mark.parametrize("seed", range(30))
def test_some_mode_is_always_allowed(seed):
    """Kakutani: Filippov's set of a homogeneous field has a velocity that lies in the set of its own face."""
    generator = np.random.default_rng(seed)
    q = int(generator.integers(1, 4))
    normal = generator.standard_normal((int(generator.integers(1, 5)), q))
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    positive, negative = generator.standard_normal((2, len(normal)))
    rest = generator.standard_normal(q)
    for s in (-1.0, 1.0):
        found = admissible(rest, normal, positive, negative, s, 1e-9)
        assert found
        if (s * (positive - negative) < 0).all():  # every boundary attracts: the field is monotone
            assert len(found) == 1


def test_a_mode_that_another_one_refines_is_not_steady():
    """Sliding along both boundaries is refined by leaving one of them; two ways out are both kept."""
    held, along, other, out = (np.array(one) for one in ([0, 0], [0, 1], [1, 0], [-1, 1]))
    assert steady([held, along]) == [1]
    assert steady([held, along, other]) == [1, 2]
    assert steady([along, out]) == [1]


def test_every_combination_of_sides_is_tried_outside_a_plane():
    assert {tuple(one) for one in sides_of(np.eye(3))} == set(product((-1, 0, 1), repeat=3))
