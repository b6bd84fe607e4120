"""Boundaries that hold a neuron together: the shares, the forces, and runs that took steps without number."""

import numpy as np
import pytest
from interpreted_solver import interpreted
from students import labelled, student, worst

from pipeline.flow import follow_flow
from pipeline.flow.collocation import holding, modes
from pipeline.flow.collocation.build import gauss
from pipeline.flow.collocation.events import NUMBERS, make_events
from pipeline.flow.collocation.network import make_network
from pipeline.flow.collocation.points import in_blocks
from pipeline.flow.collocation.workspace import make_state
from pipeline.flow.many_points import ManyPoints, is_stuck


def test_the_shares_are_those_of_the_box():
    """Two boundaries, nearly parallel: one holds, the other one's point is on. One by one they are found late."""
    x = np.array([[1.0, 0.0], [np.cos(0.05), np.sin(0.05)]])
    points, found = in_blocks(x, np.ones(2), 1, 0.0), make_events(8, 2, 1)
    found.number[2], found.close[:2, 1], found.left[:2] = 2, [0, 1], 1.0
    force = np.array([-1.3, -0.2])
    assert interpreted(modes.find_shares)(0, points, force, found)
    first, second = found.values[:2, 0]
    speed = x @ force
    assert second == 1.0
    assert speed[1] < 0.0
    assert 0.0 < first < 1.0
    assert abs(speed[0]) < 1e-9
    assert np.allclose(force, [-1.3, -0.2] + first * x[0] + x[1])


def test_a_neuron_is_held_at_nearly_parallel_boundaries_at_once():
    """One after another the forces were off by a third after 60 rounds, and the neuron was let go."""
    g = np.random.default_rng(3)
    x = np.ones((1, 4)) + 0.02 * g.standard_normal((3, 4))
    points, now, network, tableau = (
        in_blocks(x, np.ones(3), 1, 0.0),
        make_events(8, 2, 1),
        make_network(2, 1, 4),
        gauss(2),
    )
    network.force[:] = g.standard_normal((2, 1, 4))
    before = network.force.copy()
    now.number[0], now.point[:3], now.values[:3, 2] = 3, [0, 1, 2], 1.0
    work = make_state((1, 4, 64, 3), 2, 8).corners
    interpreted(holding.hold_together)(np.arange(3), points, tableau, network, now, work)
    assert np.abs(network.force[:, 0] @ x.T).max() < 1e-9
    pushed = now.values[:3, NUMBERS + 4 : NUMBERS + 6]
    assert np.allclose(network.force[:, 0] - before[:, 0], pushed.T @ x / 3)


@pytest.mark.parametrize("tolerance", [1e-1, 1e-2, 3e-3, 1e-5])
def test_a_neuron_comes_to_rest_where_boundaries_meet(tolerance):
    """It went round about the corner in ever shorter steps: 1e-9 of a unit of time, without end."""
    problem = student(1200, 5, 9, 1, noise=0.3)
    followed = follow_flow(*labelled(*problem), end_time=600.0, tolerance=tolerance)
    assert followed.account["status"] == "end_time"
    assert followed.account["steps"] < 2000
    times = np.linspace(0.0, 600.0, 31)
    fine = follow_flow(*labelled(*problem), end_time=600.0, tolerance=1e-6).look(times)["residual"].values
    assert worst(followed.look(times)["residual"].values, fine, problem[1]) <= max(tolerance, 2e-5)


def crowd(kind, seed):
    """Points of heavy tails or in clusters, labels with noise, a student; an end time and a tolerance."""
    g = np.random.default_rng(10_000 + seed)
    d, m, n = int(g.integers(2, 9)), int(g.integers(2, 14)), int(np.exp(g.uniform(np.log(150), np.log(1500))))
    n = max(n, 4 * m * (d + 1) + 3)
    x, scale, until = g.standard_normal((n, d)), 10 ** g.uniform(-1.5, 0.2), 10 ** g.uniform(1.3, 3.2)
    if kind == "heavy":
        x = g.standard_t(1.3, (n, d)) / np.sqrt(d)
    else:
        centre = g.standard_normal((max(3, d), d))
        x = centre[g.integers(0, len(centre), n)] + 10 ** g.uniform(-4, -1) * g.standard_normal((n, d))
    teachers = int(g.integers(2, 6))
    y = np.maximum(x @ g.standard_normal((teachers, d)).T, 0.0) @ g.choice([-1.0, 1.0], teachers)
    y += g.choice([0, 0.3, 0.6]) * g.standard_normal(n)
    w = scale * g.standard_normal((m, d))
    a = np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], m)
    if g.random() < 0.25:
        a *= g.uniform(0.3, 1.0, m)
    return (x / np.sqrt(np.mean(x**2)), y, w, a), until, 10 ** g.uniform(-6, -1)


@pytest.mark.parametrize(("kind", "seed"), [("heavy", 9), ("heavy", 59), ("clusters", 9)])
def test_long_runs_among_such_points_end(kind, seed):
    """Neurons at three and four boundaries at once had no end; nor had stiff labels that a sample had none of.

    A few points of heavy tails are all of the stiffness.
    """
    problem, until, tolerance = crowd(kind, seed)
    followed = follow_flow(*labelled(*problem), end_time=until, tolerance=tolerance)
    assert isinstance(followed, ManyPoints)
    assert followed.account["status"] == "end_time"
    assert followed.account["steps"] < 6000


def test_a_run_that_gains_nothing_is_told(monkeypatch):
    followed = follow_flow(*labelled(*student(150, 2, 3, 13)), end_time=2.0, tolerance=1e-4)
    (record, count), *_ = followed.taken
    monkeypatch.setattr("pipeline.flow.many_points.STUCK_STEPS", count)
    assert not is_stuck([(record, count)])
    record.time[:] = 1.0
    assert is_stuck([(record, count)])
    assert not is_stuck([(record, count - 1)])
