"""What a person waits for, from the shell: whole processes, imports included."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from rich.table import Table

COMMAND = str(Path(sys.executable).parent / "reluflow")


def table() -> Table:
    """The rows: what, seconds (the least of three)."""
    result = Table("what a person waits for", "seconds", title="From the shell")
    with tempfile.TemporaryDirectory() as folder:
        runs = (str(seed) for seed in range(100))
        for what, words in (
            ("reluflow --help", lambda: ["--help"]),
            ("reluflow run orthogonal (solver compiled)", lambda: run_words(folder, next(runs))),
            ("the same again: in the catalog", lambda: run_words(folder, "0")),
            (
                "reluflow figures orthogonal",
                lambda: ["figures", "orthogonal", "--out", folder, "--catalog", folder],
            ),
            ("reluflow list", lambda: ["list", "--catalog", folder]),
        ):
            result.add_row(what, f"{min(seconds(words()) for _ in range(3)):.2f}")
    return result


def run_words(folder: str, seed: str) -> list[str]:
    """The words of a run with this seed into the catalog ``folder``."""
    return ["run", "orthogonal", "--set", f"init.seed={seed}", "--catalog", folder]


def seconds(words: list[str]) -> float:
    """How long the command takes."""
    before = perf_counter()
    subprocess.run([COMMAND, *words], check=True, capture_output=True)
    return perf_counter() - before
