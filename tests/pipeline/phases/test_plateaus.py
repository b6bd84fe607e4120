"""The stationary points that the flow lingers at, against closed forms and second differences of the loss."""

import numpy as np
import pytest
import xarray as xr

from catalog.schema import variable
from pipeline import load_config
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.network.patterns import group_by_pattern
from pipeline.phases import find_plateaus
from pipeline.phases.located_plateaus import locate_plateaus

KIND = {word: variable("plateaus", "kind").flag(word) for word in ("strict_saddle", "local_minimum", "unknown")}
FITTED = variable("plateaus", "fitted").flag("fitted")


@pytest.fixture(scope="module")
def orthonormal(solved):
    return solved("orthonormal", log10_scale=-40)


@pytest.fixture(scope="module")
def plateaus(orthonormal):
    return find_plateaus(*orthonormal)


def names(plateaus: xr.Dataset) -> list[str]:
    return [variable("plateaus", "label").flags[label - 1] for label in plateaus["label"].values]


def test_the_saddle_of_orthonormal_inputs_is_the_papers(orthonormal, plateaus):
    """Fact 1: the positive labels are fitted, the negative ones wait and grow at |D_-|."""
    data, trajectory = orthonormal
    y, n = data["y"].values, data.sizes["point"]
    assert names(plateaus) == ["origin", "saddle_1"]
    np.testing.assert_allclose(
        plateaus["stationary_loss"], [np.sum(y**2) / (2 * n), np.sum(y[y < 0] ** 2) / (2 * n)], rtol=1e-12
    )
    np.testing.assert_allclose(plateaus["stationary_residual"][1], np.where(y < 0, y, 0), atol=1e-13)
    np.testing.assert_array_equal(plateaus["fitted"][1] == FITTED, y > 0)
    assert (plateaus["fitted"][0] != FITTED).all()
    assert (plateaus["kind"] == KIND["strict_saddle"]).all()
    assert (plateaus["stationary_gradient"] < 1e-12).all()
    slowest = np.searchsorted(trajectory["time"], plateaus["slowest"])
    np.testing.assert_array_equal(plateaus["loss"], trajectory["loss"][slowest])
    np.testing.assert_array_equal(plateaus["gradient_norm"], trajectory["gradient_norm"][slowest])
    assert float(plateaus["distance"][1]) < 1e-9
    # One neuron of norm^2 n |D_+| along D_+ carries it all: 1/2 |theta_S|^2 = n |D_+|.
    np.testing.assert_allclose(
        plateaus["stationary_norm"][1], n * np.linalg.norm(data["growth_positive"]), rtol=1e-9
    )


def test_what_can_grow_bends_the_loss_down(orthonormal, plateaus):
    """A neuron that is on at a label that is not fitted can grow, or shrink, at the rate |D_j|."""
    data, trajectory = orthonormal
    y, x = data["y"].values, data["x"].values
    for i, target in enumerate((y, np.where(y < 0, y, 0))):
        at = int(np.searchsorted(trajectory["time"], plateaus["slowest"][i]))
        on = trajectory["activation"].values[at] == 2
        force = np.linalg.norm((on * target) @ x, axis=1) / len(y)
        assert int(plateaus["negative_eigenvalues"][i]) == np.sum(force > 1e-12)
        assert int(plateaus["kept_neurons"][i]) == np.sum(force <= 1e-12)
        assert float(plateaus["smallest_eigenvalue"][i]) == pytest.approx(-force.max(), rel=1e-12)
    rate = np.linalg.norm(data["growth_negative"])
    assert float(plateaus["smallest_eigenvalue"][1]) == pytest.approx(-rate, rel=1e-12)
    assert float(plateaus["escape_rate"][1]) == pytest.approx(rate, rel=1e-3)


def test_the_distance_is_that_of_the_weights(orthonormal, plateaus):
    """To the origin it is |theta|; to the saddle it is small within the plateau and not outside."""
    trajectory = orthonormal[1]
    squares = np.exp(2 * trajectory["log_norm"]) * (1 + trajectory["output_ratio"] ** 2)
    dead = float(plateaus["stationary_norm"][0])
    assert dead < 1e-70
    np.testing.assert_allclose(
        plateaus["distance_over_time"][0], np.sqrt(squares.sum("neuron")), rtol=1e-9, atol=1e-30
    )
    time, course = trajectory["time"].values, plateaus["distance_over_time"].values[1]
    inside = (time > float(plateaus["start"][1])) & (time < float(plateaus["end"][1]))
    assert course[inside].max() < 0.5
    assert course[~inside].min() > 0.05
    assert course[0] == pytest.approx(np.sqrt(2 * float(plateaus["stationary_norm"][1])), rel=1e-6)


@pytest.mark.parametrize("name", ["small-width", "orthogonal"])
def test_the_spectrum_is_that_of_second_differences(solved, name):
    """On the kept neurons, their patterns held: aligned with points, they are on others' boundaries."""
    data, trajectory = solved(name, log10_scale=-12)
    plateau = locate_plateaus(data, trajectory)[1]
    point, spectra = plateau.point, plateau.spectrum
    chosen = np.flatnonzero(np.abs(point.a) > 1e-2)
    w0, a0, (n, d) = point.w[chosen], point.a[chosen], data["x"].shape
    gain = trajectory["activation"].values[plateau.slowest, chosen] == 2

    def loss(step):
        w, a = w0 + step[: w0.size].reshape(w0.shape), a0 + step[w0.size :]
        return 0.5 * np.mean((data["y"].values - a @ (gain * (w @ data["x"].values.T))) ** 2)

    size, h = len(chosen) * (d + 1), 1e-3
    unit = h * np.eye(size)
    found = np.array(
        [
            [
                sum(s * t * loss(s * u + t * v) for s in (1, -1) for t in (1, -1)) / (4 * h * h)
                for v in unit
            ]
            for u in unit
        ]
    )  # fmt: skip
    gradient = [(loss(u) - loss(-u)) / (2 * h) for u in unit]
    np.testing.assert_allclose(gradient, 0, atol=1e-4)  # what is below 1e-2 is not there
    expected = np.linalg.eigvalsh(found)
    kernel = point.tangent.eigenvalues() / n
    np.testing.assert_allclose(expected[-n:], kernel, atol=1e-3)
    np.testing.assert_allclose(expected[:-n], 0, atol=1e-3)
    assert spectra.largest == pytest.approx(expected[-1], rel=1e-3)


def test_the_saddle_of_inputs_that_are_not_orthogonal(solved):
    """Loss 0.031816, slowest near t = 305; neurons slide there."""
    data, trajectory = solved("non-orthogonal")
    found = find_plateaus(data, trajectory)
    assert names(found) == ["origin", "saddle_1"]
    assert float(found["slowest"][1]) == pytest.approx(305, abs=10)
    assert float(found["stationary_loss"][1]) == pytest.approx(0.0318158, abs=1e-6)
    assert float(found["stationary_gradient"][1]) < 1e-12
    assert (found["kind"] == KIND["strict_saddle"]).all()
    point = locate_plateaus(data, trajectory)[1].point
    inner = point.w @ data["x"].values.T
    h = point.a @ np.maximum(inner, 0)
    np.testing.assert_allclose(data["y"].values - h, found["stationary_residual"][1], atol=1e-10)


def test_many_saddles(solved):
    """At 1e-300 each saddle of a narrow network is seen for itself; a slow passage is at no stationary point."""
    # The last plateau is short: the slowest of 400 samples is 3e-8 above it (at any tolerance), of 1,000 5e-11.
    data, trajectory = solved("small-width", samples=1000, log10_scale=-300)
    found = find_plateaus(data, trajectory)
    assert names(found) == ["origin", "saddle_1", "saddle_2", "saddle_3"]
    assert found["negative_eigenvalues"].values.tolist() == [10, 6, 4, 2]
    assert (np.diff(found["stationary_loss"]) < 0).all()
    np.testing.assert_allclose(found["loss"], found["stationary_loss"], rtol=1e-7)
    config = load_config("leaky")
    data = generate_data(config.data)
    leaky = find_plateaus(data, simulate(data, initialise(data, config.init), slope=config.flow.slope))
    assert leaky["kind"].values.tolist() == [KIND["strict_saddle"], KIND["unknown"]]


def test_no_plateau_and_arrays_of_no_length(solved):
    found = find_plateaus(*solved("orthogonal-large"))
    assert found.sizes["plateau_number"] == 0
    assert found["stationary_residual"].shape == (0, 2)
    assert found["distance_over_time"].shape == (0, 400)


def test_a_run_that_rests_at_a_local_minimum_ends_in_a_plateau(make_data, make_trajectory):
    """One neuron that is on at the first point alone fits it; nothing is on at the second."""
    data = make_data([[1, 0], [0, 1]], [1, 0.5])
    time, share = np.arange(50.0), np.exp(-np.arange(50.0))
    residual = np.column_stack([share, np.full(50, 0.5)])
    log_norm = 0.5 * np.log((1 - 0.9 * share) / 0.8)[:, None]
    trajectory = make_trajectory(
        data, time, residual, [[0.8, -0.6]], log_norm, [1.0], gradient_norm=np.maximum(share, 1e-30)
    )
    found = find_plateaus(data, trajectory)
    assert names(found) == ["saddle_1"]
    assert float(found["end"][0]) == 49
    assert int(found["kind"][0]) == KIND["local_minimum"]
    assert (int(found["negative_eigenvalues"][0]), float(found["smallest_eigenvalue"][0])) == (0, 0.0)
    np.testing.assert_allclose(found["stationary_residual"][0], [0, 0.5], atol=1e-12)


def test_neurons_in_groups_and_in_pieces(orthonormal, plateaus, monkeypatch):
    """Groups share the whole pattern and the sign; cutting them to pieces changes nothing."""
    rng = np.random.default_rng(0)
    state, sign = rng.integers(1, 4, (500, 3)).astype(np.int8), rng.choice([-1.0, 1.0], 500)
    first, group = group_by_pattern(state, sign)
    whole = np.column_stack([state, sign])
    assert len(first) == len(np.unique(whole, axis=0))
    np.testing.assert_array_equal(whole[first][group], whole)
    monkeypatch.setattr("pipeline.network.algebra.PRODUCTS_LIMIT", 16)
    monkeypatch.setattr("pipeline.stationary.point.PRODUCTS_LIMIT", 16)
    xr.testing.assert_allclose(find_plateaus(*orthonormal), plateaus, rtol=1e-9, atol=1e-12)


def test_a_trajectory_in_blocks_gives_the_same(orthonormal, plateaus):
    data, trajectory = orthonormal
    xr.testing.assert_allclose(find_plateaus(data, trajectory.chunk(time=37)), plateaus)
