"""The notebooks' gradient descent: our compiled loop, and torch's SGD as the notebooks have it."""

from __future__ import annotations

import importlib
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.problems import Problem
from benchmarks.solvers import Run, Solver
from benchmarks.timing import Failed, TooLong, deadline
from pipeline.flow.gradient_descent_kernels import RAN_AWAY, Blocks, descend, in_blocks, out_of_blocks

NOTEBOOKS = 1e-3
"""Their step size, on the mean squared error: 2e-3 of t an iteration."""

FEW = 200
"""Iterations from which the time of all is foretold."""


def network(problem: Problem) -> Blocks:
    """The start, as our loop has it."""
    return in_blocks(np.ascontiguousarray(problem.start[:-1].T), problem.start[-1].copy(), balanced=False)


def bind_ours(problem: Problem, limit: float) -> Run:
    """All iterations in one call: not even the samples are taken while the clock runs."""

    def run(step_size: float) -> float:
        rate, iterations = 2.0 * step_size / len(problem.y), round(problem.end / (2.0 * step_size))
        descend(network(problem), (problem.x, problem.y), rate, 0.0, 0.0, 1)
        weights, started = network(problem), perf_counter()
        descend(weights, (problem.x, problem.y), rate, 0.0, 0.0, FEW)
        if (perf_counter() - started) / FEW * iterations > limit:
            raise TooLong
        if descend(weights, (problem.x, problem.y), rate, 0.0, 0.0, iterations - FEW)[1] == RAN_AWAY:
            raise Failed("it ran away")
        return step_size

    return run


def read_ours(problem: Problem, step_size: float) -> np.ndarray:
    """The residuals, by iterating once more from sample to sample."""
    weights, done, m = network(problem), 0, problem.start.shape[1]
    found = np.empty((len(problem.times), len(problem.y)))
    for i, iteration in enumerate(np.rint(problem.times / (2.0 * step_size)).astype(int)):
        rate = 2.0 * step_size / len(problem.y)
        descend(weights, (problem.x, problem.y), rate, 0.0, 0.0, int(iteration) - done)
        done = int(iteration)
        w, a = out_of_blocks(weights, m)
        found[i] = problem.y - a @ np.maximum(w @ problem.x.T, 0.0)
    return found


def bind_torch(problem: Problem, limit: float) -> Run:
    """Two linear layers, nn.MSELoss and SGD over the full batch; samples on the way."""
    torch: Any = importlib.import_module("torch")
    points, labels = torch.from_numpy(problem.x.copy()), torch.from_numpy(problem.y[:, None].copy())
    (n, d), m = problem.x.shape, problem.start.shape[1]

    def run(step_size: float) -> np.ndarray:
        check = deadline(limit)
        first, second = torch.nn.Linear(d, m, bias=False), torch.nn.Linear(m, 1, bias=False)
        model = torch.nn.Sequential(first, torch.nn.ReLU(), second).double()
        with torch.no_grad():
            first.weight.copy_(torch.from_numpy(problem.start[:-1].T.copy()))
            second.weight.copy_(torch.from_numpy(problem.start[-1:].copy()))
        optimizer, error = torch.optim.SGD(model.parameters(), lr=step_size), torch.nn.MSELoss()
        looks, found = np.rint(problem.times / (2.0 * step_size)).astype(int), []
        for iteration in range(looks[-1] + 1):
            output = model(points)
            if iteration == looks[len(found)]:
                check()
                found.append(problem.y - output.detach().numpy()[:, 0])
            optimizer.zero_grad()
            error(output, labels).backward()
            optimizer.step()
        return np.array(found).reshape(-1, n)

    return run


DESCENTS = (
    Solver("descent, compiled", (NOTEBOOKS, 1e-4, 1e-5), (NOTEBOOKS, 1e-4), bind_ours, read_ours),
    Solver("descent, torch SGD", (NOTEBOOKS,), (), bind_torch, lambda problem, residual: residual, 0.0, True),
)
