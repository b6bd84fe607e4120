"""A plugin of pytest that prints the processor time of each folder and of the slowest tests, browsers included.

``PYTHONPATH=tests/support:. .venv/bin/python -m pytest -p processor_time tests/catalog``. Elapsed time depends on
what else the machine does; processor time nearly not.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import PurePosixPath

import psutil
import pytest

SLOWEST = 20
spent: dict[str, float] = {}
"""Seconds of each test, with the fixtures made for it."""
before = 0.0


def processor_time() -> float:
    """Seconds that this process and its descendants, those that have ended among them, have taken."""
    total = 0.0
    for process in (this := psutil.Process(os.getpid()), *this.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def charge(name: str) -> None:
    """Charge what was spent since the last call."""
    global before
    now = processor_time()
    spent[name], before = spent.get(name, 0.0) + now - before, now


def pytest_collection_finish() -> None:
    """Charge the imports to no test."""
    charge("collection")


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Charge a test."""
    charge(nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the folders' sums and the slowest tests."""
    folders: dict[str, float] = defaultdict(float)
    for name, seconds in spent.items():
        folders[str(PurePosixPath(name.partition("::")[0]).parent)] += seconds
    terminalreporter.section(f"{sum(spent.values()):.1f} s of processor time")
    for numbers, most in ((folders, None), (spent, SLOWEST)):
        for name, seconds in sorted(numbers.items(), key=lambda one: -one[1])[:most]:
            terminalreporter.write_line(f"{seconds:8.2f} s  {name}")
