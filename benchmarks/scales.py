"""What lambda and the width cost."""

from __future__ import annotations

import numpy as np
from rich.table import Table

from benchmarks.work_precision import fastest, network
from pipeline.flow.exact.stepping import integrate
from pipeline.flow.exact.warm import load_solver


def table() -> Table:
    """The rows: scale, width, time, steps, crossings, at tolerance 1e-6 until converged."""
    load_solver()
    result = Table(
        "log10 lambda sqrt(m)",
        "m",
        "time",
        "steps",
        "crossings",
        title="The same data, tolerance 1e-6, until converged",
    )
    for log10_scale, width in (
        (-2, 60), (-6, 60), (-100, 60), (-1000, 60), (-10000, 60), (-6, 1000), (-6, 10_000), (-6, 100_000),
    ):  # fmt: skip
        problem, neurons = network(width, log10_scale)
        seconds = fastest(lambda w=neurons, p=problem: integrate(w, p, 1e-6, np.inf, 10**6))
        record, _, _, crossings, _ = integrate(neurons, problem, 1e-6, np.inf, 10**6)
        result.add_row(
            f"{log10_scale}", f"{width:,}", f"{1e3 * seconds:.2f} ms", f"{len(record.time)}", f"{crossings:,}"
        )
    return result
