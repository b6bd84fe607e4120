"""The recipes in an export's README, run as they stand there: each indented block, in its order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

CHECK = """
import gc
assert run["trajectory/loss"].load().size, "nothing was opened"
gc.collect()
"""
"""What is asked after a block that opens a run."""


def blocks(readme: str) -> list[str]:
    """The indented blocks of a text, without their indentation."""
    found = groupby(readme.splitlines(), key=lambda line: line.startswith("    "))
    return ["\n".join(line[4:] for line in lines) for indented, lines in found if indented]


def run_recipes(
    folder: Path, bin: Path, *, zip: Path, netcdf: Path, host: str, environment: dict[str, str]
) -> tuple[int, int]:
    """Run every block of ``folder``'s README in that folder; any surprise, a warning too, is an error.

    Parameters
    ----------
    bin
        Where ``python`` and ``reluflow`` are.
    zip, netcdf, host
        What stands for ``EXPORT.zip``, ``EXPORT.nc`` and ``HOST``.
    environment
        Variables of the commands.

    Returns
    -------
    tuple of int
        How many lines of the command line and how many blocks of Python there were.
    """
    text = (folder / "README.md").read_text()
    for said, meant in (("EXPORT.zip", str(zip)), ("EXPORT.nc", str(netcdf)), ("HOST", host)):
        assert said in text, said
        text = text.replace(said, meant)
    found = blocks(text)
    commands = [line for block in found if block.startswith("reluflow ") for line in block.splitlines()]
    python = [block for block in found if not block.startswith("reluflow ")]
    for line in commands:
        _succeed([str(bin / "reluflow"), *line.split("  ")[0].split()[1:]], folder, environment)
    whole = "\n".join(block + (CHECK if "run = " in block else "") for block in python)
    _succeed([str(bin / "python"), "-W", "error", "-c", whole], folder, environment)
    return len(commands), len(python)


def _succeed(words: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        words, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
