"""A copy of the tree in which one file has a fault, and whether the tests there notice."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from tests.mutants.core import Module
from tests.mutants.mutation import Mutant, mutants

COPIED = ("catalog", "pipeline", "dashboards", "docs", "tests", "pyproject.toml", "README.md", "Makefile")
LEFT = shutil.ignore_patterns("__pycache__", "_build", ".*")
PLUGINS = ("-p", "timeout", "-p", "hypothesispytest")
"""Those that the tests need; the others that are installed take two seconds of each call."""
PATIENCE, LEAST = 5.0, 30.0
"""A mutant may take so many times what the tests take without it, and at least so many seconds."""
FAILED = (1, 2)
"""What pytest says of a test that fails, and of a file that cannot even be imported."""


class Verdict(NamedTuple):
    """What became of a module: ``tried`` is False where its tests fail without any fault."""

    module: Module
    tried: bool
    number: int
    survivors: list[Mutant]
    seconds: float


def copy_tree(root: Path, copy: Path) -> None:
    """The part of a checkout that the tests read."""
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=LEFT)
        elif (root / name).exists():
            shutil.copy(root / name, copy / name)


def passes(words: Sequence[str], copy: Path, *, interpreted: bool, longest: float | None = None) -> bool:
    """Whether these tests pass in a copy; to hang for ``longest`` seconds, or to crash, is not to pass."""
    # No byte code: a mutant of the same length made within the second would pass for the one before.
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if interpreted:
        environment["NUMBA_DISABLE_JIT"] = "1"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *PLUGINS, *words]
    process = subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=longest)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    if process.returncode > 0 and process.returncode not in FAILED:
        raise RuntimeError(f"pytest ended with status {process.returncode}:\n{said}")
    return process.returncode == 0


def examine(module: Module, copy: Path, count: int, seed: int) -> Verdict:
    """Try up to ``count`` mutants of a module in a copy of the tree, and leave the copy as it was."""
    started, file = perf_counter(), copy / module.path
    original = file.read_text()
    # The unmutated file is written as the mutants are, without its comments: only the fault may tell.
    file.write_text(ast.unparse(ast.parse(original)))
    tried = passes(module.tests, copy, interpreted=module.interpreted)
    longest = max(LEAST, PATIENCE * (perf_counter() - started))
    drawn = mutants(original, count, seed) if tried else []
    survivors = []
    for mutant in drawn:
        file.write_text(mutant.source)
        if passes(module.tests, copy, interpreted=module.interpreted, longest=longest):
            survivors.append(mutant)
    file.write_text(original)
    return Verdict(module, tried, len(drawn), survivors, perf_counter() - started)
