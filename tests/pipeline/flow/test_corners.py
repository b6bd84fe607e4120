"""Small flows whose neurons meet several boundaries at once: found from outside, with the right values.

Where a value is given it is a closed form, or that of the twin and of gradient descent at three steps that agree.
"""

import numpy as np
import pytest
from filippov_twin import follow

from catalog.schema import conform
from pipeline.configuration import DataConfig
from pipeline.data import generate_data
from pipeline.flow import simulate

GRID_LABELS = [0.3, -0.5, 0.9, 1.0, 0.2, -0.8, -0.3, 0.4, 0.1]


def flow(x, y, w, a, end_time=None, slope=0.0, **options):
    """The trajectory of a given start; +1 and -1 for a balanced a of that sign, if ``a`` is a tuple."""
    w = np.asarray(w, dtype=float)
    norms = np.linalg.norm(w, axis=1)
    ratio = np.asarray(a, dtype=float) if isinstance(a, tuple) else np.asarray(a) / norms
    init = conform(
        "initial",
        {
            "log_norm": np.log(norms),
            "direction": w / norms[:, None],
            "output_ratio": ratio,
            "log_init_scale": 0.0,
        },
    )
    data = generate_data(DataConfig(x=np.asarray(x).tolist(), y=np.asarray(y).tolist()))
    return simulate(data, init, end_time=end_time, slope=slope, **options)


def by_the_twin(x, y, w, a, times, slope=0.0):
    w = np.asarray(w, dtype=float)
    outputs = np.asarray(a) * np.linalg.norm(w, axis=1) if isinstance(a, tuple) else np.asarray(a, dtype=float)
    return follow(np.asarray(x, float), np.asarray(y, float), w, outputs, times[-1], slope=slope).residual(times)


def grid(k):
    """k^2 points in the plane, with a bias."""
    ticks = np.linspace(-1, 1, k)
    return np.array([[u, v, 1.0] for u in ticks for v in ticks])


def test_a_sliding_neuron_leaves_a_corner_of_dependent_boundaries():
    """The first three points lie in a row: their normals span a plane only."""
    found = flow(
        [[-1, 0, 1], [0, 0, 1], [1, 0, 1], [0.1, -1.6, 1], [-1, 0.2, 1]],
        [-0.3, 2, 1.2, -0.4, -1.2],
        [[0, -0.1, -0.1]],
        (-1.0,),
        60.0,
    )
    assert float(found["loss"][-1]) == pytest.approx(0.58969257, abs=1e-6)
    assert found.attrs["status"] == "end_time"


def test_a_neuron_passes_a_corner_of_three_boundaries_in_a_plane():
    found = flow([[1, 0, 0], [-0.5, 1, 0], [0.3, -1, 0]], [-3, -1, 1], [[0.1, 0.5, 0.5]], (1.0,))
    assert float(found["loss"][-1]) == pytest.approx(5 / 3, abs=1e-6)


def test_neurons_that_rest_on_a_boundary_are_released():
    """All points lie on one line, so that no force is on a neuron that slides: the others set it free."""
    found = flow([[1, 0], [-1, 0]], [0, 3], [[-0.5, 1], [-0.5, -1.5]], [0.5, -1.5], 20.0, slope=-0.5)
    assert float(found["loss"][-1]) < 1e-10


@pytest.mark.parametrize(
    ("x", "y", "w", "a", "slope"),
    [
        ([[1, 0], [-1, 0], [-1, 1]], [3, 2, 3], [[-1.5, 1], [-0.5, -1], [1, -1.5]], (1.0, -1.0, 1.0), 0.0),
        ([[1, 0], [-1, 0]], [0, 3], [[-0.5, 1], [-0.5, -1.5]], [0.5, -1.5], -0.5),
        (grid(3), GRID_LABELS, [[0.2, 0.1, 0.1], [-0.1, 0.3, 0.0]], (1.0, -1.0), 0.0),
    ],
)  # fmt: skip
def test_the_flow_is_the_twin_s_at_every_instant(x, y, w, a, slope):
    times = np.linspace(0.0, 20.0, 101)
    found = flow(x, y, w, a, sample_times=times, slope=slope)
    unit = max(np.sqrt(np.mean(np.square(y))), np.sqrt(np.mean(found["residual"].values[0] ** 2)))
    assert np.abs(found["residual"].values - by_the_twin(x, y, w, a, times, slope)).max() <= 1e-5 * unit


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0]])
def test_a_start_on_the_boundary_of_opposite_points_goes_where_it_is_pushed(order):
    """In any order of the points; the first two share the boundary that the neuron starts at."""
    x, y = np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 2.0, 2.0])
    found = flow(x[order], y[order], [[0.0, 1.0]], [1.0], 10.0)
    assert found["residual"].values[-1] == pytest.approx(np.array([0.0, 0.10912, -0.08165])[order], abs=1e-5)
    w = np.exp(found["log_norm"].values)[..., None] * found["direction"].values
    a = np.exp(found["log_norm"].values) * found["output_ratio"].values
    from_weights = y[order] - np.einsum("tj,tjk->tk", a, np.maximum(w @ x[order].T, 0.0))
    assert found["residual"].values == pytest.approx(from_weights, abs=1e-12)


def test_one_threshold_says_what_is_pushed():
    """The second neuron crosses twice; what is left of the push then is 1e-12 of its terms."""
    found = flow([[1, 0], [0.6, 0.8]], [1, -1], [[1, 0], [0.5e-4, 0.5e-4]], (1.0, 1.0))
    assert found.attrs["crossings"] == 2


def test_what_could_leave_a_boundary_where_it_rests_makes_the_flow_ambiguous():
    """Off its last point a neuron stays exactly there, until the residual has the other sign."""
    found = flow([[1, 0], [0.8, 0.6]], [0.3, 2], [[1e-4, -1e-2], [0.3, 0.2]], [-1e-2, 0.36], 6.0, samples=2000)
    assert found.attrs["status"] == "non_unique"
    assert found.attrs["ambiguous_events"] == 1
    before = flow([[1, 0], [0.8, 0.6]], [0.3, 2], [[1e-4, -1e-2], [0.3, 0.2]], [-1e-2, 0.36], 0.55)
    assert before.attrs["ambiguous_events"] == 0  # r_1 is 0 at t = 0.5534


def turning(u):
    """A tiny neuron that x_2 drives towards the boundary of x_1 and x_3 back from it, once x_2 is fitted."""
    x, y = [[1.0, 0.0], [-1.0, 1.0], [0.5, 1.0]], [0.0, 2.0, 0.5]
    return flow(x, y, [[-1.0, 0.3], [1e-3 * u, 1e-3]], (1.0, 1.0), 12.0)


def test_turning_back_next_to_a_boundary_is_a_sensitive_decision():
    """Between the starts that cross and come back and those that turn before are some that graze the boundary."""
    low, high = 0.01, 0.3
    crossing, turned = turning(low), turning(high)
    assert crossing.attrs["crossings"] == turned.attrs["crossings"] + 2
    assert (crossing.attrs["sensitive_events"], turned.attrs["sensitive_events"]) == (0, 0)
    assert "sensitive_times" not in crossing.attrs
    while high - low > 1e-7:
        middle = 0.5 * (low + high)
        if turning(middle).attrs["crossings"] > turned.attrs["crossings"]:
            low = middle
        else:
            high = middle
    for u in (low, high):
        found = turning(u)
        assert found.attrs["sensitive_events"] == 1
        assert 0.1 < found.attrs["sensitive_times"][0] < 12.0
        assert "error of the tolerance's size" in found.attrs["status_message"]


@pytest.mark.parametrize(("aside", "decisions"), [(1e-6, 0), (1e-10, 1)])
def test_a_neuron_that_shrinks_until_rounding_decides_is_a_sensitive_decision(aside, decisions):
    """It shrinks against x_1 by ln(1/aside) e-folds; what is left then decides that x_2 lets it grow."""
    found = flow([[1.0, 0.0], [-1.0, 1.0]], [1.0, -1.0], [[1e-3, 1e-3 * aside]], (-1.0,), 200.0)
    assert found.attrs["sensitive_events"] == decisions
    shrunk = float(found["log_norm"][0, 0] - found["log_norm"].min())
    assert shrunk == pytest.approx(-np.log(aside), abs=1.0)
    assert float(found["log_norm"][-1, 0]) > -1.0
