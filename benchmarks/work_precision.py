"""Time against measured error: this solver and SciPy's on the paper's experiment, in one process."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from rich.table import Table
from scipy.integrate import solve_ivp

from pipeline.configuration import InitConfig, load_config
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.exact.boost import hermite
from pipeline.flow.exact.stepping import integrate
from pipeline.flow.exact.warm import load_solver
from pipeline.flow.simulate import as_kernels_see_it

END = 60.0
TIMES = np.linspace(0.0, END, 601)
SECONDS_ENOUGH = 0.5
"""A measurement is repeated for this long, and the fastest is kept: the others measure the neighbours."""


def fastest(work: Callable[[], object]) -> float:
    """The least seconds that ``work`` takes."""
    best, started = np.inf, perf_counter()
    while perf_counter() - started < SECONDS_ENOUGH or best == np.inf:
        before = perf_counter()
        work()
        best = min(best, perf_counter() - before)
    return best


def table() -> Table:
    """The rows: solver, its tolerance, m = 60 and m = 1000, each as time, worst error of r, ratio to ours."""
    load_solver()
    result = Table(
        "solver", "tolerance", "m = 60", "worst error", "ratio", "m = 1,000", "worst error", "ratio",
        title=f"The paper's two points, lambda = 1e-6/sqrt(m), to t = {END:g}: time, and error against 1e-11",
    )  # fmt: skip
    cells: dict[tuple[str, float], list[str]] = {}
    for width in (60, 1000):
        problem, neurons = network(width)
        exact = dense(integrate(neurons, problem, 1e-11, END, 10**6)[0])
        ours: list[tuple[float, float]] = []
        for tolerance in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
            seconds = fastest(lambda p=problem, w=neurons, tol=tolerance: integrate(w, p, tol, END, 10**6))
            error = np.abs(dense(integrate(neurons, problem, tolerance, END, 10**6)[0]) - exact).max()
            ours.append((error, seconds))
            cells.setdefault(("reluflow", tolerance), []).extend([f"{1e3 * seconds:.2f} ms", f"{error:.1e}", ""])
        for method, tolerance in (
            ("RK45", 1e-6),
            ("RK45", 1e-9),
            ("DOP853", 1e-6),
            ("DOP853", 1e-8),
            ("DOP853", 1e-10),
        ):
            seconds = fastest(
                lambda w=neurons, p=problem, how=method, tol=tolerance: scipy_residual(w, p, how, tol)
            )
            error = np.abs(scipy_residual(neurons, problem, method, tolerance) - exact).max()
            ratio = seconds / at_error(ours, error)
            cells.setdefault((f"SciPy {method}", tolerance), []).extend(
                [f"{1e3 * seconds:.1f} ms", f"{error:.1e}", f"{ratio:.0f}"]
            )
    for (solver, tolerance), row in cells.items():
        result.add_row(solver, f"{tolerance:.0e}", *row)
    result.caption = "ratio: how many times longer than reluflow at the same measured error (interpolated)"
    return result


def at_error(ours: list[tuple[float, float]], error: float) -> float:
    """Our seconds at a measured error, by interpolation of the logarithms; the coarsest beyond the table."""
    points = sorted(ours)
    return float(np.exp(np.interp(np.log(error), *np.log(np.array(points)).T)))


def network(width: int, log10_scale: float = -6.0):
    """The kernels' problem and neurons of the preset ``orthogonal``."""
    data = generate_data(load_config("orthogonal").data)
    init = initialise(data, InitConfig(width=width, log10_scale=log10_scale))
    _, problem, neurons = as_kernels_see_it(data, init)
    return problem, neurons


def dense(record) -> np.ndarray:
    """The residual at TIMES from the record's cubics."""
    i = np.clip(np.searchsorted(record.time, TIMES, side="right") - 1, 0, len(record.time) - 1)
    s = np.minimum((TIMES - record.time[i]) / record.length[i], 1.0)
    columns = [
        hermite.py_func(*record.cubic[i, :, k].T, record.length[i], s) for k in range(record.cubic.shape[2])
    ]
    return np.array(columns).T


def scipy_residual(neurons, problem, method: str, tolerance: float) -> np.ndarray:
    """The residual at TIMES by a general solver on the plain weights."""
    x, y = problem.x, problem.y
    (m, size), n = neurons.z.shape, len(y)
    q = size - 1
    start = (np.exp(neurons.log_scale)[:, None] * neurons.z).ravel()

    def flow(_, theta):
        z = theta.reshape(m, size)
        w, a = z[:, :q], z[:, q]
        before = w @ x.T
        active = before > 0
        force = (active * (y - a @ np.where(active, before, 0.0))) @ x / n
        return np.column_stack([a[:, None] * force, np.sum(force * w, axis=1)]).ravel()

    solution = solve_ivp(flow, (0, END), start, method, t_eval=TIMES, rtol=tolerance, atol=1e-6 * tolerance)
    z = solution.y.T.reshape(len(TIMES), m, size)
    return y - np.einsum("tj,tjk->tk", z[:, :, q], np.maximum(z[:, :, :q] @ x.T, 0))
