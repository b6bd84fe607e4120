"""The command line, called as a person calls it but within this process, where a test need not be a process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli.main import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with no catalog set from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RELUFLOW_CATALOG", raising=False)
    return tmp_path


@pytest.fixture
def reluflow(here: Path) -> Callable[..., Result]:
    """Run a command and return its exit status and what it said."""

    def call(*words: object, **environment: str) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words], env=environment, prog_name="reluflow")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


QUICK = ("--set", "init.width=6", "--set", "flow.samples=20", "--set", "init.seed=4")
"""A run that takes milliseconds, and converges."""


@pytest.fixture(scope="session")
def quick() -> tuple[str, ...]:
    return QUICK


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with three quick runs, the first of them of QUICK alone; shared, so never to be changed."""
    root = tmp_path_factory.mktemp("filled") / "catalog"
    for name, width in (("orthogonal", 6), ("orthogonal", 8), ("orthonormal", 6)):
        words = ["run", name, *QUICK, "--set", f"init.width={width}", "--catalog", str(root)]
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
    return root
