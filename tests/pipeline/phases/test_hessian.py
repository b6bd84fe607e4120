"""All eigenvalues of the Hessian, against the dense matrix itself."""

import numpy as np
import pytest

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


def test_without_a_plateau_there_is_no_spectrum(solved):
    data, trajectory = solved("orthogonal", log10_scale=1)
    assert hessian_spectra(data, trajectory).sizes["plateau_number"] == 0


def test_a_dataset_of_another_kind_is_refused(solved):
    data, trajectory = solved("orthogonal", log10_scale=-12)
    with pytest.raises(ValueError, match="trajectory"):
        hessian_spectra(data, trajectory.drop_vars("log_norm"))
