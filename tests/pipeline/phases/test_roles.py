"""S_{+,1} and S_{-,1} against their definitions (5) and (6), neuron by neuron and point by point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phases.roles import least_cosine, members, squared_norm


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
def test_norms_and_cosines(make_data, make_trajectory, seed):
    data, trajectory, w = random_network(make_data, make_trajectory, seed)
    vector = np.array([1.0, -2.0, 0.5])
    chosen = members(data, trajectory, 1)
    u, least = squared_norm(trajectory, chosen), least_cosine(trajectory, chosen, vector)
    for i in range(5):
        own = w[i, chosen]
        assert u[i] == pytest.approx(np.sum(own**2))
        if len(own):
            cosines = own @ vector / np.linalg.norm(own, axis=1) / np.linalg.norm(vector)
            assert least[i] == pytest.approx(cosines.min(), abs=1e-14)
    assert np.isnan(least).all() == (not chosen.any())
    assert (least[~np.isnan(least)] <= 1.0).all()


def test_cosines_of_nothing(make_data, make_trajectory):
    data = make_data([[1, 0]], [1])
    trajectory = make_trajectory(data, [0.0, 1.0], [[1], [1]], [[1, 0]], 0.0, [1])
    for chosen, vector in ((False, [1.0, 0.0]), (True, [0.0, 0.0])):
        assert np.isnan(least_cosine(trajectory, np.array([chosen]), np.array(vector))).all()
    assert squared_norm(trajectory, np.array([False])).tolist() == [0.0, 0.0]
