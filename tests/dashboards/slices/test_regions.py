"""Which points a box or a lasso has: matplotlib says the same of polygons."""

import numpy as np
import pytest
from matplotlib.path import Path

from dashboards.slices.regions import inside_region


@pytest.mark.parametrize("corners", [3, 7, 40])
def test_a_lasso_has_the_points_that_matplotlib_finds_inside(corners):
    random = np.random.default_rng(corners)
    angle, radius = np.sort(random.uniform(0, 2 * np.pi, corners)), random.uniform(0.2, 1, corners)
    border = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    points = random.uniform(-1, 1, (500, 2))
    region = {"type": "poly", "x": border[:, 0].tolist(), "y": border[:, 1].tolist()}
    found = inside_region(region, points[:, 0], points[:, 1])
    assert found.tolist() == Path(border).contains_points(points).tolist()
    assert 0 < found.sum() < 500


def test_a_box_may_be_drawn_from_any_corner_and_has_nothing_unknown():
    region = {"type": "rect", "x0": 2.0, "x1": -1.0, "y0": 0.0, "y1": 1.0}
    x, y = np.array([0.0, 0.0, np.nan, 3.0]), np.array([[0.5], [np.nan]])
    assert inside_region(region, x, y).tolist() == [[True, True, False, False], [False] * 4]
    assert not inside_region({"type": "point", "x": 0.0, "y": 0.5}, x, y).any()
