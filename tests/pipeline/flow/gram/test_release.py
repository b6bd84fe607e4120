"""From a boundary that begins to repel a neuron goes on to the side towards which it is pushed at that instant."""

import numpy as np
import pytest

from catalog.schema import conform
from pipeline.flow.many_patterns import follow_many_patterns
from pipeline.flow.reduction import Reduction
from pipeline.network.points import describe

X = np.array([[1.0, 0, 0, 0], [-0.3, 0.95, 0, 0], [0.6, 0, 0.8, 0], [0.3, 0, 0, 0.95]])
LARGE = np.array([[1.0, 0, 0.5, -1.0], [-0.2, -0.5, -0.5, 1.0]])
"""The first is active at x_1 and x_3 and lets the residual of x_1 change its sign, the second fits x_4."""
SMALL = np.array([0, 1e-4, -1e-4, 1e-4])
"""On the boundary of x_1, where x_4 pushes it to the one side and x_2 to the other."""


def points_and_start(residual):
    """These residuals at the start, and a balanced network."""
    w = np.vstack([LARGE, SMALL])
    size = np.linalg.norm(w, axis=1)
    y = np.maximum(X @ w.T, 0.0) @ size + residual
    init = {"log_norm": np.log(size), "direction": w / size[:, None], "output_ratio": np.ones(3)}
    return describe(X, y, ["a", "b", "c", "d"]), conform("initial", init | {"log_init_scale": 0.0})


@pytest.mark.parametrize(
    ("second", "tolerance", "side"),
    [(0.88, 2e-2, 2), (0.88, 1e-2, 2), (0.895, 1e-3, 2), (0.895, 1e-4, 2), (0.905, 1e-3, 1), (0.905, 1e-4, 1)],
)
def test_the_side_does_not_depend_on_the_step(second, tolerance, side):
    """The grouped path at 1e-8 decides so; between .897 and .900 the side changes.

    Soon afterwards x_2 pushes more than x_4: a long step saw that, and took the other side.
    """
    data, init = points_and_start(np.array([-0.1, second, -1.0, 1.0]))
    flow = follow_many_patterns(data, init, 3.0, tolerance, Reduction.of(data, init, 0.0), None)
    assert flow.look(np.linspace(0.5, 3.0, 6))["activation"].values[:, 2, 0].tolist() == 6 * [side]


@pytest.mark.parametrize(("second", "tolerance"), [(0.88, 1e-2), (0.895, 1e-3)])
def test_a_step_and_a_reading_inside_of_it_decide_the_same(second, tolerance):
    data, init = points_and_start(np.array([-0.1, second, -1.0, 1.0]))
    flow = follow_many_patterns(data, init, 3.0, tolerance, Reduction.of(data, init, 0.0), None)
    seen = flow.look(np.linspace(0.0, 3.0, 400))["activation"].values[:, 2, 0]
    assert sorted(set(seen[1:])) == [2, 3]
    assert (np.diff(seen[1:].astype(int)) != 0).sum() == 1
