"""Trajectories that are known in closed form, or by an equation of a few numbers: sliding, and linear networks."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from witness import points, start, witness

from catalog.schema import conform, variable
from pipeline.flow import simulate

SLIDING = variable("trajectory", "activation").flag("sliding")


def network(w, a, log_scale=0.0):
    """The initial dataset of plain weights in units of exp(log_scale)."""
    w, a = np.asarray(w, dtype=float), np.asarray(a, dtype=float)
    norm = np.linalg.norm(w, axis=1)
    ratio = a / norm
    return conform(
        "initial",
        {
            "log_norm": np.log(norm) + log_scale,
            "direction": w / norm[:, None],
            "output_ratio": np.where(np.abs(np.abs(ratio) - 1.0) < 1e-15, np.sign(ratio), ratio),
            "log_init_scale": log_scale,
        },
    )


@pytest.mark.parametrize("m", [1, 7])
@pytest.mark.parametrize("log_start", [-3.0, -300.0])
def test_neurons_that_slide_obey_the_logistic_equation(m, log_start):
    """x_1 = (1, 0) with y_1 = -1 holds every neuron with a > 0 on its boundary; x_2 = (0.6, 0.8) makes it grow.

    With w_j = (0, p_j), a_j = p_j and u = sum p_j^2: du/dt = 0.8 u (1 - 0.8 u), and h(x_1) = 0 for ever.
    """
    data = points([[1.0, 0.0], [0.6, 0.8]], [-1.0, 1.0])
    share = np.sqrt(np.arange(1.0, m + 1) / np.arange(1.0, m + 1).sum())
    init = network(np.outer(share, [0.0, 1.0]), share, log_start)
    times = np.linspace(0.0, -4.0 * log_start, 201)
    trajectory = simulate(data, init, tolerance=1e-8, sample_times=times)
    u = 1.25 / (1.0 + (1.25 * np.exp(-2.0 * log_start) - 1.0) * np.exp(-0.8 * times))
    assert trajectory["residual"].values[:, 0] == pytest.approx(-1.0)
    assert trajectory["residual"].values[:, 1] == pytest.approx(1.0 - 0.8 * u, abs=1e-8)
    assert (trajectory["activation"].values[1:, :, 0] == SLIDING).all()
    assert (trajectory["direction"].values == [0.0, 1.0]).all()
    assert (trajectory["output_ratio"].values == 1.0).all()


def test_sliding_ends_when_the_multiplier_says():
    """Another neuron fits x_1's label meanwhile: once r_1 > -0.6 r_2 the boundary lets the neuron go."""
    data = points([[1.0, 0.0], [0.6, 0.8]], [-1.0, 1.0])
    init = network([[0.0, 0.1], [0.2, -0.15]], [0.1, -0.25])
    trajectory = simulate(data, init, tolerance=1e-8, samples=400)
    state, r = trajectory["activation"].values[:, 0, 0], trajectory["residual"].values
    force = 0.6 * r[:, 1] + r[:, 0]
    first = int(np.flatnonzero(state[1:] != SLIDING)[0]) + 1
    assert first > 10
    assert (state[1:first] == SLIDING).all()
    assert (force[1:first] < 1e-6).all()
    assert force[first] > -1e-6
    assert trajectory.attrs["status"] == "converged"


def test_a_linear_network_with_one_point_ends_where_the_closed_form_says():
    """slope = 1, n = 1: the light-cone parts of all neurons grow and fall as one, sum A^2 - B^2 = y at the end."""
    data = points([[1.0, 0.0]], [2.0])
    w, a = np.array([[0.3, 0.4], [-0.2, 0.1], [0.5, -0.3]]), np.array([0.1, -0.7, 0.2])
    trajectory = simulate(data, network(w, a), tolerance=1e-9, slope=1.0)
    grown, fallen = np.sum((w[:, 0] + a) ** 2) / 4, np.sum((w[:, 0] - a) ** 2) / 4
    s = 0.5 * np.log((2.0 + np.sqrt(4.0 + 4.0 * grown * fallen)) / (2.0 * grown))
    expected = w[:, 0] * np.cosh(s) + a * np.sinh(s)
    found = np.exp(trajectory["log_norm"].values[-1]) * trajectory["direction"].values[-1, :, 0]
    assert found == pytest.approx(expected, rel=1e-8)
    assert trajectory.attrs["status"] == "converged"


@pytest.mark.parametrize("seed", range(3))
def test_a_linear_network_obeys_the_equation_of_its_one_matrix(seed):
    """slope = 1: M = sum z_j z_j^T obeys dM/dt = G(D) M + M G(D), with D = X^T (y - X sum a_j w_j)/n."""
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((4, 3)), generator.standard_normal(4)
    z = 0.3 * generator.standard_normal((9, 4))

    def flow(_, moment):
        moment = moment.reshape(4, 4)
        matrix = np.zeros((4, 4))
        matrix[:3, 3] = matrix[3, :3] = x.T @ (y - x @ moment[:3, 3]) / 4
        return (matrix @ moment + moment @ matrix).ravel()

    times = np.linspace(0.0, 30.0, 31)
    moments = solve_ivp(flow, (0, 30), (z.T @ z).ravel(), "DOP853", t_eval=times, rtol=1e-12, atol=1e-14).y.T
    init = network(z[:, :3], z[:, 3])
    trajectory = simulate(points(x, y), init, tolerance=1e-9, sample_times=times, slope=1.0)
    beta = moments.reshape(-1, 4, 4)[:, :3, 3]
    assert trajectory["residual"].values == pytest.approx(y - beta @ x.T, abs=3e-9)


@pytest.mark.parametrize("slope", [0.3, 2.0])
def test_a_leaky_relu_agrees_with_scipy(slope):
    data = points([[1.0, 0.2], [0.1, 1.0]], [1.0, 0.8])
    init = start(data, width=12, log10_scale=-1)
    times = np.linspace(0.0, 30.0, 31)
    trajectory = simulate(data, init, tolerance=1e-9, sample_times=times, slope=slope)
    assert not (trajectory["activation"] == SLIDING).any()
    expected = witness(data, init, times, slope=slope, rtol=1e-11)
    assert trajectory["residual"].values == pytest.approx(expected, abs=3e-8)


def test_with_a_negative_slope_balanced_descent_converges_to_it():
    """Neurons slide there, and a general solver chatters without end: descent with smaller and smaller steps."""
    data = points([[1.0, 0.2], [0.1, 1.0]], [1.0, 0.8])
    init = start(data, width=12, log10_scale=-1)
    times = np.linspace(0.0, 30.0, 31)
    settings = {"sample_times": times, "slope": -0.4}
    exact = simulate(data, init, tolerance=1e-9, **settings)
    assert (exact["activation"] == SLIDING).any()
    errors = []
    for step in (4e-3, 1e-3):
        found = simulate(data, init, method="gradient_descent:balanced", step_size=step, **settings)
        errors.append(np.abs(found["residual"].values - exact["residual"].values).max())
    assert errors[1] < 0.5 * errors[0] < 0.02
