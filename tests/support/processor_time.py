"""A plugin of pytest that prints the processor time of each folder and of the slowest tests, browsers included.

``PYTHONPATH=tests/support:. .venv/bin/python -m pytest -p processor_time tests/catalog``. Elapsed time depends on
what else the machine does; processor time nearly not.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import PurePosixPath
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import psutil
import pytest

SLOWEST = 20
spent: dict[str, float] = {}
"""Seconds of each test, with the fixtures made for it."""
before = 0.0


def own() -> float:
    """Seconds that this process and its children that have ended have taken."""
    return sum(sum(getrusage(who)[:2]) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))


def descendants() -> float:
    """Seconds that the processes started here, and still there, and their ended children have taken."""
    total = 0.0
    for process in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def charge(name: str) -> None:
    """Charge what was spent since the last call; to look for processes, 10 ms, is charged to nobody."""
    global before
    here = own()
    now = here + descendants()
    spent[name], before = spent.get(name, 0.0) + now - before, now + own() - here


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
