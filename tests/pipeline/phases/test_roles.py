"""S_{+,1} and S_{-,1} against their definitions (5) and (6), neuron by neuron and point by point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phases.roles import courses, members, squared_norm


def random_network(make_data, make_trajectory, seed, n=4, d=3, m=12):
    generator = np.random.default_rng(seed)
    y = generator.choice([-1.5, -0.5, 0.0, 0.5, 2.0], n)
    data = make_data(generator.standard_normal((n, d)), y)
    w = generator.standard_normal((5, m, d))
    length = np.linalg.norm(w, axis=2)
    return data, make_trajectory(
        data, np.arange(5.0), generator.standard_normal((5, n)), w / length[..., None],
        np.log(length), generator.choice([-1.0, 1.0], m),
    ), w  # fmt: skip


@given(seed=st.integers(0, 10**6))
def test_membership_by_the_definition(make_data, make_trajectory, seed):
    data, trajectory, _ = random_network(make_data, make_trajectory, seed)
    x, y = data["x"].values, data["y"].values
    w, a = trajectory["direction"].values[0], trajectory["output_ratio"].values[0]
    for sign in (1, -1):
        chosen = members(data, trajectory, sign)
        for j in range(len(a)):
            inside = sign * a[j] > 0
            for k in range(len(y)):
                if sign * y[k] > 0 and w[j] @ x[k] < 0:
                    inside = False
            assert chosen[j] == inside
    assert not (members(data, trajectory, 1) & members(data, trajectory, -1)).any()


def test_the_boundary_belongs_to_it(make_data, make_trajectory):
    """(5) asks for <w_j(0), x_k> >= 0, although a point on the boundary is inactive."""
    data = make_data([[1, 0], [0, 1]], [1, -1])
    trajectory = make_trajectory(data, [0.0], [[1, -1]], [[0, 1], [0, -1], [-1, 0], [1, 0]], 0.0, [1, 1, 1, -1])
    assert members(data, trajectory, 1).tolist() == [True, True, False, False]
    assert members(data, trajectory, -1).tolist() == [False, False, False, True]


@given(seed=st.integers(0, 10**6))
def test_norms(make_data, make_trajectory, seed):
    data, trajectory, w = random_network(make_data, make_trajectory, seed)
    chosen = members(data, trajectory, 1)
    u = squared_norm(np.log(np.linalg.norm(w, axis=2)), chosen)
    assert u == pytest.approx([np.sum(own**2) for own in w[:, chosen]])


def least_cosine(w, chosen, vector):
    """The least cosine of a chosen neuron with a vector, at each time; NaN if there is none."""
    own = w[:, chosen]
    if not chosen.any() or not vector.any():
        return np.full(len(w), np.nan)
    return (own @ vector / np.linalg.norm(own, axis=2) / np.linalg.norm(vector)).min(axis=1)


def test_cosines_of_nothing(make_data, make_trajectory):
    _, trajectory, _ = random_network(make_data, make_trajectory, 5)
    nobody, everybody = (np.full(trajectory.sizes["neuron"], chosen) for chosen in (False, True))
    norm, cosine = courses(trajectory, {1: nobody, -1: everybody}, {1: np.ones(3), -1: np.zeros(3)})
    assert np.isnan(cosine[1]).all()
    assert np.isnan(cosine[-1]).all()
    assert (norm[1] == 0.0).all()


@pytest.mark.parametrize("at_once", [1, 7, 2**22])
def test_membership_however_few_neurons_are_looked_at_at_once(make_data, make_trajectory, monkeypatch, at_once):
    data, trajectory, _ = random_network(make_data, make_trajectory, 5, n=6, m=50)
    expected = members(data, trajectory, 1)
    assert expected.any()
    monkeypatch.setattr("pipeline.phases.roles.AT_ONCE", at_once)
    np.testing.assert_array_equal(members(data, trajectory, 1), expected)


@given(seed=st.integers(0, 10**6), lazy=st.booleans(), d=st.integers(1, 6))
def test_both_sets_in_one_pass(make_data, make_trajectory, seed, lazy, d):
    data, trajectory, w = random_network(make_data, make_trajectory, seed, d=d)
    chosen = {sign: members(data, trajectory, sign) for sign in (1, -1)}
    towards = {sign: np.random.default_rng(seed + sign + 1).standard_normal(d) for sign in (1, -1)}
    norm, cosine = courses(trajectory.chunk(time=2) if lazy else trajectory, chosen, towards)
    for sign in (1, -1):
        np.testing.assert_allclose(norm[sign], np.sum(w[:, chosen[sign]] ** 2, axis=(1, 2)))
        np.testing.assert_allclose(
            cosine[sign], least_cosine(w, chosen[sign], towards[sign]), atol=1e-14, equal_nan=True
        )


def test_a_sign_is_that_of_the_start(make_data, make_trajectory):
    """An unbalanced output may change its sign later; a neuron without any at the start is in neither set."""
    data = make_data([[1, 0], [0, 1]], [1, -1])
    ratio = np.array([[0.5, -0.5, 0.0], [-0.1, 0.1, 0.7]])
    trajectory = make_trajectory(data, [0.0, 1.0], np.ones((2, 2)), [[1, 1], [1, 1], [1, 1]], 0.0, ratio)
    assert members(data, trajectory, 1).tolist() == [True, False, False]
    assert members(data, trajectory, -1).tolist() == [False, True, False]
