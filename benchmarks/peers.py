"""General solvers on the plain weights, as fast as their users can have them.

The right-hand side works on rows over neurons (d + 1, m): measured against the rows over coordinates in which the
network is usually written, SciPy's evaluations are 2 to 3 times faster that way and diffrax's steps 2 times at
m = 1,000. diffrax is compiled and warm, in double precision, and saves the residuals alone.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from time import process_time
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.problems import Problem
from benchmarks.solvers import Run, Solver
from benchmarks.timing import Failed, TooLong, deadline, fastest

PROBE = 8
"""Evaluations that tell what a step costs: compiled code can't be stopped by a clock, so its steps are bounded."""

IMPLICIT = ("LSODA", "Radau")
"""They solve for all weights at every step, and find no step long enough between the kinks to gain by it."""

LOOSER = 100.0
"""An absolute tolerance that suits small starts better than 1, in units of rtol and of the initial weights."""


def bind_scipy(method: str, absolute: float, problem: Problem, limit: float) -> Run:
    """``solve_ivp`` with the rows of the weights as one vector; the right-hand side looks at the clock."""
    x, y = problem.x, problem.y
    force = np.ascontiguousarray(x.T) / len(y)
    shape, start = problem.start.shape, problem.start.ravel()

    def flow(check: Callable[[], None], _: float, theta: np.ndarray) -> np.ndarray:
        check()
        z = theta.reshape(shape)
        w, a = z[:-1], z[-1]
        before = x.dot(w)
        residual = y - np.maximum(before, 0.0).dot(a)
        push = force.dot((before > 0.0) * residual[:, None])
        rate = np.empty(shape)
        np.multiply(a, push, out=rate[:-1])
        (push * w).sum(axis=0, out=rate[-1])
        return rate.ravel()

    def run(rtol: float) -> np.ndarray:
        atol = absolute * rtol * problem.unit
        rate = partial(flow, deadline(limit))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = solve_ivp(rate, (0.0, problem.end), start, method, problem.times, rtol=rtol, atol=atol)
            except ValueError as error:  # Radau's own linear algebra meets a NaN where neurons slide
                raise Failed(str(error)) from error
        if found.status != 0:
            raise Failed(found.message)
        return np.asarray(found.y.T)

    return run


def read_weights(problem: Problem, weights: np.ndarray) -> np.ndarray:
    """The residuals of SciPy's (samples, (d + 1) m)."""
    return problem.residual(weights.reshape(-1, *problem.start.shape))


def bind_diffrax(method: str, absolute: float, problem: Problem, limit: float) -> Run:
    """``diffeqsolve``, compiled for this problem."""
    jax = importlib.import_module("jax")
    compiled, most = compile_within(method, problem, limit)

    def run(rtol: float) -> np.ndarray:
        with jax.enable_x64(True):
            residual, fine, steps = jax.device_get(compiled(problem.start, rtol, absolute * rtol * problem.unit))
        if steps >= most:
            raise TooLong
        if not fine:
            raise Failed("the step became too small")
        return np.asarray(residual)

    return run


@lru_cache(maxsize=1)
def compile_within(method: str, problem: Problem, limit: float) -> tuple[Callable[..., Any], int]:
    """The solver, and how many steps it may make: so many as take ``limit``, by what its evaluations take.

    The last one is kept: what is varied is its absolute tolerance.
    """
    jax, diffrax = importlib.import_module("jax"), importlib.import_module("diffrax")
    with jax.enable_x64(True):
        flow = right_hand_side(problem)

        def several(z: Any) -> Any:
            return jax.lax.fori_loop(0, PROBE, lambda _, z: z + 1e-9 * flow(0.0, z, None), z)

        probe = jax.jit(several).lower(problem.start).compile()
        each = fastest(lambda: jax.block_until_ready(probe(problem.start)), 0.02, process_time)[0] / PROBE
        stages = getattr(diffrax, method).tableau.num_stages
        most = max(PROBE, int(limit / (each * stages)))
        return compile_diffrax(method, problem, most), most


def right_hand_side(problem: Problem) -> Callable[..., Any]:
    """The flow of the weights, in rows over neurons, as diffrax wants it."""
    jnp = importlib.import_module("jax").numpy
    x, y = jnp.array(problem.x), jnp.array(problem.y)

    def flow(_: Any, z: Any, __: Any) -> Any:
        w, a = z[:-1], z[-1]
        before = x @ w
        r = (y - jnp.maximum(before, 0.0) @ a) / len(y)
        push = x.T @ jnp.where(before > 0.0, r[:, None], 0.0)
        return jnp.concatenate([a * push, jnp.sum(push * w, axis=0)[None]])

    return flow


def compile_diffrax(method: str, problem: Problem, most_steps: int) -> Callable[..., Any]:
    """The solver for this problem's shapes; call it with 64 bits enabled."""
    jax, diffrax = importlib.import_module("jax"), importlib.import_module("diffrax")
    jnp = jax.numpy
    x, y, times = jnp.array(problem.x), jnp.array(problem.y), jnp.array(problem.times)

    def residual(_: Any, z: Any, __: Any) -> Any:
        return y - jnp.maximum(x @ z[:-1], 0.0) @ z[-1]

    def solve(start: Any, rtol: Any, atol: Any) -> tuple[Any, Any, Any]:
        found = diffrax.diffeqsolve(
            diffrax.ODETerm(right_hand_side(problem)),
            getattr(diffrax, method)(),
            t0=0.0,
            t1=problem.end,
            dt0=None,
            y0=start,
            saveat=diffrax.SaveAt(ts=times, fn=residual),
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
            adjoint=diffrax.ForwardMode(),  # nothing is differentiated: no checkpoints
            max_steps=most_steps,
            throw=False,
        )
        return found.ys, found.result == diffrax.RESULTS.successful, found.stats["num_steps"]

    compiled: Callable[..., Any] = jax.jit(solve).lower(problem.start, 1e-6, 1e-6).compile()
    return compiled


def named(library: str, method: str, absolute: float) -> str:
    """The solver's name in tables, with the factor of its absolute tolerance unless that is 1."""
    return f"{library} {method}" + ("" if absolute == 1.0 else f", atol × {absolute:g}")


def scipy(method: str, settings: tuple[float, ...], quick: tuple[float, ...], absolute: float = 1.0) -> Solver:
    """One of SciPy's; ``absolute``: its atol in units of rtol and of the initial weights."""
    bind = partial(bind_scipy, method, absolute)
    name, slow = named("SciPy", method, absolute), method in IMPLICIT
    return Solver(name, settings, quick, bind, read_weights, slow=slow)


def diffrax(method: str, settings: tuple[float, ...], quick: tuple[float, ...], absolute: float = 1.0) -> Solver:
    """One of diffrax's."""
    bind = partial(bind_diffrax, method, absolute)
    return Solver(named("diffrax", method, absolute), settings, quick, bind, lambda problem, residual: residual)


PEERS = (
    diffrax("Tsit5", (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10), (1e-5, 1e-7, 1e-9)),
    diffrax("Dopri8", (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10), (1e-6, 1e-8)),
    scipy("RK45", (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10), (1e-5, 1e-7)),
    scipy("DOP853", (1e-4, 1e-6, 1e-8, 1e-10), (1e-6,)),
    scipy("LSODA", (1e-4, 1e-6, 1e-8), ()),
    scipy("Radau", (1e-3, 1e-5, 1e-7), ()),
)

FINE_AND_COARSE = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
LOOSE = (
    diffrax("Tsit5", FINE_AND_COARSE, (1e-6, 1e-8), LOOSER),
    scipy("RK45", FINE_AND_COARSE, (), LOOSER),
)
"""The two quickest with an absolute tolerance loosened by hand: a further factor of 100 gains nothing more."""

METHODS = ("Tsit5", "Dopri5", "Dopri8", "Heun")
RTOLS, QUICK_RTOLS = tuple(10.0**-power for power in range(1, 12)), (1e-2, 1e-4)
RIVALS = tuple(diffrax(method, RTOLS, QUICK_RTOLS, absolute) for method in METHODS for absolute in (1.0, LOOSER))
"""For networks of research size: where neurons slide the loosened tolerance is two to three times as fast, and no
method is the best at every error."""
