"""The flow by general solvers, SciPy's and diffrax's, on the plain weights: witnesses and yardsticks.

They know nothing of activation patterns: each kink costs them refused steps, and on inputs that are not
orthogonal they crawl along the boundaries on which neurons slide. A bound on their steps turns that into a
status. The relative tolerance is the ``tolerance`` of the request for each step, so the error at the end is
larger; the absolute one is :data:`ABSOLUTE` times it in units of the initial weights, because a neuron's
relative error survives its whole growth from there.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate
import xarray as xr

from pipeline.flow.weights import account_of, label_trajectory, plain_weights
from pipeline.inputs.errors import RequestError
from pipeline.network import algebra
from pipeline.network.activation import Activation
from pipeline.network.status import Status

SCIPY = ("RK45", "DOP853", "LSODA", "Radau", "BDF")
DIFFRAX = ("Tsit5", "Dopri8", "Kvaerno5")
METHODS = (*(f"scipy:{name}" for name in SCIPY), *(f"diffrax:{name}" for name in DIFFRAX))

IMPLICIT = ("LSODA", "Radau", "BDF", "Kvaerno5")

MOST_STEPS, MOST_IMPLICIT_STEPS = 500_000, 10_000
"""A minute or a few of a library that crawls along a boundary, at m = 60: an implicit step solves for all weights.
SciPy's hear Ctrl-C meanwhile, diffrax's don't."""

ABSOLUTE = 1e-3
"""The absolute tolerance, in units of the relative one and of the initial weights' root mean square."""

FINEST = 1e-13
"""The relative tolerance below which rounding is all that is left to control."""


class Request(NamedTuple):
    """What a library is asked for.

    start : float64[m, d + 1]
        w and a.
    x, y : float64[n, d], float64[n]
    times : float64[samples]
    rtol, atol : float
        The tolerances of each step.
    slope : float
        Of the leaky ReLU.
    """

    start: np.ndarray
    x: np.ndarray
    y: np.ndarray
    times: np.ndarray
    rtol: float
    atol: float
    slope: float


class Course(NamedTuple):
    """What a library found.

    weights : float64[samples, m, d + 1]
        w and a, for the first so many of the sample times: all of them unless it gave up.
    status : Status
    steps, rejected : int
    evaluations : int or None
        Of the right-hand side; None where they are not counted.
    """

    weights: np.ndarray
    status: Status
    steps: int
    rejected: int
    evaluations: int | None


def most_steps(name: str) -> int:
    """The bound on the steps of a solver."""
    return MOST_IMPLICIT_STEPS if name in IMPLICIT else MOST_STEPS


def simulate_by_library(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    method: str,
    end_time: float | None,
    tolerance: float,
    times: np.ndarray | None,
    samples: int,
    slope: float,
) -> xr.Dataset:
    """The flow (3) by ``"scipy:..."`` or ``"diffrax:..."``, double precision, at ``times``.

    Parameters
    ----------
    data, init
        Of the stages data and flow.
    method
        One of :data:`METHODS`.
    end_time
        The paper's t; a library can't tell when to stop.
    tolerance
        The relative tolerance of each step.
    times
        When to look; None: ``samples`` times, evenly.
    slope
        Of the leaky ReLU.

    Returns
    -------
    Dataset
        A trajectory; it ends early where the library gave up. The attribute ``evaluations`` counts right-hand
        sides (SciPy only); ``rejected_steps`` is 0 for LSODA, Radau and BDF, which don't tell.

    Raises
    ------
    RequestError
        If there is no end time, the weights are no floats, or diffrax is not installed.
    """
    library, name = method.split(":")
    if end_time is None and times is None:
        raise RequestError(f"flow.end_time = None: a time is needed with flow.method = {method!r}")
    last = float(times[-1]) if end_time is None and times is not None else float(end_time or 0.0)
    if times is None:
        times = np.linspace(0.0, last, samples)
    w, a = plain_weights(init, method)
    start = np.column_stack([w, a])
    rtol = max(tolerance, FINEST)
    size = float(np.sqrt(np.mean(start**2))) or 1.0
    integrate = _by_scipy if library == "scipy" else _by_diffrax
    x, y = data["x"].values, data["y"].values
    asked = Request(start, x, y, np.minimum(times, last), rtol, ABSOLUTE * rtol * size, slope)
    course, seconds = integrate(name, asked)
    labelling = perf_counter()
    reached = len(course.weights)
    if reached == 0:
        course, times = course._replace(weights=start[None]), np.zeros(1)
    account = account_of(method, course.status, tolerance, seconds, course.steps, course.rejected)
    account |= {"slope": slope} | ({} if course.evaluations is None else {"evaluations": course.evaluations})
    w, a = course.weights[:, :, :-1], course.weights[:, :, -1]
    trajectory = label_trajectory(data, init, times[: max(reached, 1)], w, a, slope=slope, account=account)
    trajectory.attrs["sampling_seconds"] = perf_counter() - labelling
    return trajectory


def _velocity(x: np.ndarray, y: np.ndarray, slope: float, m: int) -> Callable[[float, np.ndarray], np.ndarray]:
    """Equation (3) on the weights as one vector."""
    d, activation = x.shape[1], Activation(slope)

    def velocity(_: float, theta: np.ndarray) -> np.ndarray:
        z = theta.reshape(m, d + 1)
        w, a = z[:, :d], z[:, d]
        before = w @ x.T
        derivative = activation.derivative(before)
        force = algebra.forces(x, derivative, y - a @ (derivative * before))
        rate: np.ndarray = np.column_stack(algebra.velocity(w, a, force)).ravel()
        return rate

    return velocity


def _by_scipy(name: str, asked: Request) -> tuple[Course, float]:
    """Step one of SciPy's solvers ourselves: ``solve_ivp`` has no bound on the steps."""
    start, x, y, times, rtol, atol, slope = asked
    m = len(start)
    taken = np.empty((len(times), start.size))
    reached = int(np.searchsorted(times, 0.0, side="right"))
    taken[:reached] = start.ravel()
    if reached == len(times):
        return Course(taken.reshape(-1, *start.shape), Status.END_TIME, 0, 0, 0), 0.0
    steps, looked, status = 0, 0, Status.OUT_OF_STEPS
    started = perf_counter()
    # A solver on its way to failure divides by 0 and warns; its status says it.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solver = getattr(scipy.integrate, name)(
            _velocity(x, y, slope, m), 0.0, start.ravel(), float(times[-1]), rtol=rtol, atol=atol
        )
        while steps < most_steps(name):
            try:
                solver.step()
            except (ValueError, np.linalg.LinAlgError):  # an implicit method whose Jacobian has overflowed
                solver.status = "failed"
            if solver.status == "failed" or not np.isfinite(solver.y).all():
                status = Status.STALLED if np.isfinite(solver.y).all() else Status.DIVERGED
                break
            steps += 1
            until = int(np.searchsorted(times, solver.t, side="right"))
            if until > reached:
                taken[reached:until] = solver.dense_output()(times[reached:until]).T
                reached, looked = until, looked + 1
            if solver.status == "finished":
                status = Status.END_TIME
                break
    seconds = perf_counter() - started
    rejected = 0
    if name in ("RK45", "DOP853"):
        # Two evaluations choose the first step, some more are DOP853's dense output, the rest tried a step.
        tried = solver.nfev - 2 - looked * len(getattr(solver, "A_EXTRA", ()))
        rejected = round(tried / solver.n_stages) - steps
    return Course(taken[:reached].reshape(-1, *start.shape), status, steps, rejected, solver.nfev), seconds


def _by_diffrax(name: str, asked: Request) -> tuple[Course, float]:
    """Run diffrax's solver, compiled once for each shape, in float64 whatever the process has set for JAX."""
    jax = diffrax_installed(name)[0]
    start, x, y, times, rtol, atol, slope = asked
    if times[-1] == 0.0:
        return Course(np.repeat(start[None], len(times), axis=0), Status.END_TIME, 0, 0, None), 0.0
    # A context, not the global switch: other code in this process keeps its 32 bits.
    with jax.enable_x64(True):
        solve = _compiled(name, *start.shape, len(x), len(times))
        started = perf_counter()
        weights, fine, out_of_steps, steps, rejected = jax.device_get(
            solve(start, (x, y), times, (np.float64(rtol), np.float64(atol)), np.float64(slope))
        )
        seconds = perf_counter() - started
    reached = int(np.isfinite(weights).all(axis=(1, 2)).cumprod().sum())
    if fine:
        status = Status.END_TIME if reached == len(times) else Status.DIVERGED
    else:
        status = Status.OUT_OF_STEPS if out_of_steps else Status.STALLED
    return Course(weights[:reached], status, int(steps), int(rejected), None), seconds


def diffrax_installed(name: str) -> tuple[Any, Any]:
    """The modules jax and diffrax.

    Raises
    ------
    RequestError
        If they are not installed.
    """
    try:
        return importlib.import_module("jax"), importlib.import_module("diffrax")
    except ImportError:
        raise RequestError(
            f"flow.method = 'diffrax:{name}': allowed with diffrax installed (pip install 'reluflow[witnesses]')"
        ) from None


@cache
def _compiled(name: str, m: int, size: int, n: int, samples: int) -> Callable[..., Any]:
    """Compile the solver ``name`` for these shapes; call it, and this, with 64 bits enabled."""
    jax, diffrax = diffrax_installed(name)
    jnp = jax.numpy

    def velocity(_: Any, z: Any, known: tuple[Any, Any, Any]) -> Any:
        x, y, slope = known
        w, a = z[:, :-1], z[:, -1]
        before = w @ x.T
        gate = jnp.where(before > 0.0, 1.0, slope)
        force = (gate * (y - a @ (gate * before))) @ x / n
        return jnp.column_stack([a[:, None] * force, jnp.sum(force * w, axis=1)])

    def solve(start: Any, data: Any, times: Any, tolerances: Any, slope: Any) -> tuple[Any, ...]:
        rtol, atol = tolerances
        found = diffrax.diffeqsolve(
            diffrax.ODETerm(velocity),
            getattr(diffrax, name)(),
            t0=0.0,
            t1=times[-1],
            dt0=None,
            y0=start,
            args=(*data, slope),
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
            adjoint=diffrax.ForwardMode(),  # nothing is differentiated: no checkpoints
            max_steps=most_steps(name),
            throw=False,
        )
        results = diffrax.RESULTS
        steps, rejected = found.stats["num_accepted_steps"], found.stats["num_rejected_steps"]
        fine, out_of_steps = (found.result == which for which in (results.successful, results.max_steps_reached))
        return found.ys, fine, out_of_steps, steps, rejected

    def of(*shape: int) -> Any:
        return jax.ShapeDtypeStruct(shape, jnp.float64)

    shapes = of(m, size), (of(n, size - 1), of(n)), of(samples), (of(), of()), of()
    solved: Callable[..., Any] = jax.jit(solve).lower(*shapes).compile()
    return solved
