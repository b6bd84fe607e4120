"""The least of loss plus norm, against least-distance programming (Lawson, Hanson) over a grid of directions."""

import numpy as np
import pytest
from scipy.optimize import linprog, nnls

from pipeline import (
    RequestError,
    data_set,
    extremal_directions,
    minimal_norm,
    penalised_minimum,
    vanishing_penalty,
)
from pipeline.network.activation import Activation

ANGLES = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
GRID = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])


def witness(x, y, beta, slope, free):
    """The least over masses along the grid's directions: above the minimum by the grid's width squared at most.

    By its dual: the residual v is the projection of y on |<outputs_i, v>| <= n beta, F^T v = 0, found as the
    least z = v - y with G z >= h, which is a non-negative least squares problem of n + 1 rows.
    """
    n = len(y)
    walls = np.column_stack([-x[:, 1], x[:, 0]]) / np.linalg.norm(x, axis=1)[:, None]  # where phi bends
    outputs = Activation(slope).value(x @ np.concatenate([GRID, walls, -walls]).T)
    left = np.linalg.svd(free)[0][:, free.shape[1] :]  # what the free columns do not reach
    outputs, y = left.T @ outputs, left.T @ y
    constraints = np.hstack([-outputs, outputs])
    bound = -n * beta - constraints.T @ y
    stacked = np.vstack([constraints, bound])
    goal = np.eye(len(stacked))[-1]
    rest = stacked @ nnls(stacked, goal, maxiter=10_000)[0] - goal
    v = y - rest[:-1] / rest[-1]
    return (v @ y - v @ v / 2) / n


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_minimum_of_an_independent_solver(seed):
    generator = np.random.default_rng(seed)
    n, beta = int(generator.integers(3, 8)), float(10.0 ** generator.uniform(-2.5, -0.5))
    x, y = generator.standard_normal((n, 2)), generator.standard_normal(n)
    slope, output_bias, skip = float(generator.choice([0.0, -0.4, 0.3])), seed % 3 == 1, seed % 4 == 2
    free = np.hstack([np.ones((n, 1))] * output_bias + [x] * skip + [np.zeros((n, 0))])
    found = penalised_minimum(data_set(x, y), beta, slope=slope, output_bias=output_bias, skip=skip)
    value, gap = float(found["value"][0]), float(found["gap"][0])
    assert abs(gap) < 1e-9 * max(value, 1e-3)
    expected = witness(x, y, beta, slope, free)
    assert value * (1 - 1e-9) <= expected <= value * (1 + 1e-4)


X = np.array([[1.0, 0.3], [-0.5, 1.0], [0.4, -0.8], [-1.0, -0.6], [0.2, 0.9]])
Y = np.array([1.0, -0.5, 0.7, 0.2, -1.1])


def test_the_path_begins_at_the_least_norm_and_is_continuous():
    data = data_set(X, Y)
    betas = np.array([0.0, *np.geomspace(1e-6, 2.0, 25)])
    path = penalised_minimum(data, betas)
    least = minimal_norm(data)
    assert float(path["value"][0]) == pytest.approx(float(least["value"]), rel=1e-8)
    assert float(path["norm"][1]) == pytest.approx(float(least["value"]), rel=1e-4)
    norm, loss, value = (path[name].values for name in ("norm", "loss", "value"))
    assert (np.diff(norm) <= 1e-9).all()
    assert (np.diff(loss) >= -1e-12).all()
    # The value is concave in beta, and its slope is the norm.
    slopes = np.diff(value[1:]) / np.diff(betas[1:])
    assert (slopes <= norm[1:-1] + 1e-8).all()
    assert (slopes >= norm[2:] - 1e-8).all()
    assert (norm[-1], loss[-1]) == pytest.approx((0.0, np.mean(Y**2) / 2), abs=1e-7)
    assert np.abs(path["gap"].values).max() < 1e-9


def test_the_stored_network_is_what_the_values_are_of():
    found = penalised_minimum(data_set(X, Y), [0.01], skip=True, output_bias=True).isel(penalty=0)
    w, sign = found["weight"].values, found["output_sign"].values
    size = np.linalg.norm(w, axis=1)
    outputs = (sign * size) @ np.maximum(w @ X.T, 0.0) + found["free_part"].values
    np.testing.assert_allclose(Y - outputs, found["residual"].values, atol=1e-12)
    assert float(found["norm"]) == pytest.approx((size**2).sum())
    free = np.column_stack([np.ones(5), X])
    left = found["free_part"].values - free @ np.linalg.lstsq(free, found["free_part"].values)[0]
    assert np.abs(left).max() < 1e-9


def test_the_constant_and_the_skip_are_the_free_part():
    data = data_set(X, Y)
    found = penalised_minimum(data, [0.1, 0.01], skip=True, output_bias=True)
    again = found["output_constant"] + found["skip_weight"] @ data["x"]
    np.testing.assert_allclose(again.values, found["free_part"].values, atol=1e-12)
    assert (penalised_minimum(data, 0.1)["free_part"] == 0).all()


@pytest.mark.parametrize("slope", [0.0, -0.4])
def test_the_penalty_at_which_no_neuron_is_left_is_the_rate_at_which_the_first_escape(slope):
    data = data_set(X, Y)
    most = vanishing_penalty(data, slope=slope)
    assert most == pytest.approx(float(np.abs(extremal_directions(data, slope=slope)["value"]).max()), rel=1e-9)
    below, above = penalised_minimum(data, [0.99 * most, 1.01 * most], slope=slope)["norm"].values
    assert below > 1e-3 > 1e-9 > above


def test_with_free_functions_no_neuron_is_left_earlier():
    data = data_set(X, Y)
    most = vanishing_penalty(data, skip=True, output_bias=True)
    assert most < vanishing_penalty(data)
    norm = penalised_minimum(data, [0.99 * most, 1.01 * most], skip=True, output_bias=True)["norm"].values
    assert norm[0] > 1e-4 > 1e-9 > norm[1]
    assert vanishing_penalty(data_set([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]), skip=True) == 0.0


@pytest.mark.parametrize("free", [{"skip": True}, {"output_bias": True}, {"skip": True, "output_bias": True}])
def test_the_least_norm_beside_what_costs_nothing_is_a_linear_programs(free):
    """Over a grid of directions and the walls: above the minimum by the grid's width squared at most."""
    found = minimal_norm(data_set(X, Y), **free)
    walls = np.column_stack([-X[:, 1], X[:, 0]]) / np.linalg.norm(X, axis=1)[:, None]
    outputs = np.maximum(X @ np.concatenate([GRID, walls, -walls]).T, 0.0)
    columns = [np.ones((5, 1))] * ("output_bias" in free) + [X] * ("skip" in free)
    matrix = np.hstack([outputs, -outputs, *columns])
    costs, bounds = np.zeros(matrix.shape[1]), [(0, None)] * (2 * outputs.shape[1])
    costs[: len(bounds)] = 1.0
    program = linprog(costs, A_eq=matrix, b_eq=Y, bounds=bounds + [(None, None)] * (len(costs) - len(bounds)))
    assert float(found["value"]) * (1 - 1e-9) <= program.fun <= float(found["value"]) * (1 + 1e-4)
    assert abs(float(found["gap"])) < 1e-7
    assert float(found["value"]) < float(minimal_norm(data_set(X, Y))["value"])
    # The neurons, the constant and the skip connection fit the labels together.
    w, sign = found["weight"].values, found["output_sign"].values
    outputs = sign * np.linalg.norm(w, axis=1) @ np.maximum(w @ X.T, 0.0)
    np.testing.assert_allclose(
        outputs + float(found["output_constant"]) + X @ found["skip_weight"].values, Y, atol=1e-7
    )


def test_a_free_bias_is_not_beside_free_functions():
    with pytest.raises(RequestError, match="free_bias = true: allowed without output_bias and skip only"):
        minimal_norm(data_set(X, Y, bias=True), free_bias=True, skip=True)
    many = minimal_norm(data_set(np.random.default_rng(0).standard_normal((60, 8)), np.ones(60)), skip=True)
    assert many.attrs["method"].startswith("not known: 60 points of rank 8")


def test_a_linear_function_costs_nothing_with_a_skip():
    x = np.random.default_rng(0).standard_normal((6, 3))
    data = data_set(x, x @ [1.0, -2.0, 0.5] + 3.0)
    assert float(penalised_minimum(data, 0.0, skip=True, output_bias=True)["value"][0]) == pytest.approx(
        0, abs=1e-6
    )
    assert float(penalised_minimum(data, 0.0, skip=True)["value"][0]) > 1.0


def test_labels_that_contradict_each_other():
    """Two measurements of one point: the mean is fitted, shrunk by the penalty."""
    data = data_set([[1.0], [1.0]], [1.0, 2.0])
    found = penalised_minimum(data, 0.1)
    # min 1/4 ((1 - m)^2 + (2 - m)^2) + 0.1 m is at m = 1.5 - 0.1
    np.testing.assert_allclose(found["residual"].values[0], [-0.4, 0.6], atol=1e-7)
    with pytest.raises(RequestError, match=r"penalty\[0\] = 0: no network fits these labels"):
        penalised_minimum(data, 0.0)


def test_zero_vectors_alone():
    data = data_set(np.zeros((3, 2)), [1.0, 2.0, 3.0])
    assert penalised_minimum(data, 0.1, output_bias=True)["output_constant"].values == pytest.approx(2.0)
    assert float(penalised_minimum(data, 0.1)["norm"][0]) == vanishing_penalty(data) == 0.0


@pytest.mark.parametrize(
    ("data", "penalty", "said"),
    [
        (data_set(X, Y), -1.0, r"penalty\[0\] = -1"),
        (data_set(X, Y), [], r"penalty = \[\]"),
        (data_set(np.random.default_rng(0).standard_normal((60, 8)), np.ones(60)), 1.0, "too many activation"),
    ],
)
def test_what_is_refused(data, penalty, said):
    with pytest.raises(RequestError, match=said):
        penalised_minimum(data, penalty)
