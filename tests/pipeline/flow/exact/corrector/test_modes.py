"""The modes that sort labels by their rate: a basis that is followed by rotations towards the eigenvectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from witness import callable_kernel

from pipeline.flow.exact.corrector import modes

turn_modes = callable_kernel(modes.turn_modes)
into_modes = callable_kernel(modes.into_modes)
fastest_rate = callable_kernel(modes.fastest_rate)


def kernel_with(rates, seed=0):
    n = len(rates)
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    kernel = basis * rates @ basis.T
    return 0.5 * (kernel + kernel.T)


def turned(kernel, sweeps):
    n = len(kernel)
    basis, inside, rates = np.eye(n), np.empty((n, n)), np.empty(n)
    for _ in range(sweeps):
        turn_modes(kernel, basis, inside, rates, np.empty((n, n)))
    return basis, inside, rates


@pytest.mark.parametrize("n", [1, 2, 5, 24, 25, 40])
def test_a_few_sweeps_diagonalise_the_kernel(n):
    """Up to 24 points by Jacobi's rotations, beyond by the library."""
    kernel = kernel_with(np.geomspace(1e-8, 1e3, n), n)
    basis, inside, rates = turned(kernel, 12)
    assert basis.T @ basis == pytest.approx(np.eye(n), abs=1e-13)
    assert inside == pytest.approx(basis.T @ kernel @ basis, abs=1e-11)
    assert inside - np.diag(np.diag(inside)) == pytest.approx(np.zeros((n, n)), abs=1e-10)
    assert np.sort(rates) == pytest.approx(np.linalg.eigvalsh(kernel), rel=1e-10, abs=1e-11)


@given(n=st.integers(1, 6), seed=st.integers(0, 10**6), scale=st.floats(-30, 30))
def test_one_sweep_keeps_the_basis_orthonormal_and_what_it_says_of_the_kernel_true(n, seed, scale):
    generator = np.random.default_rng(seed)
    kernel = kernel_with(10.0**scale * generator.uniform(0, 1, n) ** 6, seed)
    basis, inside, rates = turned(kernel, 1)
    size = np.abs(kernel).max()
    assert basis.T @ basis == pytest.approx(np.eye(n), abs=1e-14)
    assert inside == pytest.approx(basis.T @ kernel @ basis, abs=1e-13 * size)
    assert (rates == np.maximum(np.diag(inside), 0.0)).all()
    off = np.abs(inside - np.diag(np.diag(inside))).sum()
    assert off <= np.abs(kernel - np.diag(np.diag(kernel))).sum() + 1e-13 * size  # never away from the modes


@pytest.mark.parametrize(("coupling", "kept"), [(0.0, True), (0.09, True), (0.11, False)])
def test_beyond_24_points_modes_are_kept_until_two_of_them_have_mixed(coupling, kept):
    """The square of what couples two modes may be a hundredth of the product of their rates."""
    rates = np.arange(1.0, 31.0)
    kernel = np.diag(rates)
    kernel[3, 17] = kernel[17, 3] = coupling * np.sqrt(rates[3] * rates[17])
    basis, inside, _ = turned(kernel, 1)
    assert (basis == np.eye(30)).all() == kept
    assert (np.abs(inside[3, 17]) > 1e-12) == (kept and coupling > 0.0)


def test_a_kernel_of_zeros_has_no_rates():
    basis, _, rates = turned(np.zeros((3, 3)), 2)
    assert (basis == np.eye(3)).all()
    assert not rates.any()


@pytest.mark.parametrize("n", [3, 30])
def test_a_matrix_into_the_modes_and_back(n):
    kernel = kernel_with(np.arange(1.0, n + 1))
    basis = np.linalg.qr(np.random.default_rng(5).standard_normal((n, n)))[0]
    inside = np.empty((n, n))
    into_modes(kernel, basis, inside, np.empty((n, n)))
    assert inside == pytest.approx(basis.T @ kernel @ basis, abs=1e-12)
    values = np.arange(n) - 0.5
    found = [modes.amplitude.py_func(basis, values, i) for i in range(n)]
    assert found == pytest.approx(basis.T @ values, abs=1e-12)


@given(n=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_no_rate_is_beyond_the_bound(n, seed):
    kernel = kernel_with(np.random.default_rng(seed).uniform(0, 1, n), seed)
    assert fastest_rate(kernel) >= np.linalg.eigvalsh(kernel)[-1] - 1e-14
    assert fastest_rate(kernel) == pytest.approx(np.abs(kernel).sum(axis=1).max())
