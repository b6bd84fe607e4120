"""The solver's slow, obvious twins: what each kernel computes, written down by its definition in NumPy."""

from __future__ import annotations

import numba
import numpy as np
from numpy.polynomial import Polynomial
from scipy.interpolate import BPoly
from scipy.linalg import expm
from witness import PAPER_X, PAPER_Y, raw_network

from pipeline.flow.exact.integration import loop
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.problem import Problem, make_problem


def oblique_problem(n: int, q: int, seed: int, *, slope: float = 0.0, opposite: bool = False) -> Problem:
    """Points in general position; with ``opposite`` the second lies on the ray opposite to the first."""
    generator = np.random.default_rng(2000 + seed)
    x = generator.standard_normal((n, q))
    if opposite:
        x[1] = -1.75 * x[0]
    y = generator.uniform(0.5, 1.5, n) * generator.choice([-1.0, 1.0], n)
    return make_problem(x, y, slope)


def states_at(w: np.ndarray, problem: Problem, slid: tuple[int, ...] = ()) -> np.ndarray:
    """The states of neurons w (..., q), which slide along the boundaries of the points ``slid``."""
    state = np.where(w @ problem.x.T > 0.0, ON, OFF).astype(np.int8)
    for k in slid:
        state[..., k] = SLIDING
        if problem.opposite[k] >= 0:
            state[..., problem.opposite[k]] = SLIDING
    return state


def make_neurons(w: np.ndarray, a: np.ndarray, state: np.ndarray, log_scale: np.ndarray) -> Neurons:
    """Neurons (w, a) in units of exp(log_scale), as the kernels hold them; balanced if |a| = |w| to rounding."""
    square = np.sum(w**2, axis=1)
    c = a**2 - square
    c[np.abs(c) <= 1e-14 * square] = 0.0
    a = np.where(c == 0.0, np.sign(a) * np.sqrt(square), a)
    size = np.sqrt(0.5 * (square + a**2))
    z = np.column_stack([w / size[:, None], a / size, c / size**2])
    return Neurons(z, log_scale + np.log(size), np.where(c >= 0.0, np.sign(a), 0.0), state)


def oblique_network(
    problem: Problem, m: int, seed: int, *, sliding: float = 0.4, balanced: float = 0.6, spread: float = 1.0
) -> Neurons:
    """A network in which neurons of every kind occur.

    Parameters
    ----------
    sliding, balanced
        The shares of neurons that slide along one or more boundaries, and that are balanced.
    spread
        Of ln |w|.
    """
    generator = np.random.default_rng(seed)
    n, q = problem.x.shape
    w = generator.standard_normal((m, q))
    state = np.empty((m, n), dtype=np.int8)
    for j in range(m):
        slid = ()
        if generator.random() < sliding:
            slid = tuple(generator.permutation(n)[: generator.integers(1, max(2, min(n, q)))])
        state[j] = states_at(w[j], problem, slid)
        for _ in range(2):  # of a w that all but vanishes once would leave rounding
            w[j] = w[j] @ projector(state[j], problem)
            w[j] /= max(np.linalg.norm(w[j]), 1e-9)
        state[j] = states_at(w[j], problem, slid)
    length = np.linalg.norm(w, axis=1)
    w[length < 1e-6] = 0.0
    a = generator.choice([-1.0, 1.0], m) * length
    a = np.where(generator.random(m) < balanced, a, generator.standard_normal(m))
    return make_neurons(w, a, state, spread * generator.standard_normal(m))


def paper_network(log10_scale, seed=0, m=60):
    neurons = raw_network(m, 2, seed, log10_scale * np.log(10))
    state = np.where(neurons.z[:, :2] @ PAPER_X.T > 0, ON, OFF).astype(np.int8)
    return make_problem(PAPER_X, PAPER_Y), neurons._replace(state=state)


def sliding_network(m=40, seed=0):
    """Five oblique points in the plane and a large balanced start: neurons slide, cross, come back."""
    problem = oblique_problem(5, 2, seed)
    generator = np.random.default_rng(seed)
    w = generator.standard_normal((m, 2))
    a = np.linalg.norm(w, axis=1) * generator.choice([-1.0, 1.0], m)
    return problem, make_neurons(w, a, states_at(w, problem), np.full(m, np.log(0.3)))


def integrate(neurons, problem, tolerance=1e-6, end_time=np.inf, most_steps=10**5):
    """The kernel with nobody watching."""
    return loop.integrate(neurons, problem, float(tolerance), float(end_time), most_steps, np.zeros(3))


def gains(state: np.ndarray, slope: float) -> np.ndarray:
    """phi' at each point: 0 where the neuron slides."""
    return np.where(state == ON, 1.0, np.where(state == OFF, slope, 0.0))


def projector(state: np.ndarray, problem: Problem) -> np.ndarray:
    """The projection (q, q) off the span of the points that are slid along."""
    slid = (problem.x / problem.length[:, None])[state == SLIDING]
    _, sizes, rows = np.linalg.svd(slid, full_matrices=False)
    rows = rows[sizes > 1e-8]
    return np.asarray(np.eye(problem.x.shape[1]) - rows.T @ rows)


def force_on(state: np.ndarray, r: np.ndarray, problem: Problem) -> np.ndarray:
    """D of one neuron for the residual ``r``."""
    return gains(state, problem.negative_slope) * r @ problem.x @ projector(state, problem) / len(r)


def weights_of(neurons: Neurons) -> tuple[np.ndarray, np.ndarray]:
    """Plain w (m, q) and a (m,)."""
    q = neurons.z.shape[1] - 2
    unit = np.exp(neurons.log_scale)
    return unit[:, None] * neurons.z[:, :q], unit * neurons.z[:, q]


def residual_of(neurons: Neurons, problem: Problem) -> np.ndarray:
    """r_k = y_k - sum_j phi'_jk a_j <w_j, x_k>."""
    w, a = weights_of(neurons)
    return problem.y - a @ (gains(neurons.state, problem.negative_slope) * (w @ problem.x.T))


def jacobian_of(neurons: Neurons, problem: Problem) -> np.ndarray:
    """dh(x_k)/dz (n, m (q + 1)), in the directions in which each neuron may move."""
    w, a = weights_of(neurons)
    rows = []
    for j, state in enumerate(neurons.state):
        derivative = gains(state, problem.negative_slope)[:, None]
        rows += [
            a[j] * derivative * (problem.x @ projector(state, problem)),
            derivative * (problem.x @ w[j])[:, None],
        ]
    return np.concatenate(rows, axis=1)


def kernel_of(neurons: Neurons, problem: Problem) -> np.ndarray:
    """The tangent kernel J J^T/n."""
    jacobian = jacobian_of(neurons, problem)
    return jacobian @ jacobian.T / len(jacobian)


def generator_matrix(force: np.ndarray) -> np.ndarray:
    """G(D): dz/dt = G(D) z for z = (w, a)."""
    q = len(force)
    matrix = np.zeros((q + 1, q + 1))
    matrix[:q, q] = matrix[q, :q] = force
    return matrix


def magnus_boosts(z: np.ndarray, state: np.ndarray, b: np.ndarray, step: float, problem: Problem) -> np.ndarray:
    """One neuron (w, a) after a step, by the commutator-free Magnus method of order 4 and matrix exponentials."""
    curve = bernstein_form(b)
    mean, moment = (
        force_on(state, weighted(curve, weight), problem)
        for weight in (Polynomial([1.0]), Polynomial([-0.5, 1.0]))
    )
    first, second = 0.5 * mean - 2.0 * moment, 0.5 * mean + 2.0 * moment
    return expm(step * generator_matrix(second)) @ expm(step * generator_matrix(first)) @ z


def bernstein_form(b: np.ndarray) -> BPoly:
    """The polynomials on [0, 1] with the Bernstein coefficients ``b`` (degree + 1, n)."""
    return BPoly(b[:, None, :], [0.0, 1.0])


def power_form(b: np.ndarray) -> Polynomial:
    """One of them, from its coefficients (6,), in powers of s."""
    s = np.linspace(0.0, 1.0, len(b))
    return Polynomial(np.linalg.solve(np.vander(s, increasing=True), bernstein_form(b[:, None])(s)[:, 0]))


def left_part(b: np.ndarray, high: float) -> np.ndarray:
    """The coefficients of the polynomials on [0, high], by interpolation."""
    s = np.linspace(0.0, 1.0, len(b))
    return np.asarray(np.linalg.solve(bernstein_form(np.eye(len(b)))(s), bernstein_form(b)(high * s)))


def weighted(curve: BPoly, weight: Polynomial) -> np.ndarray:
    """The integrals of weight(s) curve(s) over [0, 1], by Gauss' nodes (exact for these degrees)."""
    nodes, weights = np.polynomial.legendre.leggauss(5)
    s = 0.5 * (nodes + 1.0)
    return np.asarray(0.5 * (weights * weight(s)) @ curve(s))


@numba.njit(cache=True, error_model="numpy")
def rounded_flow(z, b, step, x, slope, width, substeps):
    """One neuron (w, a) after a step, for a ReLU whose kink is rounded off over ``width`` |w||x_k|.

    Filippov's flow is its limit: no events, no states, no choices. Runge-Kutta of order 4; the substeps must
    resolve ``width``.
    """
    n, q = x.shape
    z, h = z.copy(), step / substeps
    length = np.sqrt((x * x).sum(axis=1))
    there, force, slopes, r = z.copy(), np.empty(q), np.zeros((4, q + 1)), np.empty((2 * substeps + 1, n))
    for i in range(2 * substeps + 1):
        s = 0.5 * i / substeps
        u = 1.0 - s
        for k in range(n):
            low = u**5 * b[0, k] + 5 * u**4 * s * b[1, k] + 10 * u**3 * s**2 * b[2, k]
            r[i, k] = low + 10 * u**2 * s**3 * b[3, k] + 5 * u * s**4 * b[4, k] + s**5 * b[5, k]
    for i in range(substeps):
        for stage in range(4):
            half = 0 if stage == 0 else 2 if stage == 3 else 1
            norm = 0.0
            for c in range(q + 1):
                there[c] = z[c] + (0.5 * half * h * slopes[stage - 1, c] if half > 0 else 0.0)
                norm += there[c] ** 2 if c < q else 0.0
            norm = np.sqrt(norm)
            force[:] = 0.0
            for k in range(n):
                preactivation = 0.0
                for c in range(q):
                    preactivation += there[c] * x[k, c]
                share = min(max(0.5 + 0.5 * preactivation / (norm * length[k] * width), 0.0), 1.0)
                for c in range(q):
                    force[c] += (slope + (1.0 - slope) * share) * r[2 * i + half, k] * x[k, c] / n
            slopes[stage, q] = 0.0
            for c in range(q):
                slopes[stage, c] = there[q] * force[c]
                slopes[stage, q] += force[c] * there[c]
        for c in range(q + 1):
            z[c] += h / 6.0 * (slopes[0, c] + 2.0 * slopes[1, c] + 2.0 * slopes[2, c] + slopes[3, c])
    return z
