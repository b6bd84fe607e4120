"""All eigenvalues of the Hessian, against the dense matrix itself."""

from functools import partial

import numpy as np
import pytest

from pipeline import data_set, simulate, start
from pipeline.network.patterns import off
from pipeline.phases import find_plateaus, hessian_spectra
from pipeline.phases.located_plateaus import locate_plateaus


def dense_spectrum(data, trajectory, number):
    """Eigenvalues of 1/n J^T J less the blocks [[0, D_j], [D_j^T, 0]], with the patterns of the plateau."""
    plateau = locate_plateaus(data, trajectory)[number]
    network, point = plateau.network, plateau.point
    gain, (m, d), n = network.derivative(network.group), point.w.shape, len(network.y)
    along = np.empty(
        (len(network.state), n, d)
    )  # x_k without its part across the boundaries that a group keeps to
    for groups, span in network.surfaces:
        along[groups] = off(network.inside, span) @ network.basis.T
    jacobian = np.zeros((n, m, d + 1))
    jacobian[:, :, :d] = np.einsum("j,jk,jkc->kjc", point.a, gain, along[network.group])
    jacobian[:, :, d] = (gain * (point.w @ network.x.T)).T
    hessian = np.einsum("kjc,kli->jcli", jacobian, jacobian) / n
    for j in range(m):
        if not point.kept[j]:
            hessian[j, :d, j, d] -= point.force[network.group[j]]
            hessian[j, d, j, :d] -= point.force[network.group[j]]
    return np.linalg.eigvalsh(hessian.reshape(m * (d + 1), -1))


@pytest.mark.parametrize("name", ["orthogonal", "small-width", "non-orthogonal"])
def test_the_spectrum_is_that_of_the_dense_matrix(solved, name):
    data, trajectory = solved(name, log10_scale=-12)
    spectra, plateaus = hessian_spectra(data, trajectory), find_plateaus(data, trajectory)
    assert spectra.sizes["plateau_number"] == plateaus.sizes["plateau_number"] > 1
    for i in range(plateaus.sizes["plateau_number"]):
        number = spectra["multiplicity"].values[i]
        values = spectra["eigenvalue"].values[i]
        assert np.isnan(values[number == 0]).all()
        assert (np.diff(values[number > 0]) > 0).all()
        found = np.repeat(values, number)
        np.testing.assert_allclose(found, dense_spectrum(data, trajectory, i), atol=1e-12)
        assert (found < 0).sum() == plateaus["negative_eigenvalues"][i]


def gradient(network, theta):
    """The gradient of the loss with the patterns as they are, neuron by neuron, of weights (m (d + 1))."""
    (n, d), gain = network.x.shape, network.derivative(network.group)
    w, a = np.split(theta.reshape(-1, d + 1), [d], axis=1)
    x = np.empty((len(w), n, d))
    for groups, span in network.surfaces:
        for j in np.flatnonzero(np.isin(network.group, groups)):
            x[j] = off(network.inside, span) @ network.basis.T
    pre = gain * np.einsum("jkc,jc->jk", x, w)
    residual = network.y - (a * pre).sum(axis=0)
    by_w = -a * np.einsum("jk,k,jkc->jc", gain, residual, x) / n
    return np.concatenate([by_w, -(pre @ residual)[:, None] / n], axis=1).ravel()


def differences(network, point):
    """The matrix of the gradient's central differences of fourth order: exact, for it is cubic."""
    theta = np.concatenate([point.w, point.a[:, None]], axis=1).ravel()
    step = 0.1 * np.abs(theta).max(initial=0.1)
    moves, by = step * np.eye(len(theta)), partial(gradient, network)
    rows = [8 * (by(theta + v) - by(theta - v)) - (by(theta + 2 * v) - by(theta - 2 * v)) for v in moves]
    return np.array(rows) / (12 * step)


SHAPES = {  # points, coordinates, neurons, slope, seed
    "many weights": (5, 20, 15, 0.0, 3),
    "many neurons": (8, 2, 100, -0.2, 17),
    "more points than coordinates": (20, 3, 15, -0.2, 2),
    "leaky": (12, 8, 40, 0.1, 13),
}


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("near", [1.0, 1e-7])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_spectrum_is_that_of_the_gradient_s_differences(shape, near, flat):
    """With clusters of eigenvalues where points are 1e-7 apart, and flat directions where a coordinate is 0."""
    n, d, m, slope, seed = SHAPES[shape]
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.choice([-1.0, 1.0], n) * generator.uniform(0.5, 1.5, n)
    x[1::2] = x[: 2 * (n // 2) : 2] + near * (x[1::2] - x[: 2 * (n // 2) : 2])
    y[1::2] = y[: 2 * (n // 2) : 2] + near * (y[1::2] - y[: 2 * (n // 2) : 2])
    x[:, -1] *= not flat
    data = data_set(x, y)
    init = start(data, width=m, log10_scale=-6.0, seed=seed)
    trajectory = simulate(data, init, slope=slope, tolerance=1e-5, samples=100, end_time=300.0)
    spectra, plateaus = hessian_spectra(data, trajectory), find_plateaus(data, trajectory)
    compared = 0
    for i, plateau in enumerate(locate_plateaus(data, trajectory)):
        if not plateau.point.near:
            continue
        matrix = differences(plateau.network, plateau.point)
        dense, number = np.linalg.eigvalsh(matrix + matrix.T) / 2, spectra["multiplicity"].values[i]
        found, size = np.repeat(spectra["eigenvalue"].values[i], number), np.abs(dense).max()
        np.testing.assert_allclose(found, dense, atol=1e-11 * size)
        assert int(plateaus["negative_eigenvalues"][i]) == np.sum(dense < -1e-9 * size)
        assert float(plateaus["smallest_eigenvalue"][i]) == pytest.approx(min(dense[0], 0.0), abs=1e-11 * size)
        assert float(plateaus["largest_eigenvalue"][i]) == pytest.approx(dense[-1])
        compared += 1
    assert compared


def test_without_a_plateau_there_is_no_spectrum(solved):
    data, trajectory = solved("orthogonal", log10_scale=1)
    assert hessian_spectra(data, trajectory).sizes["plateau_number"] == 0


def test_a_dataset_of_another_kind_is_refused(solved):
    data, trajectory = solved("orthogonal", log10_scale=-12)
    with pytest.raises(ValueError, match="trajectory"):
        hessian_spectra(data, trajectory.drop_vars("log_norm"))
