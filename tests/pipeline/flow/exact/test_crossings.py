"""Which neurons have events, and what those do to a step: what is skipped must be known to do nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import force_on, oblique_network, oblique_problem, residual_of
from witness import callable_kernel

from pipeline.flow.exact import carrying, crossings, following, marking, patterns, reading
from pipeline.flow.exact import desk as desks
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.states import OFF, ON, SLIDING

lump = callable_kernel(patterns.lump)
copy_neurons = callable_kernel(reading.copy_neurons)
gather = callable_kernel(reading.gather)
carry_all = callable_kernel(carrying.carry_all)
lay_desk = callable_kernel(desks.lay_desk)
follow = callable_kernel(following.follow)
write_rates = callable_kernel(marking.write_rates)
find_movers = callable_kernel(marking.find_movers)
follow_movers = callable_kernel(crossings.follow_movers)
lay_lists = callable_kernel(crossings.lay_lists)
cross = callable_kernel(crossings.cross)
worth_stopping_for = callable_kernel(crossings.worth_stopping_for)


def line(n, seed):
    first, last = np.random.default_rng(seed).uniform(-2, 2, (2, n))
    return first + np.linspace(0.0, 1.0, SIZE)[:, None] * (last - first)


def through_a_step(problem, neurons, b, step):
    """What the kernels find: lumps at the end, who moves, who was followed."""
    desk, lumps, (marks, found) = lay_desk(problem), lump(neurons, problem), lay_lists(neurons)
    moved = carry_all(lumps, b, step, 1.0, problem)
    count = find_movers(neurons, lumps, moved, b, step, problem, desk, marks)
    movers = marks.movers[:count].copy()
    assert marks.marked.sum() == count
    crossed = follow_movers(neurons, lumps, moved, b, step, problem, desk, marks, found)
    assert not marks.marked.any()
    assert marks.total[0] == 0
    assert found.total[0] == crossed
    return moved, movers, found, lumps


def alone(neurons, j, b, step, problem):
    """Neuron j followed by itself: z, log scale, state, events."""
    z, state = neurons.z[j].copy(), neurons.state[j].copy()
    log, events, _ = follow(z, neurons.log_scale[j], neurons.sign[j], state, b, step, problem, lay_desk(problem))
    return z, log, state, events


@settings(max_examples=60)
@given(
    n=st.integers(2, 6),
    q=st.integers(2, 3),
    m=st.sampled_from([1, 5, 40]),
    seed=st.integers(0, 10**6),
    step=st.floats(0.02, 2.0),
    slope=st.sampled_from([0.0, 0.2]),
    opposite=st.booleans(),
)
def test_no_neuron_with_an_event_is_left_out(n, q, m, seed, step, slope, opposite):
    """Every neuron followed alone: those with events are the ones that are found, from their groups' D alone."""
    problem = oblique_problem(n, q, seed, slope=slope, opposite=opposite)
    neurons, b = oblique_network(problem, m, seed), line(n, seed)
    _, movers, followed, lumps = through_a_step(problem, neurons, b, step)
    # A neuron that is off wherever it doesn't slide stays there: relu'(0) = 0, whatever comes.
    has_rows = np.repeat(np.diff(lumps.row) > 0, np.diff(lumps.start))[np.argsort(lumps.order)]
    expected = [j for j in range(m) if has_rows[j] and alone(neurons, j, b, step, problem)[3] > 0]
    marked = lumps.order[lumps.start[movers[:, 0]] + movers[:, 1]]
    assert set(expected) <= set(marked)
    assert sorted(followed.neuron[: followed.total[0]]) == expected


@pytest.mark.parametrize("seed", range(4))
def test_after_a_step_every_neuron_is_where_it_is_alone(seed):
    problem = oblique_problem(5, 3, seed)
    neurons, b = oblique_network(problem, 60, seed), line(5, seed)
    moved, _, followed, _ = through_a_step(problem, neurons, b, 0.5)
    assert followed.total[0] > 5
    after = copy_neurons(neurons)
    cross(after, moved, followed, np.empty(4))
    lumps = lump(after, problem)
    for j in np.flatnonzero((neurons.state == ON).any(axis=1)):
        z, log, state, _ = alone(neurons, j, b, 0.5, problem)
        assert after.state[j].tolist() == state.tolist()
        size = np.abs(z[:4]).max()
        found = after.z[j, :4] * np.exp(after.log_scale[j] - log)
        assert found / size == pytest.approx(z[:4] / size, abs=1e-9)
        reach = np.abs(after.z[j, :3] @ problem.x.T)[state == SLIDING]
        assert (reach < 1e-14 * problem.length.max()).all()
    assert {tuple(state) for state in lumps.state} == {tuple(state) for state in after.state}


def test_neurons_that_nothing_pushes_are_nobody_s_business():
    problem = oblique_problem(4, 3, 0)
    neurons = oblique_network(problem, 30, 0, sliding=0.0)
    dead = neurons._replace(state=np.full_like(neurons.state, OFF))
    _, movers, followed, _ = through_a_step(problem, dead, line(4, 0), 1.0)
    assert len(movers) == followed.total[0] == 0
    still = oblique_network(problem, 30, 0)
    _, _, followed, _ = through_a_step(problem, still, np.zeros((SIZE, 4)), 1.0)
    assert followed.total[0] == 0


@pytest.mark.parametrize(("n", "q"), [(9, 2), (4, 3), (5, 8)])
def test_the_rates_towards_the_boundaries_are_those_of_d(n, q):
    """By way of D where points are many, straight from their inner products where they are few."""
    problem = oblique_problem(n, q, 0, slope=0.1)
    lumps, b = lump(oblique_network(problem, 50, 0), problem), line(n, 0)
    rates = np.empty((SIZE, n))
    for g, state in enumerate(lumps.state):
        force = n * force_on(state, b[2], problem)
        size = write_rates(lumps, g, b, 2, problem, np.empty(q), rates)
        assert size == pytest.approx(np.linalg.norm(force), abs=1e-7)  # a root: of rounding it is 1e-8
        assert rates[2] == pytest.approx(problem.x @ force, abs=1e-13 * n)


def followed_with(first, missed):
    _, found = lay_lists(oblique_network(oblique_problem(2, 2, 0), 5, 0))
    found.total[0] = len(first)
    found.first[:], found.missed[:] = 0.05, 1e9  # beyond the count nothing is read
    found.first[: len(first)], found.missed[: len(first)] = first, missed
    return found


def test_a_step_is_cut_at_the_crossing_with_which_too_much_is_missed():
    events = followed_with([0.3, 0.1, 0.2], [4.0, 1.0, 2.0])
    cuts = [worth_stopping_for(events, allowed) for allowed in (0.5, 1.5, 2.5, 3.5, 7.5)]
    # A little beyond it, so that the repeated step sees it happen.
    expected = [t + 1e-6 * (1.0 - t) for t in (0.1, 0.2, 0.2, 0.3)]
    assert cuts[:4] == pytest.approx(expected, abs=1e-9)
    assert cuts[4] == np.inf


def test_an_event_at_the_very_end_cuts_nothing_and_one_at_the_start_shortens_by_what_is_missed():
    assert worth_stopping_for(followed_with([1.0], [5.0]), 2.0) == np.inf
    assert worth_stopping_for(followed_with([0.0], [5.0]), 2.0) == pytest.approx(0.2)
    assert worth_stopping_for(followed_with([], []), 0.0) == np.inf


@pytest.mark.parametrize("seed", range(4))
def test_what_is_missed_is_the_neuron_s_own_way_against_its_group_s(seed):
    problem = oblique_problem(5, 3, seed, slope=0.1)
    neurons, b = oblique_network(problem, 60, seed), line(5, seed)
    moved, _, found, _ = through_a_step(problem, neurons, b, 0.5)
    after, carried = copy_neurons(neurons), copy_neurons(neurons)
    cross(after, moved, found, np.empty(4))
    gather(neurons, moved, carried.z, carried.log_scale, np.empty(4))

    def added(network, j):
        one = network._replace(**{name: getattr(network, name)[j : j + 1] for name in network._fields})
        return problem.y - residual_of(one, problem)

    for i in range(found.total[0]):
        j = found.neuron[i]
        expected = np.abs(added(after, j) - added(carried, j)).max()
        assert found.missed[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("a", "loses"), [(1.0, False), (-1.0, True)])
def test_one_point_is_lost_by_those_it_pushes_away(a, loses):
    """One orthogonal point with a positive label: neurons with a < 0 lose it, those with a > 0 never do."""
    problem = oblique_problem(1, 2, 0)
    w = (
        problem.x / problem.length[:, None] * 0.6
        + [[-0.8 * problem.x[0, 1], 0.8 * problem.x[0, 0]]] / problem.length
    )
    neurons = oblique_network(problem, 1, 0)._replace(
        z=np.array([[*w[0], a, 0.0]]), sign=np.array([a]), state=np.array([[ON]], dtype=np.int8)
    )
    _, movers, followed, _ = through_a_step(problem, neurons, np.ones((SIZE, 1)), 5.0)
    assert len(movers) == followed.total[0] == loses
