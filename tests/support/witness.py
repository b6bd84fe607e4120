"""What the solver's tests share: SciPy as the witness, small problems, and inner kernels made callable."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from interpreted_solver import interpreted
from scipy.integrate import solve_ivp

from pipeline.configuration import DataConfig, InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.code_cache import kept, kernel_cache, own_folder
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.problem import Problem, make_problem

PAPER_X = np.array([[-0.5, 1.0], [2.0, 1.0]])
PAPER_Y = np.array([-1.0, 1.0])


def callable_kernel(kernel: Any) -> Callable[..., Any]:
    """A kernel that Python can call: interpreted, or compiled where ``RELUFLOW_TEST_KERNELS`` says so.

    Compiled ones are kept on disk like the solver's own machine code, in a folder beside it.
    """
    if os.environ.get("RELUFLOW_TEST_KERNELS") != "compiled":
        return interpreted(kernel)
    return kept(kernel.py_func, own_folder(f"{kernel_cache().name}-tests"))


def paper_data():
    return generate_data(DataConfig(x=[[-0.5], [2.0]], y=[-1.0, 1.0], bias=True))


def points(x, y):
    """A labelled data set of these points, as they are."""
    return generate_data(DataConfig(x=np.asarray(x).tolist(), y=np.asarray(y).tolist()))


def start(data, **settings):
    return initialise(data, InitConfig(**settings))


def raw_network(m: int, q: int, seed: int, log_scale: float = 0.0) -> Neurons:
    """Balanced neurons in general position, with the states still to be set by ``raw_problem``'s x."""
    generator = np.random.default_rng(seed)
    w = generator.standard_normal((m, q))
    norm = np.linalg.norm(w, axis=1)
    sign = generator.choice([-1.0, 1.0], m)
    z = np.column_stack([w / norm[:, None], sign, np.zeros(m)])
    return Neurons(z, np.log(norm) + log_scale, sign, np.ones((m, 1), dtype=np.int8))


def raw_problem(m: int, n: int, seed: int, log_scale: float = 0.0) -> tuple[Problem, Neurons]:
    """A random orthogonal problem with unequal norms, and a network in its coordinates."""
    generator = np.random.default_rng(1000 + seed)
    rotation = np.linalg.qr(generator.standard_normal((n, n)))[0]
    x = rotation * generator.uniform(0.5, 2.0, n)[:, None]
    y = generator.uniform(0.5, 1.5, n) * generator.choice([-1.0, 1.0], n)
    neurons = raw_network(m, n, seed, log_scale)
    state = np.where(neurons.z[:, :n] @ x.T > 0, ON, OFF).astype(np.int8)
    return make_problem(x, y), neurons._replace(state=state)


def witness(data, init, times: np.ndarray, rtol: float = 1e-12, slope: float = 0.0) -> np.ndarray:
    """The residual at ``times`` by SciPy's DOP853 on the plain weights, eq (3) written out."""
    x, y = data["x"].values, data["y"].values
    n, d = x.shape
    w0 = np.exp(init["log_norm"].values)[:, None] * init["direction"].values
    a0 = np.exp(init["log_norm"].values) * init["output_ratio"].values
    m = len(a0)

    def weights(theta):
        return theta[: m * d].reshape(m, d), theta[m * d :]

    def gate(before):
        return np.where(before > 0.0, 1.0, slope)

    def residual(theta):
        w, a = weights(theta)
        before = w @ x.T
        return y - a @ (gate(before) * before)

    def flow(_, theta):
        w, a = weights(theta)
        active = gate(w @ x.T)
        left = y - a @ (active * (w @ x.T))
        force = (active * left) @ x / n
        return np.concatenate([(a[:, None] * force).ravel(), np.sum(force * w, axis=1)])

    solution = solve_ivp(
        flow, (0.0, times[-1]), np.concatenate([w0.ravel(), a0]), "DOP853", t_eval=times, rtol=rtol, atol=1e-16
    )
    assert solution.success
    return np.array([residual(theta) for theta in solution.y.T])
