"""An output layer of another speed, against SciPy on the equations with that speed written out."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pipeline import RequestError, data_set, given_start, load_config, run, simulate, start, weights
from pipeline.flow.output_speed import gradient_norms

SAMPLES = np.linspace(0.0, 3.0, 7)


def witness(x, y, w, a, slope, speed):
    """The residual by Runge-Kutta steps: dw_j/dt = a_j D_j, da_j/dt = eta <D_j, w_j>."""
    m, d = w.shape

    def velocity(_, theta):
        w, a = theta[: m * d].reshape(m, d), theta[m * d :]
        before = w @ x.T
        derivative = np.where(before > 0, 1.0, slope)
        force = (derivative * (y - a @ (derivative * before))) @ x / len(y)
        return np.concatenate([(a[:, None] * force).ravel(), speed * (force * w).sum(axis=1)])

    found = solve_ivp(velocity, (0.0, SAMPLES[-1]), np.concatenate([w.ravel(), a]), t_eval=SAMPLES, rtol=1e-10,
                      atol=1e-12, max_step=0.02)  # fmt: skip
    return found.y[: m * d].reshape(m, d, -1), found.y[m * d :]


@pytest.mark.parametrize("seed", range(20))
def test_the_flow_is_that_of_the_equations(seed):
    generator = np.random.default_rng(seed)
    n, d, m, speed = 4, 2, 3, float(10.0 ** generator.uniform(-1.0, 1.0))
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    w, a = generator.standard_normal((m, d)), generator.standard_normal(m)
    slope = float(generator.choice([0.3, 0.6, 1.0]))  # gentle: boundaries are crossed, and seldom slid along
    trajectory = simulate(
        data_set(x, y), given_start(w, a), slope=slope, output_speed=speed, sample_times=SAMPLES, tolerance=1e-8
    )
    if (trajectory["activation"].values == 3).any():
        pytest.skip("a neuron slides, which Runge-Kutta steps do not")
    other_w, other_a = witness(x, y, w, a, slope, speed)
    for place, time in enumerate(SAMPLES):
        found = weights(trajectory, time)
        np.testing.assert_allclose(found.w, other_w[..., place], atol=3e-5)
        np.testing.assert_allclose(found.a, other_a[:, place], atol=3e-5)


def test_the_gradient_is_the_loss_s_own():
    """With speed 1 the two ways to compute its norm agree, sliding neurons included; the loss falls by it."""
    x, y = [[1.0, 2.0], [2.0, -1.0], [-1.5, 0.5], [0.3, 0.4]], [1.0, -0.5, 0.3, 2.0]
    data = data_set(x, y)
    init = start(data, width=12, log10_scale=-1, seed=3)
    plain = simulate(data, init, samples=60)
    assert (plain["activation"].values == 3).any()
    names = ("log_norm", "direction", "output_ratio", "activation")
    found = gradient_norms(
        np.array(x), plain["residual"].values, {name: plain[name].values for name in names}, 0.0
    )
    largest = plain["gradient_norm"].values.max()
    np.testing.assert_allclose(found, plain["gradient_norm"].values, atol=1e-5 * largest)


def test_what_is_kept_is_the_imbalance_with_the_speed():
    data = data_set([-1.0, 0.5, 2.0], [1.0, -1.0, 0.5], bias=True)
    trajectory = simulate(data, start(data, width=8, log10_scale=-400), output_speed=9.0, samples=30)
    size = np.exp(2 * trajectory["log_norm"].values)
    kept = size * (trajectory["output_ratio"].values ** 2 - 9.0)
    assert np.abs(kept - kept[0]).max() < 1e-9
    assert trajectory.attrs["output_speed"] == 9.0
    # From a small start a neuron grows until |a| = 3 |w|, where both layers grow at one rate.
    last = np.abs(trajectory["output_ratio"].values[-1])
    np.testing.assert_allclose(last[size[-1] > 1e-3], 3.0, rtol=1e-6)


def test_a_run_says_so_and_the_paper_s_statements_do_not_apply():
    keys = {"flow.output_speed": 4.0, "init.width": 6, "flow.samples": 20}
    tree = run(load_config("orthogonal", keys))
    statements = tree["statements"].to_dataset()
    assert not (statements["verdict"] == 2).any()
    reasons = " ".join(np.atleast_1d(statements["verdict"].attrs["reasons"]))
    assert "the output layer is 4 times as fast" in reasons
    fall = -np.diff(tree["trajectory"]["loss"].values)
    assert (fall >= -1e-12).all()


@pytest.mark.parametrize("speed", [0.0, -1.0, np.inf, 1e7])
def test_the_limits_are_another_flow(speed):
    data = data_set([1.0], [1.0])
    with pytest.raises(RequestError, match=r"output_speed = .*from 1e-06 to 1e\+06"):
        simulate(data, start(data), output_speed=speed)
    with pytest.raises(RequestError, match=r"allowed with flow\.method = 'exact' only"):
        simulate(data, start(data), output_speed=2.0, method="gradient_descent", end_time=1.0)
