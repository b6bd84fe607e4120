"""Every symmetry of the equations is one of the trajectories, on oblique and on orthogonal data."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from witness import points, start, witness

from catalog.schema import conform, variable
from pipeline.flow import simulate

OFF, SLIDING = (variable("trajectory", "activation").flag(name) for name in ("off", "sliding"))
TIMES = np.linspace(0.0, 15.0, 11)

problems = st.tuples(
    st.integers(2, 6),
    st.integers(2, 4),
    st.integers(0, 10**6),
    st.sampled_from([-100.0, -4.0, -1.0, 0.0]),
    st.sampled_from(["balanced", "unbalanced"]),
    st.sampled_from([0.0, 0.0, 0.1, 2.0]),
)
powers_of_four = st.sampled_from([0.25, 1024.0, 2.0**-40, 2.0**400])


def oblique(n, d, seed, log10_scale, kind, slope, width=14):
    """Data in general position or (every third) orthogonal, a start, and the options of the run."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((n, d))
    if n <= d and seed % 3 == 0:
        x = np.linalg.qr(x.T)[0].T * generator.uniform(0.5, 2.0, n)[:, None]
    y = generator.uniform(0.3, 1.5, n) * generator.choice([-1.0, 1.0], n)
    data = points(x, y)
    init = start(data, width=width, seed=seed % 1000, log10_scale=log10_scale, start=kind)
    return data, init, {"sample_times": TIMES, "slope": slope, "tolerance": 1e-8}


def changed(init, order=None, turn=None, swap=1.0, shift=0.0):
    """The initial dataset with neurons permuted, directions turned, output signs and scale changed."""
    order = np.arange(init.sizes["neuron"]) if order is None else order
    direction = init["direction"].values[order]
    return conform(
        "initial",
        {
            "log_norm": init["log_norm"].values[order] + shift,
            "direction": direction if turn is None else direction @ turn.T,
            "output_ratio": swap * init["output_ratio"].values[order],
            "log_init_scale": float(init["log_init_scale"]) + shift,
        },
    )


def assert_same_residuals(one, other, transform=lambda residual: residual):
    """Compare two runs; an example whose flow is not unique is left out, since rounding may choose there."""
    assume(not one.attrs["ambiguous_events"] and not other.attrs["ambiguous_events"])
    expected = transform(one["residual"].values)
    size = max(np.abs(expected).max(), 1e-300)
    assert other["residual"].values / size == pytest.approx(expected / size, abs=3e-6)


@settings(max_examples=amount(5, 25))
@given(problem=problems)
def test_permuting_the_neurons_permutes_the_trajectory(problem):
    data, init, options = oblique(*problem)
    order = np.random.default_rng(0).permutation(init.sizes["neuron"])
    plain, permuted = simulate(data, init, **options), simulate(data, changed(init, order=order), **options)
    assert_same_residuals(plain, permuted)
    assert permuted["direction"].values == pytest.approx(plain["direction"].values[:, order], abs=1e-3)


@settings(max_examples=amount(5, 25))
@given(problem=problems)
def test_permuting_the_points_permutes_the_residual(problem):
    data, init, options = oblique(*problem)
    order = np.random.default_rng(1).permutation(data.sizes["point"])
    permuted = points(data["x"].values[order], data["y"].values[order])
    plain, found = simulate(data, init, **options), simulate(permuted, init, **options)
    assert_same_residuals(plain, found, lambda residual: residual[:, order])


@settings(max_examples=amount(5, 25))
@given(problem=problems)
def test_rotating_the_inputs_rotates_the_trajectory(problem):
    data, init, options = oblique(*problem)
    d = data.sizes["coord"]
    turn = np.linalg.qr(np.random.default_rng(9).standard_normal((d, d)))[0]
    turned_data = points(data["x"].values @ turn.T, data["y"].values)
    plain = simulate(data, init, **options)
    turned = simulate(turned_data, changed(init, turn=turn), **options)
    assert_same_residuals(plain, turned)
    assert turned["direction"].values == pytest.approx(plain["direction"].values @ turn.T, abs=1e-3)


@settings(max_examples=amount(5, 25))
@given(problem=problems)
def test_swapping_the_signs_of_labels_and_outputs_mirrors_everything(problem):
    data, init, options = oblique(*problem)
    mirrored_data = points(data["x"].values, -data["y"].values)
    plain = simulate(data, init, **options)
    mirrored = simulate(mirrored_data, changed(init, swap=-1.0), **options)
    assert_same_residuals(plain, mirrored, lambda residual: -residual)


@settings(max_examples=amount(5, 25))
@given(problem=problems, factor=powers_of_four)
def test_labels_times_c_run_c_times_faster(problem, factor):
    """y -> c y with w -> sqrt(c) w, a -> sqrt(c) a: the residual is c r(c t)."""
    data, init, options = oblique(*problem)
    scaled_data = points(data["x"].values, factor * data["y"].values)
    plain = simulate(data, init, **options)
    scaled = simulate(
        scaled_data, changed(init, shift=0.5 * np.log(factor)), **options | {"sample_times": TIMES / factor}
    )
    assert_same_residuals(plain, scaled, lambda residual: factor * residual)


@settings(max_examples=amount(5, 25))
@given(problem=problems, factor=powers_of_four)
def test_inputs_times_c_are_weights_over_the_root_of_c(problem, factor):
    data, init, options = oblique(*problem)
    scaled_data = points(factor * data["x"].values, data["y"].values)
    plain = simulate(data, init, **options)
    scaled = simulate(
        scaled_data, changed(init, shift=-0.5 * np.log(factor)), **options | {"sample_times": TIMES / factor}
    )
    assert_same_residuals(plain, scaled)


@settings(max_examples=amount(5, 25))
@given(problem=problems)
def test_a_neuron_split_in_two_halves_of_its_square_changes_nothing(problem):
    data, init, options = oblique(*problem)
    twice = changed(init, order=np.tile(np.arange(init.sizes["neuron"]), 2), shift=-0.5 * np.log(2.0))
    assert_same_residuals(simulate(data, init, **options), simulate(data, twice, **options))


@settings(max_examples=amount(5, 25))
@given(problem=problems, outside=st.integers(1, 30))
def test_coordinates_without_data_change_nothing(problem, outside):
    """The same points in more dimensions, with neurons that have parts outside the points' span."""
    data, init, options = oblique(*problem)
    (n, d), m = data["x"].shape, init.sizes["neuron"]
    turn = np.linalg.qr(np.random.default_rng(3).standard_normal((d + outside, d + outside)))[0]
    wide = points(np.hstack([data["x"].values, np.zeros((n, outside))]) @ turn.T, data["y"].values)
    directions = np.hstack([init["direction"].values, np.zeros((m, outside))]) @ turn.T
    names = [name for name in init.data_vars if name != "direction"]
    one = conform("initial", {name: init[name].values for name in names} | {"direction": directions})
    assert_same_residuals(simulate(data, init, **options), simulate(wide, one, **options))


@settings(max_examples=amount(5, 25))
@given(problem=problems, times=st.integers(2, 4))
def test_a_repeated_point_is_one_point_of_more_weight(problem, times):
    """x_1 repeated p times: one point sqrt(p) x_1 with the label sqrt(p) y_1, in another unit of time."""
    data, init, options = oblique(*problem)
    x, y, n = data["x"].values, data["y"].values, data.sizes["point"]
    repeated = points(np.vstack([x, np.tile(x[:1], (times - 1, 1))]), np.append(y, np.full(times - 1, y[0])))
    weight = np.where(np.arange(n) == 0, np.sqrt(times), 1.0)
    heavy = points(weight[:, None] * x, weight * y)
    one = simulate(heavy, init, **options | {"sample_times": TIMES * n / (n + times - 1)})
    other = simulate(repeated, init, **options)
    stands_for = np.append(np.arange(n), np.zeros(times - 1, dtype=int))
    assert_same_residuals(one, other, lambda residual: (residual / weight)[:, stands_for])


def test_points_that_are_merged_agree_with_a_witness_that_merges_nothing():
    """A repeated point, one twice as far on its ray, and a zero vector."""
    x = np.array([[1.0, 0.3], [1.0, 0.3], [2.0, 0.6], [0.2, 1.0], [0.0, 0.0]])
    data = points(x, [0.8, 0.8, 1.9, 0.7, 0.0])
    init = start(data, width=12, log10_scale=-1)
    times = np.linspace(0.0, 60.0, 31)
    trajectory = simulate(data, init, tolerance=1e-9, sample_times=times)
    state = trajectory["activation"].values
    assert not (state == SLIDING).any()
    assert trajectory["residual"].values == pytest.approx(witness(data, init, times), abs=3e-8)
    assert (state[:, :, 1:3] == state[:, :, :1]).all()
    assert (state[:, :, 4] == OFF).all()  # relu'(0) = 0


@settings(max_examples=amount(5, 25))
@given(problem=problems, slope=st.sampled_from([0.25, 4.0, 0.0625]))
def test_a_leaky_relu_is_the_other_side_of_one_with_the_inverse_slope(problem, slope):
    """phi_s(-u) = -s phi_(1/s)(u): mirrored inputs with w -> sqrt(s) w, a -> -sqrt(s) a run s times slower."""
    data, init, options = oblique(*problem)
    mirrored_data = points(-data["x"].values, data["y"].values)
    one = simulate(mirrored_data, init, **options | {"slope": slope})
    other = simulate(
        data, changed(init, swap=-1.0, shift=0.5 * np.log(slope)),
        **options | {"slope": 1.0 / slope, "sample_times": slope * TIMES},
    )  # fmt: skip
    assert_same_residuals(one, other)
