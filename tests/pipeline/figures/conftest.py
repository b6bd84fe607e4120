"""Runs to draw, computed independently of the engine: SciPy integrates eq (9), in ln|w_j| and directions.

These coordinates (balanced: a_j = s_j |w_j|) hold at any lambda, 1e-1000 included. Phases are labelled in the
simplest way that can be right; the figures must not care who labelled them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp

from catalog.schema import conform, variable


@dataclass(frozen=True)
class Experiment:
    """What distinguishes one run."""

    title: str
    x: np.ndarray
    y: np.ndarray
    labels: str
    end: float
    width: int = 60
    log_scale: float = float(np.log(1e-6 / np.sqrt(60)))
    samples: int = 400
    seed: int = 0


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def _integrate(experiment: Experiment, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log_norm(time, neuron), direction(time, neuron, coord), sign(neuron)."""
    x, y, m = experiment.x, experiment.y, experiment.width
    n, d = x.shape
    random = np.random.default_rng(experiment.seed)
    weight, sign = random.standard_normal((m, d)), random.choice([-1.0, 1.0], m)
    start = np.concatenate([experiment.log_scale + np.log(np.linalg.norm(weight, axis=1)), _unit(weight).ravel()])

    def flow(_: float, state: np.ndarray) -> np.ndarray:
        rho, bar = state[:m], state[m:].reshape(m, d)
        projection = bar @ x.T
        output = (sign * np.exp(2 * rho)) @ np.maximum(projection, 0)
        force = (projection > 0) @ ((y - output)[:, None] * x) / n
        along = (force * bar).sum(axis=1)
        return np.concatenate([sign * along, (sign[:, None] * (force - along[:, None] * bar)).ravel()])

    solution = solve_ivp(flow, (0, time[-1]), start, method="DOP853", t_eval=time, rtol=1e-8, atol=1e-8)
    assert solution.success
    state = solution.y.T
    return state[:, :m], _unit(state[:, m:].reshape(-1, m, d)), sign


def _first(time: np.ndarray, reached: np.ndarray) -> float:
    return float(time[np.argmax(reached)]) if reached.any() else float("nan")


def build(experiment: Experiment, time: np.ndarray | None = None) -> xr.DataTree:
    """Integrate, label and assemble one run as it would be opened from the catalog."""
    x, y = experiment.x, experiment.y
    n = len(y)
    if time is None:
        time = np.linspace(0, experiment.end, experiment.samples)
    log_norm, direction, sign = _integrate(experiment, time)
    projection = direction @ x.T
    residual = y - np.einsum("tj,tjk->tk", sign * np.exp(2 * log_norm), np.maximum(projection, 0))
    loss = (residual**2).sum(axis=1) / (2 * n)

    growth = {s: (np.where(s * y > 0, y, 0) @ x) / n for s in (1, -1)}
    size = {s: float(np.linalg.norm(growth[s])) for s in (1, -1)}
    cosine = {s: direction @ (s * growth[s]) / size[s] for s in (1, -1)}
    chosen = {s: (sign == s) & (projection[0][:, s * y > 0] >= 0).all(axis=1) for s in (1, -1)}
    alignment = {s: cosine[s][:, chosen[s]].min(axis=1) for s in (1, -1)}
    fitted = {
        s: _first(time, (np.abs(residual[:, s * y > 0]) <= 0.01 * np.abs(y[s * y > 0])).all(axis=1))
        for s in (1, -1)
    }
    first = 1 if size[1] > size[-1] else -1
    t1 = _first(time, np.minimum(alignment[1], alignment[-1]) >= 0.99)
    t2, t3 = fitted[first], fitted[-first]
    names = {1: "fitting_positive", -1: "fitting_negative"}
    sequence = ["alignment", names[first], names[-first], "convergence"]
    phase = np.zeros(len(time), dtype=int)
    for boundary in (t1, t2, t3):
        phase += np.nan_to_num(time >= boundary) if np.isfinite(boundary) else 0
    phase_label = np.array([variable("phases", "phase").flag(name) for name in sequence])[phase]

    force = np.einsum("tjk,tk,kc->tjc", projection > 0, residual, x) / n
    speed = np.exp(log_norm) * np.sqrt((force**2).sum(axis=2) + (force * direction).sum(axis=2) ** 2)
    gradient = np.sqrt((speed**2).sum(axis=1))
    lingering = (gradient**2 < 3e-3 * loss) & (loss > 1e-3 * loss[0])
    level = np.where(lingering, np.where(loss > 0.9 * loss[0], 2, 3), 1)

    minimum = np.array([((s * y > 0) * np.abs(y) / (x**2).sum(axis=1)) @ x for s in (1, -1)])
    total = np.linalg.norm(minimum, axis=1)
    half = np.exp(2 * log_norm).sum(axis=1)
    growth_ratio = size[1] / size[-1]
    tree = xr.DataTree.from_dict(
        {
            "data": conform(
                "data",
                {
                    "x": x, "y": y, "growth_positive": growth[1], "growth_negative": growth[-1],
                    "growth_ratio": growth_ratio, "largest_cosine": 0.0, "assumption_1": 1, "assumption_2": 1,
                },
            ),
            "trajectory": conform(
                "trajectory",
                {
                    "time": time, "direction": direction, "log_norm": log_norm,
                    "output_ratio": np.broadcast_to(sign, log_norm.shape),
                    "activation": np.where(projection > 0, 2, 1), "residual": residual, "loss": loss,
                    "gradient_norm": gradient, "log_init_scale": experiment.log_scale,
                },
            ),
            "phases": conform(
                "phases",
                {
                    "time": time, "phase": phase_label, "plateau": level,
                    "role": np.where(chosen[1], 1, np.where(chosen[-1], 2, 3)),
                    "norm_positive": np.exp(2 * log_norm[:, chosen[1]]).sum(axis=1),
                    "norm_negative": np.exp(2 * log_norm[:, chosen[-1]]).sum(axis=1),
                    "alignment_positive": alignment[1], "alignment_negative": alignment[-1],
                    "t1": t1, "t2": t2, "t3": t3,
                    "t1_predicted": -0.05 * experiment.log_scale / min(size.values()),
                    "t2_predicted": -experiment.log_scale / max(size.values()),
                    "t3_predicted": -experiment.log_scale / min(size.values()),
                    "assumption_3": 1,
                },
            ),
            "minimal_norm": conform(
                "minimal_norm",
                {
                    "time": time, "value": total.sum(), "lower_bound": total.sum(), "gap": 0.0,
                    "certificate": np.zeros(n), "certificate_norm": 1.0,
                    "weight": minimum / np.sqrt(total)[:, None], "output_sign": [1, -1],
                    "half_squared_norm": half, "excess": half - total.sum(), "distance": np.zeros(len(time)),
                },
            ),
        }
    )  # fmt: skip
    tree["data"].attrs["labels"] = experiment.labels
    tree["data"]["coord"].attrs["labels"] = experiment.labels
    tree.attrs.update(title=experiment.title, id=f"{experiment.title}-0123456789ab")
    return tree


TWO_POINTS = np.array([[-0.5, 1.0], [2.0, 1.0]])


@pytest.fixture(scope="session")
def orthogonal() -> xr.DataTree:
    """The paper's experiment, section 5."""
    return build(Experiment("orthogonal", TWO_POINTS, np.array([-1.0, 1.0]), "x bias", 40))


@pytest.fixture(scope="session")
def orthonormal() -> xr.DataTree:
    """Four orthonormal points in d = 4: no kink position to draw."""
    x = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    y = np.array([1.5, -0.8, 1.0, -0.5])
    return build(Experiment("orthonormal", x, y, "x1 x2 x3 x4", 160, width=100))


@pytest.fixture(scope="session")
def unfinished() -> xr.DataTree:
    """The negative label is fitted first and the run stops before the positive one is: no t3."""
    return build(Experiment("mirrored", TWO_POINTS, np.array([1.0, -1.0]), "x bias", 18, seed=3))


@pytest.fixture(scope="session")
def long() -> xr.DataTree:
    """A larger scale, and a run that goes on far past t3."""
    return build(
        Experiment("long", TWO_POINTS, np.array([-1.0, 1.0]), "x bias", 400, log_scale=float(np.log(1e-3)))
    )


@pytest.fixture(scope="session")
def trees(
    orthogonal: xr.DataTree, orthonormal: xr.DataTree, unfinished: xr.DataTree, long: xr.DataTree
) -> dict[str, Any]:
    """All of them by name."""
    return {"orthogonal": orthogonal, "orthonormal": orthonormal, "unfinished": unfinished, "long": long}
