"""The least norm in the plane, by sectors, against the general program and on a fine set of directions."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.minimal_norm.plane import least_in_the_plane
from pipeline.minimal_norm.reduction import Reduced, reduce
from pipeline.minimal_norm.search import by_the_program
from pipeline.minimal_norm.sectors import Sectors, maxima, unit
from pipeline.minimal_norm.sphere import make_charts
from pipeline.network.activation import Activation


def reduced_line(n: int, seed: int, *, smooth: bool = False) -> Reduced:
    """One input with a penalised bias."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(-1, 1, n))
    found = reduce(np.column_stack([t, np.ones(n)]), np.sin(4 * t) if smooth else rng.standard_normal(n))
    assert isinstance(found, Reduced)
    return found


def reduced_plane(n: int, seed: int) -> Reduced:
    """Points all around, two of them opposite, labelled by a teacher."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    x[1] = -2 * x[0]
    found = reduce(x, np.maximum(x @ rng.standard_normal((4, 2)).T, 0) @ np.array([1, -1, 1, -1]))
    assert isinstance(found, Reduced)
    return found


def bounds(reduced: Reduced, slope: float) -> tuple[float, float]:
    """The norm of the interpolator and what the dual certifies."""
    found = least_in_the_plane(reduced, slope)
    assert found.network is not None
    assert found.network.interpolates(reduced)
    return found.network.norm(reduced), float(found.q @ reduced.labels) / max(found.height, 1.0)


@pytest.mark.parametrize("slope", [0.0, 0.3, -1.0])
def test_on_a_fine_set_of_directions_the_norm_is_little_larger(slope: float) -> None:
    """A witness of its own: masses on 4,000 directions and on the walls, by cvxpy with Clarabel."""
    import cvxpy

    for reduced in (reduced_line(9, 1), reduced_plane(8, 2)):
        if slope == -1.0 and len(reduced.points) == 8:
            continue  # |z| is even: opposite points would have to agree
        value, bound = bounds(reduced, slope)
        angle = np.concatenate([np.linspace(0, 2 * np.pi, 4000), Sectors.of(reduced.points).turn])
        outputs = Activation(slope).value(reduced.points @ unit(angle).T)
        mass = cvxpy.Variable(len(angle))
        problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.norm1(mass)), [outputs @ mass == reduced.labels])
        witness = problem.solve(solver=cvxpy.CLARABEL)
        assert bound <= value * (1 + 1e-9)
        assert value - bound <= 1e-6 * value
        assert value * (1 - 1e-6) <= witness <= value * (1 + 1e-5)


@pytest.mark.parametrize("reduced", [reduced_line(13, 3, smooth=True), reduced_plane(14, 4)])
def test_it_agrees_with_the_program_over_all_patterns(reduced: Reduced) -> None:
    found = by_the_program(reduced, make_charts(reduced), 0.0, [])
    plane = least_in_the_plane(reduced, 0.0)
    assert plane.network is not None
    assert plane.network.norm(reduced) == pytest.approx(found.network.norm(reduced), rel=1e-6)
    assert plane.network.freedom == found.network.freedom
    assert plane.sectors == 2 * len(Sectors.of(reduced.points).wall)


@pytest.mark.parametrize("smooth", [True, False])
def test_four_hundred_points_on_a_line_are_certified(smooth: bool) -> None:
    value, bound = bounds(reduced_line(400, 0, smooth=smooth), 0.0)
    assert 0 <= value - bound <= 1e-6 * value


@pytest.mark.parametrize("slope", [0.0, 0.5, -1.0])
def test_the_maxima_are_those_of_a_fine_set(slope: float) -> None:
    reduced = reduced_plane(9, 5)
    q = np.random.default_rng(0).standard_normal(9)
    sectors = Sectors.of(reduced.points)
    tops = maxima(q, reduced.points, sectors, slope)
    values = Activation(slope).value(unit(tops.angle) @ reduced.points.T) @ q
    np.testing.assert_allclose(tops.sign * values, tops.height, atol=1e-12)
    fine = Activation(slope).value(unit(np.linspace(0, 2 * np.pi, 20_001)) @ reduced.points.T) @ q
    assert np.abs(fine).max() <= tops.height.max() + 1e-12 <= np.abs(fine).max() + 1e-3


def test_opposite_points_share_a_wall() -> None:
    assert len(Sectors.of(reduced_plane(9, 5).points).wall) == 8
