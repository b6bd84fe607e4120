"""``python -m benchmarks``: every measurement in one process, and what was promised beside it."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from time import perf_counter

import numba
import numpy as np
import scipy
from rich.console import Console

from benchmarks import basins, plot, research_size, scales, summary, torch_descent, waiting, work_precision
from benchmarks.research_problems import FAMILIES
from benchmarks.timing import spoken, tell

PARTS = ("work_precision", "scales", "waiting", "descent", "basins", "research_size")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure reluflow beside its peers.")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="a look at everything in less than a minute")
    parser.add_argument(
        "--rows", nargs="+", default=(), metavar="NxDxM", choices=[r.key for each in FAMILIES for r in each.rows],
        help="of research_size only these problems, as 200x50x500 (all)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("figures"), help="the folder of the plots (figures)")
    return parser.parse_args()


def main() -> None:
    """Run the parts that are asked for, print their tables as they come, and the summary last."""
    asked, started = arguments(), perf_counter()
    parts = asked.only or PARTS[: 3 if asked.quick else None]
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(machine())
    found = lengths = waits = None
    if "work_precision" in parts:
        found = work_precision.measure(asked.quick)
        console.print(work_precision.tables(found))
        console.print(f"{plot.write(found, asked.out)}\n")
    if "scales" in parts:
        lengths = scales.measure(asked.quick)
        console.print(scales.tables(lengths), "")
    if "waiting" in parts:
        waits = waiting.measure(asked.quick)
        console.print(waiting.tables(waits), "")
    if "descent" in parts:
        tell("gradient descent beside torch's")
        console.print(torch_descent.table(), "")
    if "basins" in parts:
        tell("where gradient descent ends")
        followed = basins.trajectories()
        console.print(basins.table(followed), f"{basins.figure(asked.out / 'basins.png', followed)}\n")
    if "research_size" in parts:
        tell("networks of research size beside diffrax")
        research_size.report(research_size.Request(tuple(asked.rows), asked.quick, asked.out), console)
    if {"work_precision", "scales", "waiting"} & set(parts):
        console.print(summary.table(found, lengths, waits))
    console.print(f"{spoken(perf_counter() - started)} in all")


def machine() -> str:
    """Where and with what all this is measured; on a machine that others use too the times are theirs as well."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = f"numba {numba.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, {versions}\n"


if __name__ == "__main__":
    main()
