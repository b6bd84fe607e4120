"""One step: the polynomials that it assumes, its order with and without memory, and what it refuses."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from twins import bernstein_form, kernel_of, make_neurons, residual_of, states_at
from witness import callable_kernel

from pipeline.flow.exact.corrector import step as steps
from pipeline.flow.exact.corrector import workspace
from pipeline.flow.exact.corrector.workspace import LastStep, StepStart
from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.propagation.bernstein import SIZE

make_network = callable_kernel(pattern_groups.make_network)
copy_rows = callable_kernel(pattern_groups.copy_rows)
make_step_workspace = callable_kernel(workspace.make_step_workspace)
choose_polynomials = callable_kernel(steps.choose_polynomials)
write_curve = callable_kernel(steps.write_curve)
try_step = callable_kernel(steps.try_step)
worst_share = steps.worst_share.py_func


def three_points():
    """Three oblique points and neurons that lose none of them for a while."""
    problem = make_problem(np.array([[1.0, 0.3], [0.4, 1.0], [0.9, -0.2]]), np.array([1.0, 0.8, 0.5]))
    w = np.array([[0.8, 0.3], [0.5, 0.6], [0.9, 0.1], [-0.5, 1.5]])
    a = np.linalg.norm(w, axis=1) * [1.0, 0.9, -0.3, 1.0]
    return problem, make_neurons(w, a, states_at(w, problem), np.full(4, np.log(0.4)))


def smooth_last(curve, r, d, step):
    return LastStep(np.ascontiguousarray(curve), np.array(r, float), np.array(d, float), float(step), True)


def rough(n):
    return LastStep(np.zeros((SIZE, n)), np.zeros(n), np.zeros(n), 1.0, False)


@pytest.mark.parametrize(("rate", "remembering", "degree"), [(0.5, True, 5), (0.5, False, 3), (50.0, True, 2)])
def test_a_mode_s_polynomial_has_what_is_known_of_it(rate, remembering, degree):
    """Values and slopes at the right end and, unless it is stiff, at the left, and at the last step's start."""
    problem, _ = three_points()
    work, step, last_step = make_step_workspace(problem), 0.7, 0.4
    generator = np.random.default_rng(0)
    kernel0 = generator.standard_normal((3, 3))
    kernel0 = rate * np.eye(3) / step + 1e-3 * kernel0 @ kernel0.T
    r0, d0, last_r, last_d, work.assumed_r[:], work.assumed_d[:] = generator.standard_normal((6, 3))
    last = smooth_last(np.zeros((SIZE, 3)), last_r, last_d, last_step)._replace(smooth=remembering)
    start = StepStart(r0.copy(), d0.copy(), kernel0)
    order = choose_polynomials(start, step, last, 1e-6, work)
    write_curve(start, step, last, work)
    curve = bernstein_form(work.curve)
    slope = curve.derivative()
    known = [curve(1.0) - work.assumed_r, slope(1.0) / step - work.assumed_d, curve(0.0) - r0]
    if degree > 2:
        known.append(slope(0.0) / step - d0)
    if degree == 5:
        past = bernstein_form(work.curve)  # continued to the left of its step
        s = -last_step / step
        known += [past(s) - last_r, past.derivative()(s) / step - last_d]
    assert np.abs(known).max() < 1e-11
    s = np.linspace(0, 1, 7)
    assert np.polyfit(s, curve(s), 6)[: 6 - degree] == pytest.approx(0.0, abs=1e-9)
    assert order == (4 if degree == 3 else 6)  # a stiff mode only follows: it does not count
    assert work.stiff.all() == (degree == 2)


@pytest.mark.parametrize(("rate", "remembering"), [(0.5, True), (0.5, False), (50.0, True), (5.0, True)])
def test_the_weights_are_what_the_right_end_does_to_the_integral(rate, remembering):
    """Of each mode: d integral/dp = h A and d integral/dq = -h^2 B, by a difference (the integral is linear)."""
    problem, _ = three_points()
    work, step = make_step_workspace(problem), 0.7
    generator = np.random.default_rng(0)
    r0, d0, last_r, last_d = generator.standard_normal((4, 3))
    last = smooth_last(np.zeros((SIZE, 3)), last_r, last_d, 1.1)._replace(smooth=remembering)
    start = StepStart(r0.copy(), d0.copy(), rate / step * np.diag([1.0, 1.01, 1.02]))
    choose_polynomials(start, step, last, 1e-6, work)

    def integral(p, q):
        work.assumed_r[:], work.assumed_d[:] = work.modes @ p, work.modes @ q
        write_curve(start, step, last, work)
        return step * work.modes.T @ work.curve.mean(axis=0)

    nothing = integral(np.zeros(3), np.zeros(3))
    assert integral(np.ones(3), np.zeros(3)) - nothing == pytest.approx(step * work.weights.value, rel=1e-12)
    assert integral(np.zeros(3), np.ones(3)) - nothing == pytest.approx(-(step**2) * work.weights.slope, rel=1e-12)


def test_a_long_last_step_is_not_remembered():
    problem, _ = three_points()
    work = make_step_workspace(problem)
    for last_step, order in ((steps.FURTHEST_BACK * 0.99, 6), (steps.FURTHEST_BACK * 1.01, 4)):
        last = smooth_last(np.zeros((SIZE, 3)), np.zeros(3), np.zeros(3), last_step)
        start = StepStart(np.ones(3), -np.ones(3), np.eye(3))
        assert choose_polynomials(start, 1.0, last, 1e-6, work) == order


@pytest.mark.parametrize(("left", "turned"), [(1e-9, True), (1e-3, False)])
def test_beside_an_unfitted_point_the_last_movement_is_seen_in_the_kernel_s_modes(left, turned):
    """Of labels that stay only what the modes have left is to be resolved; it is no share of the labels."""
    problem, _ = three_points()
    work = make_step_workspace(problem)
    fast = np.array([1.0, 1.0, 1.0]) / np.sqrt(3)
    kernel0 = np.outer(fast, fast)
    r0 = np.array([1.0, -2.0, 1.0]) + left * fast
    choose_polynomials(StepStart(r0, -kernel0 @ r0, kernel0), 1.0, rough(3), 1e-6, work)
    found = steps.amplitude.py_func(work.modes, r0, int(np.argmax(work.decay_rates)))
    assert (abs(abs(found) - left) < 1e-12) == turned


def steps_of_equal_length(problem, neurons, end, count, remembering):
    """The residual at ``end`` after ``count`` equal steps, each corrected until it settles."""
    n, step = len(problem.y), end / count
    network, work = make_network(neurons, problem), make_step_workspace(problem)
    r0, kernel0 = residual_of(neurons, problem), kernel_of(neurons, problem)
    last = rough(n)
    for _ in range(count):
        work.assumed_r[:], work.assumed_d[:] = r0 - step * kernel0 @ r0, -kernel0 @ r0
        d0 = -kernel0 @ r0
        try_step(network, StepStart(r0, d0, kernel0), last, step, 1e-14, work)
        copy_rows(network.trial, network.groups)
        if remembering:
            last = smooth_last(work.curve.copy(), r0, d0, step)
        r0, kernel0 = work.end.r.copy(), work.end.kernel.copy()
    return r0


def reference(problem, neurons, end):
    """The same by DOP853 on the plain weights, the patterns fixed."""
    on = neurons.state == 2
    unit = np.exp(neurons.log_scale)[:, None]
    m, q = len(unit), problem.x.shape[1]

    def residual(theta):
        w, a = theta[: m * q].reshape(m, q), theta[m * q :]
        return problem.y - a @ (on * (w @ problem.x.T))

    def flow(_, theta):
        w, a = theta[: m * q].reshape(m, q), theta[m * q :]
        force = on * residual(theta) @ problem.x / len(problem.y)
        return np.concatenate([(a[:, None] * force).ravel(), np.sum(force * w, axis=1)])

    start = np.concatenate([(unit * neurons.z[:, :q]).ravel(), (unit[:, 0] * neurons.z[:, q])])
    return residual(solve_ivp(flow, (0.0, end), start, "DOP853", rtol=1e-13, atol=1e-15).y[:, -1])


COUNTS = np.array([12, 16, 24, 32])


def errors_of(kind, remembering):
    """At t = 3, for so many equal steps."""
    if kind == "oblique":
        problem, neurons = three_points()
    else:  # D keeps its direction: the boosts are exact, and all error is in the residual's polynomial
        problem = make_problem(np.array([[1.0]]), np.array([1.0]))
        neurons = make_neurons(np.array([[0.3]]), np.array([0.3]), np.array([[2]], dtype=np.int8), np.zeros(1))
    exact = reference(problem, neurons, 3.0)
    found = [steps_of_equal_length(problem, neurons, 3.0, count, remembering) for count in COUNTS]
    return np.abs(np.array(found) - exact).max(axis=1)


def order_of(errors):
    return -np.polyfit(np.log(COUNTS), np.log(errors), 1)[0]


@pytest.mark.parametrize("kind", ["oblique", "one"])
def test_equal_steps_without_memory_are_of_order_four(kind):
    assert order_of(errors_of(kind, False)) == pytest.approx(4.0, abs=0.2)


def test_equal_steps_with_memory_are_of_order_six():
    """Where D keeps its direction; elsewhere the Magnus method's order, 4, joins in, with its small constant."""
    assert order_of(errors_of("one", True)) == pytest.approx(6.0, abs=0.4)
    with_memory, without = errors_of("oblique", True), errors_of("oblique", False)
    assert (with_memory < 0.4 * without).all()
    assert order_of(with_memory) > order_of(without) + 0.5


def test_no_number_passes_for_a_small_error():
    assert worst_share(np.array([1e-3, -2e-3]), np.array([1e-3, 1e-3])) == pytest.approx(2.0)
    for bad in (np.nan, np.inf, -np.inf):
        assert worst_share(np.array([1e-3, bad]), np.ones(2)) == np.inf
