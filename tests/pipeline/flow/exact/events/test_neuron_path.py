"""One neuron through its events: against closed forms, an ODE solver between them, and a rounded-off ReLU.

The rounded ReLU (:func:`twins.rounded_flow`) has no events, no states, no choices: Filippov's flow is its limit.
"""

import numpy as np
import pytest
from amounts import amount
from scipy.integrate import solve_ivp
from steps import follow, make_event_workspace
from twins import bernstein_form, force_on, generator_matrix, oblique_problem, rounded_flow, states_at
from witness import callable_kernel

from pipeline.flow.exact.events import boundary_times, pattern_force
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.propagation import bernstein, magnus
from pipeline.flow.exact.propagation.bernstein import SIZE

restrict = callable_kernel(bernstein.restrict)
read_pattern = callable_kernel(pattern_force.read_pattern)
write_speeds = callable_kernel(boundary_times.write_speeds)


def line(first, last):
    """The Bernstein coefficients of residuals that go straight from ``first`` to ``last``."""
    first, last = np.asarray(first, dtype=float), np.asarray(last, dtype=float)
    return first + np.linspace(0.0, 1.0, SIZE)[:, None] * (last - first)


class Followed:
    """One neuron (w, a) followed through a step, or through ``parts`` equal steps, in plain units.

    Within a step its path has the error of one Magnus step: none where D keeps its direction.
    """

    def __init__(self, z, state, b, step, problem, parts=1):
        z, q = np.asarray(z, dtype=float), problem.x.shape[1]
        c = z[q] ** 2 - z[:q] @ z[:q]
        c = 0.0 if abs(c) < 1e-14 * (z @ z) else c
        carried, self.state = np.append(z, c), np.array(state, dtype=np.int8)
        log, self.events, self.unique, found = 0.0, 0, True, []
        work, h, piece = make_event_workspace(problem), step / parts, np.empty_like(b)
        for i in range(parts):
            restrict(b, i / parts, (i + 1) / parts, piece)
            sign = np.sign(z[q]) if c >= 0.0 else 0.0
            log, events, unique = follow(carried, log, sign, self.state, (piece, h), problem, work)
            self.events, self.unique = self.events + events, self.unique and unique
            found.append(h * (i + work.path.times[np.isfinite(work.path.times)]))
        self.times = np.concatenate(found)
        self.z, self.c = np.exp(log) * carried[: q + 1], np.exp(2 * log) * carried[q + 1]

    def instants(self):
        """The times of the events, those of one instant once."""
        return self.times[np.append(True, np.diff(self.times) > 1e-7)]


def pieces(z, states, times, b, step, problem):
    """The neuron at ``times`` and at the step's end, its pattern being ``states`` in turn, by DOP853."""
    found = []
    for state, start, stop in zip(states, [0.0, *times], [*times, step], strict=True):

        def flow(t, z, state=np.array(state, dtype=np.int8)):  # noqa: B008
            return generator_matrix(force_on(state, bernstein_form(b)(min(t / step, 1.0)), problem)) @ z

        z = solve_ivp(flow, (start, stop), z, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
        found.append(z)
    return np.array(found)


@pytest.mark.parametrize("length", [5.0, 250.0])
def test_the_time_of_a_crossing_is_that_of_the_closed_form(length):
    """For r constant: <w, x> falls to 0 when tanh(delta t) = -p/a; also in a step of hundreds of e-folds."""
    problem = make_problem(np.array([[0.6, 0.8]]), np.array([1.0]))
    w = np.array([0.8, 0.6])
    found = Followed([*w, -1.0], [ON], line([1.0], [1.0]), length, problem)
    assert found.times == pytest.approx([np.arctanh(0.96)], rel=1e-12)
    assert found.state == [OFF]
    # What is orthogonal to the point never moves; it is all that is left.
    assert found.z == pytest.approx([*(w - 0.96 * problem.x[0]), -np.sqrt(1 - 0.96**2)], abs=1e-13)


def test_a_neuron_is_followed_through_all_its_crossings():
    """s = -1 and two positive labels at orthogonal points: both are lost, and the rest of w stays for ever."""
    problem = make_problem(np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]), np.array([1.0, 1.0]))
    b, z = line([1.0, 1.0], [1.0, 1.0]), np.array([0.6, 0.48, 0.64, -1.0])
    found = Followed(z, [ON, ON], b, 50.0, problem)
    assert (found.events, found.unique) == (2, True)
    assert found.state.tolist() == [OFF, OFF]
    assert found.z[:3] == pytest.approx([0.0, 0.0, 0.64], abs=1e-13)
    at = pieces(z, [[ON, ON], [ON, OFF], [OFF, OFF]], found.times, b, 50.0, problem)
    assert (at[0, 1], at[1, 0]) == pytest.approx((0.0, 0.0), abs=1e-10)


def test_a_neuron_that_is_off_is_moved_on():
    """a > 0 and the points that are on move it over: x_1 = (1, 0) goes on, and has a force from then on."""
    problem = make_problem(np.array([[1.0, 0.0], [0.6, 0.8]]), np.ones(2))
    b, z = line([1.0, 1.0], [0.5, 1.0]), np.array([-0.6, 0.8, 1.0])
    found = Followed(z, states_at(z[:2], problem), b, 4.0, problem, parts=60)
    assert (found.events, found.state.tolist()) == (1, [ON, ON])
    at = pieces(z, [[OFF, ON], [ON, ON]], found.times, b, 4.0, problem)
    assert at[0, 0] == pytest.approx(0.0, abs=1e-10)
    assert found.z == pytest.approx(at[-1], rel=1e-9)


SLIDE = np.array([[1.0, 0.0], [0.6, 0.8]])
"""With r_1 < 0 < r_2: x_2 moves a neuron with a > 0 towards x_1's boundary, x_1 back."""


@pytest.mark.parametrize(("sign", "flip"), [(1.0, 1.0), (-1.0, -1.0)])
@pytest.mark.parametrize("began", [ON, OFF])
@pytest.mark.parametrize(
    ("last", "step", "leaves", "after"),
    [
        ([-2.0, 1.0], 3.0, None, SLIDING),
        ([1.0, 1.0], 3.0, 1.4, ON),  # theta = 1: 0.6 r_2 + r_1 = 0, where r_1 = t - 2
        ([-2.0, -0.5], 3.0, 2.0, OFF),  # theta = 0: r_2 = 1 - t/2 = 0
    ],
)
def test_a_neuron_slides_until_its_multiplier_leaves_0_to_1(sign, flip, began, last, step, leaves, after):
    problem = make_problem(SLIDE, np.ones(2))
    b = flip * line([-2.0, 1.0], last)
    z = np.array([0.3 if began == ON else -0.3, 0.8, sign * np.hypot(0.3, 0.8)])
    found = Followed(z, [began, ON], b, step, problem, parts=60)
    assert found.unique
    assert found.state.tolist() == [after, ON]
    times = [found.times[0]] if leaves is None else [found.times[0], leaves]
    if leaves is not None:
        assert found.times[1] == pytest.approx(leaves, abs=1e-8)
    at = pieces(z, [[began, ON], [SLIDING, ON], [after, ON]][: len(times) + 1], times, b, step, problem)
    assert at[0, 0] == pytest.approx(0.0, abs=1e-9)
    # Beyond theta = 0 and 1 the velocity starts at 0: an instant that is 1e-8 off moves w by its square.
    assert found.z == pytest.approx(at[-1], abs=1e-8)
    assert abs(found.z[2]) == pytest.approx(np.linalg.norm(found.z[:2]), rel=1e-13)
    if leaves is None:
        assert found.z[0] == 0.0


SHRINK = np.array([[1.0, 0.0], [-0.6, 0.8]])
"""With r_1 = -2 and r_2 = -1 a neuron with a > 0 slides down x_1's boundary: w_2' = -0.4 a, a' = -0.4 w_2."""
DOWN = line([-2.0, -1.0], [-2.0, -1.0])


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_balanced_neuron_shrinks_along_a_boundary_for_thousands_of_e_folds(sign):
    problem, step = make_problem(SHRINK, np.ones(2)), 600.0
    z, state, log = np.array([0.0, 1.0, sign, 0.0]), np.array([SLIDING, ON], dtype=np.int8), 0.0
    for i in range(1, 21):
        log, events, unique = follow(
            z, log, sign, state, (sign * DOWN, step), problem, make_event_workspace(problem)
        )
        assert (events, unique, state.tolist()) == (0, True, [SLIDING, ON])
        assert z[2] == pytest.approx(sign * z[1], rel=1e-14)
        assert np.log(z[1]) + log == pytest.approx(-0.4 * step * i, rel=1e-14)


def test_a_boundary_shared_by_opposite_points_is_one():
    """x_2 = -2 x_1: a neuron is on at one of the two, and slides along both or neither."""
    problem = make_problem(np.array([[1.0, 0.0], [-2.0, 0.0], [0.6, 0.8]]), np.ones(3))
    b = line([-1.0, -0.5, 1.0], [-1.0, -0.5, 1.0])
    z = np.array([0.1, 0.4, 0.5])
    found = Followed(z, [ON, OFF, ON], b, 3.0, problem)
    # Off x_1 and on x_2: <D, x_1> = (1 + 0.6)/3 > 0; on x_1: (-1 + 0.6)/3 < 0.
    assert found.state.tolist() == [SLIDING, SLIDING, ON]
    at = pieces(z, [[ON, OFF, ON], [SLIDING, SLIDING, ON]], found.times, b, 3.0, problem)
    assert at[0, 0] == pytest.approx(0.0, abs=1e-10)
    assert found.z == pytest.approx(at[-1], rel=1e-9, abs=1e-12)
    crossing = Followed(z, [ON, OFF, ON], line([-1.0, 1.0, 0.1], [-1.0, 1.0, 0.1]), 0.7, problem)
    assert crossing.state.tolist() == [OFF, ON, ON]


@pytest.mark.parametrize(("slope", "slides"), [(0.2, True), (0.7, False), (3.0, False)])
def test_a_leaky_relu_slides_where_its_two_sides_oppose(slope, slides):
    """<D, x_1> = (0.6 + phi' r_1)/2 with r_1 = -2: of both signs for phi' in {0.2, 1}, of one for {0.7, 1}."""
    problem = make_problem(SLIDE, np.ones(2), slope)
    b, z = line([-2.0, 1.0], [-2.0, 1.0]), np.array([0.1, 0.8, np.hypot(0.1, 0.8)])
    found = Followed(z, [ON, ON], b, 0.4, problem)
    between = SLIDING if slides else OFF
    assert found.state.tolist() == [between, ON]
    at = pieces(z, [[ON, ON], [between, ON]], found.times, b, 0.4, problem)
    assert found.z == pytest.approx(at[-1], rel=1e-9, abs=1e-12)


def test_two_boundaries_at_once_are_slid_along_together_and_left_together():
    """A corner, by symmetry: x_1 and x_2 are reached, and let go of, at the same instant."""
    problem = make_problem(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.7]]), np.ones(3))
    b = line([-2.0, -2.0, 1.0], [1.0, 1.0, 1.0])
    z = np.array([0.2, 0.2, 1.0, np.sqrt(1.08)])
    found = Followed(z, [ON, ON, ON], b, 3.0, problem, parts=60)
    assert found.unique
    assert found.state.tolist() == [ON, ON, ON]
    entry, leave = found.times.min(), 1.5  # r_1 + 0.5 r_3 = 0, where r_1 = t - 2
    assert found.instants() == pytest.approx([entry, leave], abs=1e-8)
    at = pieces(z, [[ON, ON, ON], [SLIDING, SLIDING, ON], [ON, ON, ON]], [entry, leave], b, 3.0, problem)
    assert at[0, :2] == pytest.approx([0.0, 0.0], abs=1e-10)
    assert found.z == pytest.approx(at[-1], abs=1e-9)


def test_a_corner_can_be_passed_along_one_boundary_only():
    """Both are reached at once; x_1 holds the neuron, x_2 lets it through."""
    problem = make_problem(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, -0.5, 0.7]]), np.ones(3))
    b = line([-2.0, -1.0, 1.0], [-2.0, -1.0, 1.0])
    # <D, x_1> = (-2 + 0.5)/3 and <D, x_2> = (-1 - 0.5)/3: the same speed towards both.
    z = np.array([0.2, 0.2, 1.0, np.sqrt(1.08)])
    found = Followed(z, [ON, ON, ON], b, 3.0, problem)
    assert found.state.tolist() == [SLIDING, OFF, ON]
    at = pieces(z, [[ON, ON, ON], [SLIDING, OFF, ON]], found.times[:1], b, 3.0, problem)
    assert at[0, :2] == pytest.approx([0.0, 0.0], abs=1e-10)
    assert found.z == pytest.approx(at[-1], abs=1e-9)


@pytest.mark.parametrize("gap", [1e-2, 1e-6, -1e-6, -1e-2])
def test_a_neuron_that_grazes_a_boundary(gap):
    """r_1 = 0, so the pattern does not matter: <w, x_1> is all but a parabola, whose lowest value is ``gap``."""
    problem = make_problem(np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones(2))
    b = line([0.0, -2.0], [0.0, 2.0])

    def lowest(w1):
        return pieces(np.array([w1, 1.0, 2.0]), [[ON, ON]] * 2, [0.5], b, 1.0, problem)[0, 0]

    w1 = 0.5
    for _ in range(6):  # Newton's method: the lowest point all but moves along with the start
        w1 -= lowest(w1) - gap
    z = np.array([w1, 1.0, 2.0])
    found = Followed(z, [ON, ON], b, 1.0, problem)
    assert found.state.tolist() == [ON, ON]
    assert found.unique
    assert found.events == (0 if gap > 0.0 else 2)
    at = pieces(z, [[ON, ON]] * (found.events + 1), found.times, b, 1.0, problem)
    assert at[:-1, 0] == pytest.approx(np.zeros(found.events), abs=1e-10)
    assert found.z == pytest.approx(at[-1], rel=1e-9)


def test_an_unbalanced_neuron_turns_where_a_changes_its_sign():
    """|a| < |w|: a < 0 turns w off D, but a grows, and takes it back before it has reached the boundary."""
    problem = make_problem(np.array([[1.0, 0.0]]), np.ones(1))
    b, z = line([1.0], [1.0]), np.array([1.0, 0.2, -0.5])
    found = Followed(z, [ON], b, 3.0, problem)
    assert (found.events, found.unique) == (0, True)
    assert found.z == pytest.approx(pieces(z, [[ON]], [], b, 3.0, problem)[-1], rel=1e-11)
    assert found.z[2] > 0.0
    assert found.c == pytest.approx(0.25 - 1.04, rel=1e-13)


def test_a_boundary_is_crossed_before_a_turns_and_crossed_back_after():
    """r_1 = 0: w_1 falls below 0 and comes back with the sign of a."""
    problem = make_problem(np.array([[1.0, 0.0], [0.1, 1.0]]), np.ones(2))
    b, z = line([0.0, 1.0], [0.0, 1.0]), np.array([0.003, 1.0, -0.3])
    found = Followed(z, [ON, ON], b, 3.0, problem)
    at = pieces(z, [[ON, ON], [OFF, ON], [ON, ON]], found.times, b, 3.0, problem)
    assert at[:2, 0] == pytest.approx([0.0, 0.0], abs=1e-10)
    assert found.z == pytest.approx(at[-1], rel=1e-9)
    assert (found.events, found.state.tolist(), found.unique) == (2, [ON, ON], True)


def test_a_sliding_neuron_whose_a_changes_its_sign_is_let_go_on_the_negative_side():
    """|a| < |w|: with a < 0 both sides push away from the boundary, and relu'(0) = 0 chooses."""
    problem = make_problem(SHRINK, np.ones(2))
    z, turn = np.array([0.0, 1.0, 0.5]), np.arctanh(0.5) / 0.4
    found = Followed(z, [SLIDING, ON], DOWN, 3.0, problem)
    assert not found.unique
    assert found.instants() == pytest.approx([turn], rel=1e-12)
    assert found.state.tolist() == [OFF, ON]
    at = pieces(z, [[SLIDING, ON], [OFF, ON]], [turn], DOWN, 3.0, problem)
    assert found.z == pytest.approx(at[-1], rel=1e-9)
    assert found.c == pytest.approx(-0.75, rel=1e-13)


@pytest.mark.parametrize(("slope", "rest"), [(0.0, OFF), (0.1, SLIDING)])
def test_a_neuron_whose_w_reaches_0_along_a_boundary_stops_there(slope, rest):
    """|a| > |w|: w reaches 0 in finite time, from where it could leave in any direction."""
    problem = make_problem(SHRINK, np.ones(2), slope)
    z, turn = np.array([0.0, 0.5, 1.0]), np.arctanh(0.5) / 0.4
    found = Followed(z, [SLIDING, ON], DOWN, 10.0, problem)
    assert not found.unique
    assert found.instants() == pytest.approx([turn], rel=1e-6)
    assert found.state.tolist() == [rest, rest]
    assert np.abs(found.z[:2]).max() < 1e-9
    assert found.z[2] == pytest.approx(np.sqrt(0.75), rel=1e-9)


def random_case(seed):
    """A neuron of any kind and a step in which about three e-folds of things happen."""
    generator = np.random.default_rng(seed)
    n, q = int(generator.integers(1, 6)), int(generator.integers(2, 4))
    slope = float(generator.choice([0.0, 0.0, 0.1, -0.5, 3.0]))
    problem = oblique_problem(n, q, seed, slope=slope, opposite=n > 2 and generator.random() < 0.3)
    first, last = generator.uniform(-2, 2, (2, n))
    if slope < 0.0:
        # Where r_k changes its sign while x_k alone pushes, both sides of its boundary begin to push away at once.
        last = np.copysign(last, first)
    b = line(first, last)
    w = generator.standard_normal(q)
    a = generator.choice([-1.0, 1.0]) * np.linalg.norm(w)
    if generator.random() < 0.4:
        a = generator.uniform(-2, 2) * np.linalg.norm(w)
    fastest = (np.abs(b).max(axis=0) * problem.length).sum() / n * max(1.0, abs(slope))
    return problem, np.append(w, a) / np.linalg.norm(w), b, 3.0 / fastest


def compared_with_the_rounded_flow(seed):
    """The neuron at the end of a random case, what it may be off by, and what was found; None if neither."""
    problem, z, b, step = random_case(seed)
    q = problem.x.shape[1]
    found = Followed(z, states_at(z[:q], problem), b, step, problem, parts=24)
    if not found.unique or (problem.negative_slope == 0.0 and (found.state == OFF).all()):
        return None  # off everywhere it rests on the boundary by relu'(0) = 0; rounded off it might return
    coarse, fine = (
        rounded_flow(z, b, step, problem.x, problem.negative_slope, width, int(24 / width))
        for width in (8e-4, 2e-4)
    )
    return found, fine, np.abs(fine - coarse).max()


def assert_moves_as_with_a_rounded_off_relu(seeds):
    for seed in seeds:
        if (compared := compared_with_the_rounded_flow(seed)) is not None:
            found, expected, error = compared
            assert found.z == pytest.approx(expected, abs=2.0 * error + 1e-5), seed


def test_any_neuron_moves_as_with_a_rounded_off_relu():
    assert_moves_as_with_a_rounded_off_relu(range(amount(3, 15)))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_of_two_thousand_neurons_moves_as_with_a_rounded_off_relu():
    assert_moves_as_with_a_rounded_off_relu(range(15, 2050))


def test_the_random_neurons_do_slide_and_cross():
    """The test above tests what it should: among its neurons are those with events, and those that end sliding."""
    found = []
    for seed in range(60):
        problem, z, b, step = random_case(seed)
        found.append(Followed(z, states_at(z[: problem.x.shape[1]], problem), b, step, problem, parts=12))
    assert sum(one.events > 0 for one in found) > 20
    assert sum(one.events > 1 for one in found) > 5
    assert sum(SLIDING in one.state for one in found) > 5
    assert sum(not one.unique for one in found) < 6


def test_a_neuron_that_comes_straight_down_on_0_stops_there():
    """In the plane, w along the one point that moves it, |a| > |w|: from 0 it could leave in any direction."""
    problem = make_problem(np.array([[1.0, 0.0], [-0.6, 0.8]]), np.array([1.0, 1.0]))
    found = Followed([0.5, 0.0, -1.0], [ON, OFF], line([1.0, 1.0], [1.0, 1.0]), 4.0, problem)
    assert not found.unique
    assert found.times[0] == pytest.approx(2.0 * np.arctanh(0.5))
    assert found.state.tolist() == [OFF, OFF]
    assert np.isfinite(found.z).all()
    assert 0.0 < np.linalg.norm(found.z[:2]) < 1e-11
    assert found.z[2] == pytest.approx(-np.sqrt(0.75))


@pytest.mark.parametrize(("n", "q"), [(5, 3), (80, 50)])
def test_the_force_and_the_speeds_are_those_of_the_definition_by_loops_and_by_products(n, q):
    problem = oblique_problem(n, q, 0, slope=0.2)
    assert (SIZE * n * q > magnus.PRODUCT_SIZE) == (n == 80)
    generator = np.random.default_rng(1)
    w, b = generator.standard_normal(q), generator.uniform(-1, 1, (SIZE, n))
    state, work = states_at(w, problem, (2,)), make_event_workspace(problem).path
    work.curve[:] = b
    z = np.array([*w, 1.0, 0.0])
    count, dependent, bulk = read_pattern(z, state, problem, work)
    expected = np.array([force_on(state, r, problem) for r in b])
    assert (count, dependent) == (1, 0)
    assert bulk == pytest.approx((np.abs(b) @ problem.length).max() / n)
    assert work.force == pytest.approx(expected, abs=1e-13)
    assert z[:q] @ problem.x[2] == pytest.approx(0.0, abs=1e-13)
    write_speeds(work.force, problem.x, work.roots.speeds)
    assert work.roots.speeds == pytest.approx(expected @ problem.x.T, abs=1e-12)
