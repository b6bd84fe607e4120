"""The critical points of G on the sphere, against searches of their own."""

import numpy as np
import pytest
from small_problems import general_problem

from pipeline import extremal_directions, generate_data, load_config
from pipeline.inputs.errors import RequestError
from pipeline.network.activation import Activation
from pipeline.stationary import critical_points
from pipeline.stationary.extremal_directions import MAXIMUM, MINIMUM, SADDLE, SphereFunction


def arcs(x, r, activation):
    """The values of all maxima and minima on the circle, from the arcs between the boundaries."""
    boundary = np.arctan2(x[:, 0], -x[:, 1])
    start = np.sort(np.mod(np.concatenate([boundary, boundary + np.pi]), 2 * np.pi))
    end = np.append(start[1:], start[0] + 2 * np.pi)
    middle = (start + end) / 2
    inside = np.column_stack([np.cos(middle), np.sin(middle)])
    force = (activation.derivative(inside @ x.T) * r) @ x / len(r)
    value = SphereFunction.of(x, r, activation).value
    found = {MAXIMUM: [], MINIMUM: []}
    for i in range(len(start)):
        size, angle = np.linalg.norm(force[i]), np.arctan2(force[i, 1], force[i, 0])
        for turn, kind, sign in ((0, MAXIMUM, 1), (np.pi, MINIMUM, -1)):
            if size > 1e-9 and np.mod(angle + turn - start[i], 2 * np.pi) < end[i] - start[i]:
                found[kind].append(sign * size)
        along = np.array([-np.sin(start[i]), np.cos(start[i])])
        left, right = force[i - 1] @ along, force[i] @ along
        if left * right < -1e-24:
            at = value(np.array([np.cos(start[i]), np.sin(start[i])]))
            found[MAXIMUM if left > 0 else MINIMUM].append(at)
    return {kind: np.sort(values) for kind, values in found.items()}


def climbed(x, r, activation, sign, seed, count=60):
    """Local maxima of sign G on the sphere: from random directions, by ever smaller random steps."""
    function = SphereFunction.of(x, r, activation)
    generator = np.random.default_rng(seed)
    u = generator.standard_normal((count, x.shape[1]))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    best, size = sign * function.value(u), 0.5
    while size > 1e-9:
        step = u[:, None] + size * generator.standard_normal((count, 40, x.shape[1]))
        step /= np.linalg.norm(step, axis=2, keepdims=True)
        value = sign * function.value(step)
        top = np.argmax(value, axis=1)
        better = value[np.arange(count), top] > best
        u[better] = step[better, top[better]]
        best = np.maximum(best, value[np.arange(count), top])
        size *= 0.85
    return u, sign * best


def agree_on_the_circle(seed, slope):
    x, r = general_problem(seed, dimension=2)
    found, expected = critical_points(x, r, Activation(slope)), arcs(x, r, Activation(slope))
    for kind, values in expected.items():
        own = np.sort(found.value[found.kind == kind])
        assert own.shape == values.shape
        assert np.allclose(own, values, rtol=0, atol=1e-12)


def agree_in_three_dimensions(seed, slope):
    """Every climb ends at one of them, or where G is level."""
    x, r = general_problem(seed, dimension=3)
    found = critical_points(x, r, Activation(slope))
    size = SphereFunction.of(x, r, Activation(slope)).size
    for sign, kind in ((1.0, MAXIMUM), (-1.0, MINIMUM)):
        ends, values = climbed(x, r, Activation(slope), sign, seed)
        tops = found.direction[found.kind == kind]
        level = np.abs(values) <= 1e-6 * size
        cosine = (ends[~level] @ tops.T).max(axis=1) if len(tops) else np.zeros((~level).sum())
        assert (cosine > 0.99).all()  # steps at random crawl along a ridge
        # And each of them is the highest of all that is near.
        beside = tops[:, None] + 1e-4 * np.random.default_rng(seed).standard_normal((len(tops), 200, 3))
        beside /= np.linalg.norm(beside, axis=2, keepdims=True)
        value = SphereFunction.of(x, r, Activation(slope)).value
        assert (sign * value(beside) <= sign * value(tops)[:, None] + 1e-14).all()


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
def test_on_the_circle_they_are_those_of_the_arcs_between_the_boundaries(slope):
    for seed in range(8):
        agree_on_the_circle(seed, slope)


def test_in_three_dimensions_every_climb_ends_at_one_of_them():
    for seed in range(3):
        agree_in_three_dimensions(seed, 0.3 if seed == 2 else 0.0)


@pytest.mark.slow
def test_in_a_hundred_data_sets():
    for seed in range(100):
        for slope in (0.0, 0.3, -0.5):
            agree_on_the_circle(seed, slope)
        agree_in_three_dimensions(seed, 0.0)


def test_of_orthogonal_points_they_are_the_sums_over_the_subsets_of_each_sign():
    data = generate_data(load_config("orthonormal").data)
    x, y = data["x"].values, data["y"].values
    found = extremal_directions(data)
    values = {}
    for sign in (1, -1):
        (own,) = np.nonzero(sign * y > 0)
        for subset in ([own[0]], [own[1]], own):
            values[sign * float(np.linalg.norm(y[subset])) / len(y)] = (sign * y[subset]) @ x[subset]
    assert np.allclose(sorted(values), np.sort(found["value"]), atol=1e-14)
    for value, direction in zip(found["value"].values, found["direction"].values, strict=True):
        nearest = values[min(values, key=lambda other: abs(other - value))]
        assert direction @ nearest / np.linalg.norm(nearest) == pytest.approx(1.0, abs=1e-12)
    # The paper's: D_+ and -D_- over all points of a sign are the only ones that attract from every side.
    kinds = np.array([SADDLE, MAXIMUM, MINIMUM])[[0, 1, 2]]
    names = dict(
        zip(found["kind"].attrs["flag_values"], found["kind"].attrs["flag_meanings"].split(), strict=True)
    )
    words = [names[number] for number in found["kind"].values]
    assert set(words) == set(kinds)
    assert words[0] == MAXIMUM
    assert words[-1] == MINIMUM
    assert words[1:-1] == [SADDLE] * 4


def test_points_on_one_line_count_as_one_boundary():
    """Three points on a line through the origin and one beside it, as one function of the angle."""
    x = np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    r = np.array([1.0, 0.5, -2.0, 0.7])
    found, expected = critical_points(x, r, Activation(0.0)), arcs(x, r, Activation(0.0))
    assert np.allclose(np.sort(found.value[found.kind == MAXIMUM]), np.unique(expected[MAXIMUM].round(12)))
    assert np.allclose(np.sort(found.value[found.kind == MINIMUM]), np.unique(expected[MINIMUM].round(12)))


def test_three_boundaries_through_one_line_are_gone_through_once():
    """Three points in a plane: their boundaries meet along its normal, where no two of them would do."""
    generator = np.random.default_rng(5)
    plane = generator.standard_normal((3, 2)) @ np.eye(3)[:2]
    x = np.vstack([plane, [[0.3, -0.2, 1.0]]])
    r = np.array([-1.0, -0.8, -1.2, 2.0])
    found = critical_points(x, r, Activation(0.0))
    assert len(np.unique(found.direction.round(9), axis=0)) == len(found.direction)
    held = np.flatnonzero(found.touching == 3)
    assert len(held) >= 1
    assert np.allclose(np.abs(found.direction[held, 2]), 1.0)


def test_too_many_cells_are_refused_in_one_line():
    data = generate_data(load_config("high-dimensional").data)
    with pytest.raises(RequestError, match="75 points in d = 150 have too many cells"):
        extremal_directions(data)


def test_points_that_are_all_0_have_none():
    found = critical_points(np.zeros((2, 3)), np.ones(2), Activation(0.0))
    assert found.direction.shape == (0, 3)
