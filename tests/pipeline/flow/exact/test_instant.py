"""What is decided at one instant, by its definition: the forces of the two patterns beside a boundary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twins import force_on, oblique_problem, states_at
from witness import callable_kernel

from pipeline.flow.exact import desk as desks
from pipeline.flow.exact import instant
from pipeline.flow.exact.states import OFF, ON, SLIDING

lay_desk = callable_kernel(desks.lay_desk)
put_beside = callable_kernel(instant.put_beside)
read_pattern = callable_kernel(instant.read_pattern)
rightful_state = callable_kernel(instant.rightful_state)
set_state = callable_kernel(instant.set_state)
sign_of_output = callable_kernel(instant.sign_of_output)
TOUCHED, SLID = 0, 3
"""The points whose boundary is reached, and slid along already."""


@pytest.mark.parametrize(
    ("sign", "a", "force", "expected"),
    [
        (-1.0, 2.0, 1.0, -1.0),
        (1.0, -2.0, -1.0, 1.0),
        (0.0, 2.0, -1.0, 1.0),
        (0.0, -2.0, 1.0, -1.0),
        (0.0, 0.0, 1.0, 1.0),
        (0.0, 0.0, -1.0, -1.0),
    ],
)
def test_the_sign_of_a_is_kept_or_read_or_that_of_its_speed(sign, a, force, expected):
    """a' = <D, w>, eq. (4): from a = 0 it goes to that side."""
    z = np.array([0.5, 0.25, a, 0.0])
    assert sign_of_output(z, sign, np.array([[force, force]])) == expected


@given(
    seed=st.integers(0, 200),
    s=st.sampled_from([-1.0, 1.0]),
    slope=st.sampled_from([0.0, 0.3]),
    opposite=st.booleans(),
    slides=st.booleans(),
    before=st.sampled_from([ON, OFF]),
)
def test_a_boundary_that_is_reached_is_crossed_or_slid_along_as_the_speeds_beside_it_say(
    seed, s, slope, opposite, slides, before
):
    """Filippov's rule, also where another boundary is slid along that is oblique to the one that is reached."""
    problem = oblique_problem(6, 4, seed, slope=slope, opposite=opposite)
    generator = np.random.default_rng(seed)
    state = states_at(generator.standard_normal(4), problem, (SLID,) if slides else ())
    set_state(state, problem.opposite, TOUCHED, before)
    residual = generator.uniform(-1.0, 1.0, 6)
    desk = lay_desk(problem)
    desk.curve[:] = residual
    count, _ = read_pattern(np.append(generator.standard_normal(4), [1.0, 0.0]), state, problem, desk)

    def speed(beside):
        there = state.copy()
        set_state(there, problem.opposite, TOUCHED, beside)
        return s * force_on(there, residual, problem) @ problem.x[TOUCHED]

    on, off = speed(ON), speed(OFF)
    if before == ON:
        expected = ON if on >= 0.0 else SLIDING if off > 0.0 else OFF
    else:
        expected = OFF if off <= 0.0 else SLIDING if on < 0.0 else ON
    assert rightful_state(state, TOUCHED, s, problem, desk, count, 0, 1e-13) == expected


@pytest.mark.parametrize("positive", [True, False])
def test_a_neuron_at_0_is_put_beside_a_boundary_and_stays_that_small(positive):
    problem = oblique_problem(3, 2, 0)
    z = np.array([0.0, 0.0, -4.0, 16.0])
    put_beside(z, 1, positive, problem)
    along = z[:2] @ problem.x[1] / problem.length[1]
    assert along == pytest.approx(4e-12 if positive else -4e-12, rel=1e-12)
    assert np.linalg.norm(z[:2]) == pytest.approx(4e-12, rel=1e-12)
    assert z[3] == 16.0
