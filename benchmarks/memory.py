"""The largest memory of each solver: of a process that does nothing else.

There it is prepared (imported, compiled), then the system's mark of the largest resident size is set back (Linux),
and it runs once. Said are the whole process's largest size in that run, and by how much that is above its size
when it was ready to run. ``python -m benchmarks.memory ROW SOLVER SETTING`` is such a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.table import Table

from benchmarks.descents import DESCENTS
from benchmarks.peers import RIVALS
from benchmarks.problems import Problem
from benchmarks.research_problems import Row, row_of
from benchmarks.timing import TooLong, spoken, tell
from pipeline.flow import follow_flow, simulate
from pipeline.network.threads import one_thread

ROWS = ("1000x784x1000", "10000x20x50", "100000x9x20")
"""The largest ones."""
LIMIT = 30.0
"""Seconds after which a rival's run is given up: what it needs it has needed by then."""
STREAMED, STREAMED_ROW, SAMPLES = "reluflow, 400 samples streamed", "1000x784x1000", 400
OURS = "reluflow"
TOLERANCE, QUICK_TOLERANCE = 1e-3, 1e-2
PATIENCE = 3600.0
"""Seconds after which such a process is ended."""


@dataclass(frozen=True)
class Memory:
    """One solver's largest memory on one problem.

    Attributes
    ----------
    peak, above
        Bytes: of the whole process, and of that what the run itself has taken; nan if it was not measured.
    seconds
        Of the processor.
    note
        Why it was not measured, or what else there is to say.
    """

    row: str
    solver: str
    setting: float
    peak: float = np.nan
    above: float = np.nan
    seconds: float = np.nan
    note: str = ""


def measure(rows: list[Row], quick: bool) -> list[Memory]:
    """Every solver on those rows that are large, or on the last if none is; 400 samples besides."""
    named = [row.key for row in rows]
    chosen = [key for key in named if key in ROWS] or named[-1:]
    found = []
    for key in chosen:
        for solver, setting in settings(quick):
            tell(f"{key}: memory of {solver}")
            found.append(of_process(key, solver, setting))
    if STREAMED_ROW in chosen:
        tell(f"{STREAMED_ROW}: {STREAMED}")
        found.append(of_process(STREAMED_ROW, STREAMED, TOLERANCE))
    return found


def settings(quick: bool) -> Iterator[tuple[str, float]]:
    """The solvers, and a tolerance or step of each."""
    yield OURS, QUICK_TOLERANCE if quick else TOLERANCE
    for method in ("Tsit5",) if quick else ("Tsit5", "Dopri5", "Dopri8", "Heun"):
        yield f"diffrax {method}", 1e-2
    for solver in DESCENTS:
        yield solver.name, 1e-1


def of_process(row: str, solver: str, setting: float) -> Memory:
    """What a process of its own says."""
    words = [sys.executable, "-m", "benchmarks.memory", row, solver, f"{setting:g}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return Memory(row, solver, setting, note=f"> {PATIENCE:g} s")
    if done.returncode:
        return Memory(row, solver, setting, note=done.stderr.strip().rsplit("\n", 1)[-1])
    return Memory(**json.loads(done.stdout.rsplit("\n", 2)[-2]))


def prepared(problem: Problem, solver: str, setting: float) -> Callable[[], Any]:
    """The run, all compiled that it needs."""
    until = {"end_time": problem.end, "tolerance": setting}
    if solver == STREAMED:
        return partial(simulate, problem.data, problem.init, **until, samples=SAMPLES)
    if solver == OURS:
        return partial(follow_flow, problem.data, problem.init, **until)
    rival = {each.name: each for each in (*RIVALS, *DESCENTS)}[solver].bind(problem, LIMIT)
    return partial(rival, setting)


def run(row: str, solver: str, setting: float) -> Memory:
    """Prepare, set the mark back, run once, and read the mark: in this process."""
    family, sizes = row_of(row)
    problem = family.problem(sizes)
    me, note = psutil.Process(), ""
    with one_thread(10**9):
        warm_up(solver)
        work = prepared(problem, solver, setting)
        reset_peak()
        before, started = me.memory_info().rss, sum(me.cpu_times()[:2])
        try:
            kept = work()
        except TooLong:
            kept, note = None, f"given up after {LIMIT:g} s"
        seconds = sum(me.cpu_times()[:2]) - started
    highest = peak()
    del kept
    return Memory(row, solver, setting, float(highest), float(highest - before), seconds, note)


def warm_up(solver: str) -> None:
    """Bring our machine code into the process: of a small network on each path."""
    if solver.startswith(OURS):
        for name in ("50x20x100", "200x2x5"):
            family, sizes = row_of(name)
            small = family.problem(sizes)
            simulate(small.data, small.init, end_time=small.end, tolerance=1e-2, samples=5)


def reset_peak() -> None:
    """Set the system's mark of the largest resident size back to the present one."""
    mark = Path("/proc/self/clear_refs")
    if mark.exists():
        mark.write_text("5")


def peak() -> int:
    """The largest resident size in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def table(found: list[Memory]) -> Table:
    """Megabytes of each solver on each problem."""
    result = Table(
        "problem", "solver", "setting", "largest", "above being ready", "time", "",
        title="Memory: of a process that does nothing else",
    )  # fmt: skip
    for each in found:
        known = [f"{size / 1e6:,.0f} MB" if np.isfinite(size) else "" for size in (each.peak, each.above)]
        seconds = spoken(each.seconds) if each.seconds > 0.0 else ""
        result.add_row(each.row, each.solver, f"{each.setting:g}", *known, seconds, each.note)
    return result


if __name__ == "__main__":
    print(json.dumps(asdict(run(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
