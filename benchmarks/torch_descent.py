"""Our gradient descent beside the notebooks' own: torch's SGD on the mean squared error, in double precision.

``python -m benchmarks.torch_descent`` prints the worst difference of any weight and what an iteration costs. It is
here and not among the tests because torch is no dependency of this project, not even of its tests.
"""

from __future__ import annotations

import importlib
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pipeline.configuration import load_config
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.gradient_descent_kernels import descend, in_blocks, out_of_blocks
from pipeline.flow.weights import plain_weights

STEP_SIZE = 1e-3
CASES = (
    ("orthogonal", 20_000),
    ("orthogonal-large", 20_000),
    ("non-orthogonal", 20_000),
    ("high-dimensional", 2000),
)


def by_torch(
    torch: Any, x: np.ndarray, y: np.ndarray, w: np.ndarray, a: np.ndarray, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """The notebooks' loop: two linear layers without bias, full batch, nn.MSELoss."""
    m, d = w.shape
    network = torch.nn.Sequential(
        torch.nn.Linear(d, m, bias=False), torch.nn.ReLU(), torch.nn.Linear(m, 1, bias=False)
    ).double()
    with torch.no_grad():
        network[0].weight.copy_(torch.from_numpy(w))
        network[2].weight.copy_(torch.from_numpy(a[None]))
    points, labels = torch.from_numpy(x), torch.from_numpy(y[:, None])
    optimizer, error = torch.optim.SGD(network.parameters(), lr=STEP_SIZE), torch.nn.MSELoss()
    for _ in range(iterations):
        optimizer.zero_grad()
        error(network(points), labels).backward()
        optimizer.step()
    return network[0].weight.detach().numpy(), network[2].weight.detach().numpy()[0]


def table() -> Table:
    """The rows: preset, iterations, worst difference in a weight, microseconds an iteration, and their ratio."""
    result = Table(
        "preset", "m", "n", "iterations", "worst difference", "torch", "reluflow", "ratio",
        title="Gradient descent against torch.optim.SGD with nn.MSELoss, float64: time of an iteration",
    )  # fmt: skip
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        result.caption = "torch is not installed: pip install torch"
        return result
    for preset, iterations in CASES:
        config = load_config(preset)
        data = generate_data(config.data)
        x, y = data["x"].values, data["y"].values
        w, a = plain_weights(initialise(data, config.init), "gradient_descent")
        descend(in_blocks(w, a, balanced=False), (x, y), 0.0, 0.0, 0.0, 0)
        started = perf_counter()
        theirs = by_torch(torch, x, y, w, a, iterations)
        between = perf_counter()
        network = in_blocks(w, a, balanced=False)
        descend(network, (x, y), 2.0 * STEP_SIZE / len(y), 0.0, 0.0, iterations)
        ours = out_of_blocks(network, len(a))
        seconds = perf_counter() - between
        worst = max(float(np.abs(one - other).max()) for one, other in zip(ours, theirs, strict=True))
        result.add_row(
            preset, f"{len(a)}", f"{len(y)}", f"{iterations:,}", f"{worst:.1e}",
            f"{1e6 * (between - started) / iterations:.1f} µs", f"{1e6 * seconds / iterations:.2f} µs",
            f"{(between - started) / seconds:.0f}",
        )  # fmt: skip
    return result


if __name__ == "__main__":
    Console(width=110, highlight=False).print(table())
