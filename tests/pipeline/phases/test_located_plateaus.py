"""Which intervals are one plateau, when it begins and ends, and of what kind it is: cases with known answers."""

import numpy as np
import pytest
from small_problems import given, points

from catalog.schema import variable
from pipeline.configuration import InitConfig
from pipeline.flow import initialise, simulate
from pipeline.phases import find_plateaus, label_phases
from pipeline.phases.located_plateaus import locate_plateaus

KINDS = variable("plateaus", "kind").flags


def kinds(plateaus):
    return [KINDS[kind - 1] for kind in plateaus["kind"].values]


@pytest.mark.parametrize("end_time", [None, 3.0])
def test_a_network_that_cannot_move_has_one_plateau(end_time):
    """Its neuron is off at both points: there were 201, one a wave of rounding."""
    data = points([[1], [2]], [1, 2])
    trajectory = simulate(data, initialise(data, InitConfig(width=1, seed=4)), end_time=end_time)
    found = find_plateaus(data, trajectory)
    assert kinds(found) == ["local_minimum"]
    assert (float(found["start"][0]), float(found["end"][0])) == (0.0, float(trajectory["time"][-1]))
    assert np.unique(label_phases(data, trajectory, plateaus=found)["plateau"]).tolist() == [2]


def test_waves_of_rounding_are_one_plateau():
    """Five of the six that were found are one point at L = 0.0964166666667."""
    data = points([[1.68, -1.04], [-1.31, 0.99], [-0.07, -1.04]], [0.67, 2.01, 0.36])
    trajectory = simulate(data, initialise(data, InitConfig(width=3, seed=7, log10_scale=-4)))
    found = find_plateaus(data, trajectory)
    assert found["stationary_loss"].values == pytest.approx([0.769766666667, 0.0964166666667], rel=1e-10)
    assert kinds(found) == ["strict_saddle", "local_minimum"]
    assert float(found["end"][1]) == float(trajectory["time"][-1])


def test_a_plateau_does_not_outlive_its_departure():
    """Four logistic neurons, u = 1/(1 + (1/u_0 - 1) e^(-t/2)): the first has a tenth of its label at 32.4.

    The origin was to last until t = 53.43, where two labels are fitted and L is 0.188.
    """
    data = points([[1, 0], [-1, 0], [0, 1], [0, -1]], [-1, -1, 1, 1])
    w = [[1e-4, 0], [0, 1e-5], [-1e-7, 0], [0, -1e-6]]
    trajectory = simulate(data, given(w, [-1e-4, 1e-5, -1e-7, 1e-6]))
    found = find_plateaus(data, trajectory)
    assert float(found["start"][0]) == 0.0
    departure = 2 * np.log((1e8 - 1) / (1 / 0.1 - 1))
    assert float(found["end"][0]) == pytest.approx(departure, rel=0.005)
    assert departure == pytest.approx(32.4, abs=0.1)


def test_a_slow_end_is_one_plateau_and_a_point_passed_by_is_no_minimum():
    """Its end was three plateaus, and the plateau that the flow leaves at t = 332 a local minimum."""
    g = np.random.default_rng(124)
    x, y = g.standard_normal((60, 2)), g.standard_normal(60)
    w, a = 0.6 * g.standard_normal((5, 3)), 0.6 * g.standard_normal(5)
    data = points(x, y, bias=True)
    trajectory = simulate(data, given(w, a), tolerance=1e-8)
    found = find_plateaus(data, trajectory)
    at_end = np.isclose(found["loss"], 0.43538134, rtol=1e-7)
    assert at_end.sum() == 1
    assert float(found["end"][-1]) == float(trajectory["time"][-1])
    left = found["end"].values < float(trajectory["time"][-1])
    assert left.any()
    assert not set(np.array(kinds(found))[left]) & {"local_minimum", "narrow_minimum"}
    passed = found["kind"].attrs["reasons"][int(np.flatnonzero(left)[-1])]
    assert "goes on" in passed or "passes by" in passed or "near" in passed


@pytest.mark.parametrize(
    ("x", "y", "w", "a", "kind"),
    [
        ([[1]], [-1], [[0.5]], [0.5], "strict saddle"),  # a neuron that has vanished
        ([[1, 0]], [1], [[0, -1]], [1], "boundary descent"),  # one that rests on a boundary
        ([[1, 0]], [1], [[-1, 0]], [1], "local minimum"),  # one that is off everywhere
        ([[1, 0]], [1], [[-1e-3, -1]], [1], "narrow minimum"),  # a thousandth of its length off the boundary
    ],
)
def test_the_flow_and_its_plateau_give_one_answer(x, y, w, a, kind):
    """The flow called all of them local minima."""
    data = points(x, y)
    trajectory = simulate(data, given(w, a))
    assert trajectory.attrs["stationary_kind"] == kind
    found = find_plateaus(data, trajectory)
    assert kinds(found)[-1] == kind.replace(" ", "_")
    assert found["kind"].attrs["reasons"][-1] == trajectory.attrs["stationary_reason"]
    assert float(found["smallest_eigenvalue"][-1]) == trajectory.attrs["hessian_smallest_eigenvalue"]


def test_a_boundary_at_the_end_of_an_unbalanced_run():
    """A neuron is on the bias' side of a boundary, its force to the other: it was called a local minimum."""
    data = points([[-0.998], [0.801], [0.595]], [-1.723, -0.463, -1.358], bias=True)
    start = initialise(data, InitConfig(width=3, seed=829, log10_scale=-3, start="unbalanced"))
    trajectory = simulate(data, start)
    assert trajectory.attrs["stationary_kind"] == "boundary descent"
    assert kinds(find_plateaus(data, trajectory))[-1] == "boundary_descent"


def test_a_neuron_that_stopped_at_its_last_points_boundary_is_no_minimum():
    """It rests where its last point went off; the residual there has changed its sign since, L = 0.0711."""
    data = points([[-1], [0], [1]], [0.1, 1, 0.3], bias=True)
    ends = [
        simulate(data, initialise(data, InitConfig(width=6, seed=seed, log10_scale=-2))).attrs
        for seed in (0, 2)
    ]  # fmt: skip
    told = [end.get("stationary_kind") for end in ends]
    assert "local minimum" not in told


def test_a_run_that_is_fitted_ends_in_no_plateau(solved):
    data, trajectory = solved("orthogonal")
    assert [plateau.left for plateau in locate_plateaus(data, trajectory)] == [True, True]
