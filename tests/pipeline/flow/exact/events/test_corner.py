"""The states at a corner by their definition: where the velocity of the pattern leads."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from twins import force_on
from witness import callable_kernel

from pipeline.flow.exact.events import corner
from pipeline.flow.exact.events.contacts import CONTACT, Contact
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.problem import make_problem

decide_corner = callable_kernel(corner.decide_corner)


def corner_problem(seed, p, slope, grid, opposite):
    """A neuron at the boundaries of ``count`` points whose normals span p dimensions, and a few other points."""
    generator = np.random.default_rng(seed)
    count, q = int(generator.integers(p, p + 3)), p + int(generator.integers(1, 3))
    x = np.zeros((count + 3, q))
    x[:count, :p] = generator.integers(-2, 3, (count, p)) if grid else generator.standard_normal((count, p))
    x[:p, :p] += 5 * np.eye(p)
    x[:count][~x[:count].any(axis=1), 0] = 1.0
    x[count:] = generator.standard_normal((3, q))
    if opposite:
        x = np.vstack([x, -0.5 * x[:1]])
    rotation = np.linalg.qr(generator.standard_normal((q, q)))[0]
    w = np.append(np.zeros(p), generator.standard_normal(q - p)) @ rotation
    x = x @ rotation
    keep = [k for k in range(len(x)) if not any(parallel(x[k], x[l]) for l in range(k))]
    problem = make_problem(x[keep], generator.standard_normal(len(keep)), slope)
    along = x[keep] @ w
    contact = np.abs(along) < 1e-12
    state = np.where(along > 0, ON, OFF).astype(np.int8)
    state[contact] = generator.choice([OFF, ON], contact.sum())
    for k in np.flatnonzero(problem.opposite >= 0):
        if problem.opposite[k] < k and contact[k]:
            state[k] = OFF if state[problem.opposite[k]] == ON else ON
    return problem, np.append(w, [1.0, 0.0]), state, contact, generator.standard_normal(len(keep))


def parallel(u, v):
    return np.abs(u / np.linalg.norm(u) - v / np.linalg.norm(v)).max() < 1e-12


@settings(max_examples=amount(48, 300))
@given(
    seed=st.integers(0, 10**6),
    p=st.integers(1, 4),
    slope=st.sampled_from([0.0, 0.0, 0.3, -0.5, 2.0]),
    grid=st.booleans(),
    opposite=st.booleans(),
    s=st.sampled_from([-1.0, 1.0]),
)
def test_the_velocity_leads_where_the_states_say(seed, p, slope, grid, opposite, s):
    """Off where it leads to the negative side, on to the positive; where it slides some multipliers hold it."""
    problem, z, state, contact, r = corner_problem(seed, p, slope, grid, opposite)
    before = state.copy()
    decide_corner(Contact(z, s, np.int64(-1), CONTACT), state, r, problem, 1e-12)
    assert (state[~contact] == before[~contact]).all()
    velocity = s * force_on(state, r, problem)
    speed = problem.x @ velocity / problem.length
    for k in np.flatnonzero(contact):
        l = problem.opposite[k]
        if state[k] == SLIDING:
            assert speed[k] == pytest.approx(0.0, abs=1e-9)
            assert l < 0 or state[l] == SLIDING
        else:
            assert (speed[k] if state[k] == ON else -speed[k]) >= -1e-9
            assert l < 0 or {state[k], state[l]} == {OFF, ON}
    slid = [k for k in np.flatnonzero(state == SLIDING) if not 0 <= problem.opposite[k] < k]
    if slid:
        lowest = state.copy()
        jumps = np.zeros((len(slid), problem.x.shape[1]))
        for i, k in enumerate(slid):
            lowest[k] = OFF
            jumps[i] = (1.0 - slope) / len(r) * r[k] * problem.x[k]
            if (l := problem.opposite[k]) >= 0:
                lowest[l] = ON
                jumps[i] -= (1.0 - slope) / len(r) * r[l] * problem.x[l]
        base = force_on(lowest, r, problem)
        normals = problem.x[slid]
        assert linprog(
            np.zeros(len(slid)), A_eq=(jumps @ normals.T).T, b_eq=-normals @ base, bounds=(-1e-9, 1 + 1e-9)
        ).success


@given(
    s=st.sampled_from([-1.0, 1.0]),
    below=st.floats(-1.0, 1.0).filter(lambda v: abs(v) > 1e-3),
    above=st.floats(-1.0, 1.0).filter(lambda v: abs(v) > 1e-3),
    before=st.sampled_from([OFF, ON]),
)
def test_one_boundary_is_crossed_or_slid_along_as_the_speeds_beside_it_say(s, below, above, before):
    """Where both sides lead away the neuron stays on the side that it was on, and the flow is not unique."""
    x = np.array([[1.0, 0.0], [0.5, 1.0]])
    problem = make_problem(x, np.ones(2))
    # <D, x_1> is 0.5 r_2/2 with the point off, and r_1/2 more with it on.
    r = 2.0 * s * np.array([above - below, 2.0 * below])
    state = np.array([before, ON], dtype=np.int8)
    _, unique = decide_corner(
        Contact(np.array([0.0, 1.0, s, 0.0]), s, np.int64(0), CONTACT), state, r, problem, 1e-12
    )
    expected = (ON if above > 0.0 else SLIDING) if below > 0.0 else OFF if above < 0.0 else before
    assert state.tolist() == [expected, ON]
    assert unique == (not below < 0.0 < above)


def test_what_rests_at_a_boundary_that_it_could_leave_stays_off():
    """relu'(0) = 0: no other force is on the neuron, and on it would move away."""
    problem = make_problem(np.array([[1.0, 0.0]]), np.ones(1))
    state = np.array([OFF], dtype=np.int8)
    z = np.array([0.0, 1.0, 1.0, 0.0])
    assert decide_corner(Contact(z, 1.0, np.int64(-1), CONTACT), state, np.array([1.0]), problem, 1e-12) == (
        0,
        False,
    )
    assert decide_corner(Contact(z, -1.0, np.int64(-1), CONTACT), state, np.array([1.0]), problem, 1e-12) == (
        0,
        True,
    )
    assert state.tolist() == [OFF]


def test_points_of_one_line_turn_together():
    """Three points in a row and a bias; the neuron slides along the middle one and meets the others at once.

    x_1 and x_3 lie on different sides of x_2: where one goes on the other goes off.
    """
    problem = make_problem(
        np.array([[-1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.3, 1.0, 1.0]]), np.ones(4)
    )
    state = np.array([ON, SLIDING, OFF, ON], dtype=np.int8)
    r = np.array([0.0, -2.0, 1.0, 0.5])
    z = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    changed, unique = decide_corner(Contact(z, 1.0, np.int64(0), CONTACT), state, r, problem, 1e-12)
    assert state.tolist() == [OFF, SLIDING, ON, ON]
    assert (changed, unique) == (2, True)
