"""Settings for every test: property tests have no deadline, and repeat themselves exactly in CI."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("everywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")

# A runner started in the background of a shell inherits an ignored SIGINT and would pass it on to the children
# whose Ctrl-C is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Every name under ``root`` with its content."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


@pytest.fixture(scope="session")
def contents() -> Callable[[Path], dict[str, bytes | None]]:
    return snapshot
