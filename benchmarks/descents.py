"""The notebooks' gradient descent: our compiled loop, and torch's SGD as the notebooks have it."""

from __future__ import annotations

import importlib
from time import process_time
from typing import Any

import numpy as np

from benchmarks.problems import Problem
from benchmarks.solvers import Run, Solver
from benchmarks.timing import Failed, TooLong, deadline
from pipeline.flow.gradient_descent_kernels import (
    RAN_AWAY,
    Blocks,
    descend,
    in_blocks,
    load_descent,
    out_of_blocks,
)

NOTEBOOKS = 1e-3
"""Their step size, on the mean squared error: 2e-3 of t an iteration."""

FEW = (2, 200)
"""Iterations from which the time of all is foretold: one may take a second, or less than a clock sees."""


GROWN = 1.001
"""The residual over the start's, up to which it has not grown: at a small start it waits there."""


def network(problem: Problem) -> Blocks:
    """The start, as our loop has it."""
    return in_blocks(np.ascontiguousarray(problem.start[:-1].T), problem.start[-1].copy(), balanced=False)


def bind_ours(problem: Problem, limit: float) -> Run:
    """All iterations in one call or three: not even the samples are taken while the clock runs."""
    load_descent()

    def run(step_size: float) -> float:
        rate, iterations = 2.0 * step_size / len(problem.y), round(problem.end / (2.0 * step_size))
        weights, done = network(problem), 0
        for few in (*FEW, iterations):
            started, more = process_time(), min(few, iterations) - done
            if descend(weights, (problem.x, problem.y), rate, 0.0, 0.0, more)[1] == RAN_AWAY:
                raise Failed("it ran away")
            done += more
            if (process_time() - started) / max(more, 1) * (iterations - done) > limit:
                raise TooLong
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


def largest_stable_step(problem: Problem, limit: float) -> float:
    """The largest step with which our descent ends and never has a larger residual than at the start, to a tenth.

    Of the steps that the times compared are whole numbers of: they are doubled in number until all is well, then
    halved in between.

    Raises
    ------
    TooLong
        If an attempt would take longer than ``limit``.
    """
    run = bind_ours(problem, limit)

    def step(between: int) -> float:
        return float(problem.times[1] / (2.0 * between))

    def stable(between: int) -> bool:
        try:
            run(step(between))
        except Failed:
            return False
        sizes = np.sqrt(np.mean(read_ours(problem, step(between)) ** 2, axis=1))
        return bool((sizes <= GROWN * sizes[0]).all())

    few, enough = 0, 1
    while not stable(enough):
        few, enough = enough, 2 * enough
    while enough - few > max(1, 0.1 * enough):
        middle = (few + enough) // 2
        few, enough = (few, middle) if stable(middle) else (middle, enough)
    return step(enough)


def bind_torch(problem: Problem, limit: float) -> Run:
    """Two linear layers, nn.MSELoss and SGD over the full batch; samples on the way."""
    torch: Any = importlib.import_module("torch")
    points, labels = torch.from_numpy(problem.x.copy()), torch.from_numpy(problem.y[:, None].copy())
    (n, d), m = problem.x.shape, problem.start.shape[1]
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)  # the first imports half of torch, and sympy

    def run(step_size: float) -> np.ndarray:
        check = deadline(limit)
        first, second = torch.nn.Linear(d, m, bias=False), torch.nn.Linear(m, 1, bias=False)
        model = torch.nn.Sequential(first, torch.nn.ReLU(), second).double()
        with torch.no_grad():
            first.weight.copy_(torch.from_numpy(problem.start[:-1].T.copy()))
            second.weight.copy_(torch.from_numpy(problem.start[-1:].copy()))
        optimizer, error = torch.optim.SGD(model.parameters(), lr=step_size), torch.nn.MSELoss()
        torch.set_num_threads(
            1
        )  # at these sizes two of them wait for each other, and the processor's time is measured
        looks, found = np.rint(problem.times / (2.0 * step_size)).astype(int), []
        for iteration in range(looks[-1] + 1):
            output = model(points)
            check()
            if iteration == looks[len(found)]:
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
