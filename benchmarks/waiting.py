"""What a person waits for, from the shell: whole processes, imports included."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from rich.table import Table

from benchmarks.timing import spoken, tell
from pipeline.flow.code_cache import CACHE_VARIABLE

COMMAND = str(Path(sys.executable).parent / "reluflow")
PRESET = "orthogonal"

LOADING = """
from time import perf_counter
from pipeline.flow.exact.build import load_solver
before = perf_counter()
load_solver()
print(perf_counter() - before)
"""
"""Says itself how long the compiled solver takes from disk, without Python's start and the imports."""


@dataclass(frozen=True)
class Wait:
    """What was waited for; the least seconds of some repeats."""

    what: str
    seconds: float


ENGINE = "the engine from its cache, imports not counted"


def measure(quick: bool) -> list[Wait]:
    """Every command, in the order of a first day."""
    repeats = 1 if quick else 3
    python = [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        catalog = ["--catalog", folder]
        run = [COMMAND, "run", PRESET, *catalog]
        plan: list[tuple[str, list[str], int]] = [
            ("python itself", [*python, "pass"], repeats),
            ("import pipeline", [*python, "import pipeline"], repeats),
            ("from pipeline.flow import simulate", [*python, "from pipeline.flow import simulate"], repeats),
            ("reluflow --help", [COMMAND, "--help"], repeats),
        ]
        waits = [Wait(what, least(words, n)) for what, words, n in plan]
        tell("waiting: the engine")
        output([*python, LOADING])  # compiles it if nothing has done so
        waits.append(Wait(ENGINE, min(float(output([*python, LOADING])) for _ in range(repeats))))
        if not quick:
            waits.append(Wait(f"first reluflow run {PRESET}, compiling included", first_run(folder)))
        tell("waiting: runs")
        seeds = [[*run, "--set", f"init.seed={1 + seed}"] for seed in range(repeats)]
        waits.append(Wait(f"reluflow run {PRESET}, compiled before", min(least(words) for words in seeds)))
        waits.append(Wait("the same again, from the catalog", least(seeds[0], repeats)))
        figures = [COMMAND, "figures", PRESET, "--out", folder, *catalog]
        waits.append(Wait(f"reluflow figures {PRESET}", least(figures, repeats)))
        waits.append(Wait("reluflow list", least([COMMAND, "list", *catalog], repeats)))
    return waits


def first_run(catalog: str) -> float:
    """A run with no compiled solver anywhere: its cache is an empty folder."""
    tell("waiting: a first run, compiling")
    with tempfile.TemporaryDirectory() as kernels:
        return least([COMMAND, "run", PRESET, "--catalog", catalog], 1, os.environ | {CACHE_VARIABLE: kernels})


def least(words: list[str], repeats: int = 1, environment: dict[str, str] | None = None) -> float:
    """The least seconds of the command."""
    found = []
    for _ in range(repeats):
        before = perf_counter()
        output(words, environment)
        found.append(perf_counter() - before)
    return min(found)


def output(words: list[str], environment: dict[str, str] | None = None) -> str:
    """What the command prints."""
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout


def tables(waits: list[Wait]) -> Table:
    """The rows: what, seconds."""
    result = Table("what a person waits for", "time", title="From the shell: whole processes, the least of three")
    for wait in waits:
        result.add_row(wait.what, spoken(wait.seconds))
    return result
