"""Settings for every test: property tests have no deadline, and repeat themselves exactly in CI."""

import gc
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amounts import amount
from hypothesis import settings
from made_once import made_once  # noqa: F401  a fixture
from threadpoolctl import threadpool_limits

from pipeline.sweep.worker_startup import ONE_THREAD

EXAMPLES = amount(20, 100)
"""Of a property that does not say how many."""
settings.register_profile("everywhere", deadline=None, max_examples=EXAMPLES)
settings.register_profile("ci", deadline=None, max_examples=EXAMPLES, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")

# The linear algebra's threads wait for one another by spinning (pipeline/network/threads.py): with two of them a
# test takes up to seven times the processor time. The variables are for the processes that tests start, and for
# SciPy's library; NumPy's is loaded already, by a plugin.
os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
ONE_THREAD_HERE = threadpool_limits(limits=1, user_api="blas")

# Kernels that tests call one by one are compiled as the solver is for everybody (pipeline/flow/exact/build.py):
# LLVM's level 1 takes less time than 3. Numba reads this when it is imported.
for name, value in {"NUMBA_OPT": "1", "NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"}.items():
    os.environ.setdefault(name, value)

# The folders of the tests lie in memory where that is a file system: a file is made and removed there in a twelfth
# of the processor time. Pytest reads the variable when the first folder is asked for.
MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 2 * 2**30
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# A runner started in the background of a shell inherits an ignored SIGINT and would pass it on to the children
# whose Ctrl-C is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# While the tests are collected nothing becomes garbage: each round of the collector would go through all of it.
gc.disable()

LONGEST_FIRST = ("pipeline/sweep", "dashboards", "catalog", "pipeline")
"""Folders of tests in the order in which their files are handed out: what takes minutes must not come last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files by :data:`LONGEST_FIRST`, for two processes to end at about the same time."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix() if here in item.path.parents else ""
        return next((i for i, folder in enumerate(LONGEST_FIRST) if name.startswith(folder)), len(LONGEST_FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave what is imported and collected out of the garbage collector's rounds: each took a second over it.

    A round over the young objects comes ten times more rarely than usual: a page of the dashboard is 30,000
    objects in use, which every third round went through.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(7000)
    gc.enable()


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Every name under ``root`` with its content."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes | None]]:
    return snapshot


@pytest.fixture(autouse=True)
def logging_is_on() -> Iterator[None]:
    """A command that is interrupted within a test's own process turns logging off, which ends a real one."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def nothing_destroyed() -> Iterator[None]:
    """For documents nested without end: no garbage is searched for at their bottom.

    A destructor that would run there, of any other test's object, has no room left, and pytest reports it.
    """
    gc.disable()
    yield
    gc.enable()
