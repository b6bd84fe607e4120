"""Plain weights to labelled data and back: every size that floats have, and nothing that they don't."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from witness import paper_data, start

from catalog.schema import conform, validate
from pipeline.flow.weights import in_logarithms, label_trajectory, plain_weights, refuse_unbalanced
from pipeline.inputs.errors import RequestError

ACCOUNT = {"status": "end_time"}


def network(w, ratio, log_norm=None):
    w = np.asarray(w, dtype=float)
    norm = np.linalg.norm(w, axis=1)
    return conform(
        "initial",
        {
            "log_norm": np.log(norm) if log_norm is None else log_norm,
            "direction": w / norm[:, None],
            "output_ratio": ratio,
            "log_init_scale": 0.0,
        },
    )


def test_a_start_goes_to_weights_and_back():
    data = paper_data()
    init = start(data, width=7)
    w, a = plain_weights(init, "some")
    assert np.linalg.norm(w, axis=1) == pytest.approx(np.abs(a), rel=1e-14)
    trajectory = label_trajectory(data, init, np.zeros(1), w[None], a[None], slope=0.0, account=ACCOUNT)
    validate("trajectory", trajectory)
    for name in ("direction", "log_norm", "output_ratio"):
        assert trajectory[name].values[0] == pytest.approx(init[name].values, rel=1e-13)
    assert trajectory["coord"].attrs["labels"] == "x bias"
    assert trajectory.attrs["crossings"] == 0


@given(
    exponents=st.lists(st.integers(-323, 300), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_every_size_of_a_float_has_its_direction_and_logarithm(exponents, seed):
    generator = np.random.default_rng(seed)
    unit = generator.uniform(0.5, 1.0, (len(exponents), 3)) * generator.choice([-1.0, 1.0], (len(exponents), 3))
    w = unit * np.array([10.0**e for e in exponents])[:, None]
    direction, log_norm, ratio = in_logarithms(w[None], w[None, :, 0], unit)
    usable = np.abs(w).max(axis=1) > 1e-300  # below, w itself has few digits
    length = np.linalg.norm(unit, axis=1)
    assert direction[0, usable] == pytest.approx((unit / length[:, None])[usable], rel=1e-12)
    assert log_norm[0, usable] == pytest.approx(
        (np.log(length) + np.log(10.0) * np.array(exponents))[usable], abs=1e-10
    )
    assert ratio[0, usable] == pytest.approx((unit[:, 0] / length)[usable], rel=1e-12)
    assert np.isfinite(direction).all()
    assert np.isfinite(log_norm).all()


def test_a_neuron_below_the_smallest_float_keeps_its_last_direction():
    first = np.array([[1.0, 0.0], [0.0, 1.0]])
    w = np.array([[[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, -2.0]], [[0.0, 0.0], [0.0, 0.0]]])
    a = np.array([[5.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    direction, log_norm, ratio = in_logarithms(w, a, first)
    assert direction[:, 0].tolist() == [[0.6, 0.8]] * 3
    assert direction[:, 1].tolist() == [[0.0, 1.0], [0.0, -1.0], [0.0, -1.0]]
    assert log_norm[1, 0] == pytest.approx(-744.44, abs=0.01)
    assert ratio[:, 0].tolist() == [1.0, np.finfo(float).max, 0.0]
    assert np.isfinite(log_norm).all()


@pytest.mark.parametrize("slope", [0.0, 0.25])
def test_what_is_stored_agrees_with_itself(slope):
    """Residual, loss and gradient by differences of the loss at the stored weights; exactly 0 is off."""
    data = paper_data()
    x, y = data["x"].values, data["y"].values
    # The third neuron is exactly 0 on the first point, the last one on the second.
    w = np.array([[0.3, 0.2], [-0.5, 0.4], [2.0, 1.0], [-1.0, 2.0]])
    a = np.array([0.4, -0.7, 0.3, 0.9])
    trajectory = label_trajectory(
        data, network(w, np.ones(4)), np.zeros(1), w[None], a[None], slope=slope, account=ACCOUNT
    )

    def phi(u):
        return np.where(u > 0.0, u, slope * u)

    def loss(theta):
        z = theta.reshape(4, 3)
        return 0.5 * np.mean((y - z[:, 2] @ phi(z[:, :2] @ x.T)) ** 2)

    assert trajectory["activation"].values[0].tolist() == [[2, 2], [2, 1], [1, 2], [2, 1]]
    assert trajectory["residual"].values[0] == pytest.approx(y - a @ phi(w @ x.T), abs=1e-15)
    theta = np.column_stack([w, a]).ravel()
    assert float(trajectory["loss"][0]) == pytest.approx(loss(theta), rel=1e-14)
    forced = np.where(w @ x.T > 0.0, 1.0, slope) * trajectory["residual"].values[0]
    force = forced @ x / 2.0
    gradient = -np.column_stack([a[:, None] * force, np.sum(force * w, axis=1)])
    assert float(trajectory["gradient_norm"][0]) == pytest.approx(np.linalg.norm(gradient), rel=1e-14)
    for place in (0, 1, 2, 3, 4, 5, 8, 11):  # the weights that are on no boundary
        shift = 1e-6 * np.eye(12)[place]
        difference = (loss(theta + shift) - loss(theta - shift)) / 2e-6
        assert difference == pytest.approx(gradient.ravel()[place], abs=1e-9)


def test_the_gradient_does_not_underflow():
    data = paper_data()
    w, a = np.array([[1e-140, 2e-140]]), np.array([1e-140])
    init = network(w * 1e140, [1.0])
    small, large = (
        label_trajectory(data, init, np.zeros(1), f * w[None], f * a[None], slope=0.0, account=ACCOUNT)
        for f in (1.0, 1e130)
    )
    assert float(large["gradient_norm"][0]) == pytest.approx(1e130 * float(small["gradient_norm"][0]), rel=1e-9)


def test_long_trajectories_are_labelled_in_parts(monkeypatch):
    data, generator = paper_data(), np.random.default_rng(0)
    w, a = generator.standard_normal((23, 5, 2)), generator.standard_normal((23, 5))
    init = network(w[0], np.ones(5))
    whole = label_trajectory(data, init, np.arange(23.0), w, a, slope=0.1, account=ACCOUNT)
    monkeypatch.setattr("pipeline.flow.weights.BLOCK", 35)
    parts = label_trajectory(data, init, np.arange(23.0), w, a, slope=0.1, account=ACCOUNT)
    assert parts.identical(whole)
    assert whole.attrs["crossings"] == np.count_nonzero(np.diff(whole["activation"].values, axis=0))


@pytest.mark.parametrize("log10_scale", [-152.0, -1000.0, -1e6, 151.0])
def test_weights_that_are_no_floats_are_refused(log10_scale):
    init = start(paper_data(), width=5, log10_scale=0.0, per_sqrt_width=False)
    init["log_norm"] = init["log_norm"] + np.log(10.0) * log10_scale
    with pytest.raises(
        RequestError, match=r"init\.log10_scale.*1e-150 to 1e\+150 .*flow\.method = 'some'"
    ) as refused:
        plain_weights(init, "some")
    assert "\n" not in str(refused.value)


def test_a_weight_of_exactly_0_is_a_float():
    init = network(np.eye(2), [0.0, 1.0], log_norm=np.array([0.0, -np.inf]))
    w, a = plain_weights(init, "some")
    assert a.tolist() == [0.0, 0.0]
    assert w.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_unbalanced_starts_are_refused_where_balance_is_needed():
    refuse_unbalanced(network(np.eye(2), [1.0, -1.0]), "some")
    with pytest.raises(RequestError, match=r"neuron 1 has \|a\|/\|w\| = 0\.5: only balanced starts"):
        refuse_unbalanced(network(np.eye(2), [1.0, -0.5]), "some")
