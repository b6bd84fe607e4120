"""Points on one ray: one boundary, and the same force on every neuron."""

import numpy as np

from pipeline.flow.boundaries import boundaries_of, fewer_rays, opposite_rays
from pipeline.flow.collocation.points import in_blocks


def test_one_point_for_each_ray_pushes_as_all_of_it_do():
    g = np.random.default_rng(0)
    x = np.vstack([g.standard_normal((9, 3)), np.zeros((1, 3))])
    x[4], x[7], x[8] = 2.0 * x[1], x[1], 0.5 * x[2]
    y, w = g.standard_normal(10), g.standard_normal(3)
    points = in_blocks(x, y, 2, 0.0)
    found = boundaries_of(points, 2)
    assert found.points.about.tolist() == points.about.tolist()
    assert len({*found.point[[1, 4, 7]]}) == len({*found.point[[2, 8]]}) == 1
    assert found.point[9] == -1
    rows, labels = found.points.rows, found.points.labels.reshape(-1)
    force = (rows @ w > 0.0) * (labels - np.maximum(rows @ w, 0.0)) @ rows
    assert np.allclose(force, (x @ w > 0.0) * (y - np.maximum(x @ w, 0.0)) @ x, atol=1e-13)
    left = y**2 @ np.ones(10) - labels @ labels
    assert np.isclose(found.unfit, left / 10.0)
    slides = found.of_all(np.array([[0, 1, found.point[1]], [3, 0, found.point[0]]]))
    assert slides.tolist() == [[0, 1, 1], [0, 1, 4], [0, 1, 7], [3, 0, 0]]


def test_points_of_rays_of_their_own_stay_as_they_are():
    x, y = np.random.default_rng(1).standard_normal((20, 2)), np.ones(20)
    assert boundaries_of(in_blocks(x, y, 1, 0.0), 1) is None
    x[:, 1] = 0.0
    x[:, 0] = np.arange(20.0) - 10.5
    assert len(boundaries_of(in_blocks(x, y, 1, 0.0), 1).points.rows) < 20


def test_points_on_opposite_rays_are_found():
    x = np.random.default_rng(2).standard_normal((20, 3))
    assert not opposite_rays(x)
    x[7] = 2.0 * x[3]
    assert not opposite_rays(x)
    x[11] = -0.3 * x[5]
    assert opposite_rays(x)


def test_rays_are_counted():
    x = np.random.default_rng(3).standard_normal((20, 3))
    assert [fewer_rays(x, least) for least in (20, 21)] == [False, True]
    x[7], x[8], x[9] = 2.0 * x[3], -x[4], 0.0
    assert [fewer_rays(x, least) for least in (18, 19)] == [False, True]
    x[:, 1] = 0.0  # the first two coordinates tell nothing
    assert [fewer_rays(x, least) for least in (18, 19)] == [False, True]
