"""``python -m tests.release``: build the distributions, and try the wheel as a stranger would.

The wheel is built from the source distribution, installed with the pins into an environment of its own outside the
checkout, and used from an empty folder. Any surprise is an assertion's message and a status of 1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("reluflow", "pipeline", "catalog", "dashboards")
LONGEST_IMPORT = 1.0
"""Seconds of processor time that ``import pipeline`` may take in a process of its own."""


def call(*words: str | Path, status: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and hold it to its exit status."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert done.returncode == status, f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def build(python: str, out: Path) -> tuple[Path, Path]:
    """Build the source distribution, and the wheel from it."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    backend = f"from setuptools import build_meta; build_meta.build_sdist({str(out)!r})"
    call(python, "-c", backend, cwd=REPOSITORY)
    (source,) = out.glob("*.tar.gz")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    call(python, "-m", "pip", "wheel", *quiet, "-w", out, source)
    (wheel,) = out.glob("*.whl")
    return source, wheel


def everything_is_in(wheel: Path) -> None:
    """The wheel holds each file of the packages: presets, the example sweep, the dashboard's page."""
    names = set(zipfile.ZipFile(wheel).namelist())
    there = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there <= names, f"the wheel lacks {sorted(there - names)}"


class Stranger:
    """Somebody in an empty folder who has installed the wheel, with these extras and pins, and nothing else."""

    def __init__(
        self,
        python: str,
        wheel: Path,
        scratch: Path,
        *,
        extras: str = "",
        pins: Path = REPOSITORY / "constraints.txt",
    ) -> None:
        self.bin, self.folder = scratch / "venv" / "bin", scratch / "empty"
        self.folder.mkdir()
        call(python, "-m", "venv", scratch / "venv")
        self.environment = {
            key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "RELUFLOW_CATALOG")
        }
        quiet = ("--quiet", "--disable-pip-version-check")
        call(
            self.bin / "python",
            "-m",
            "pip",
            "install",
            *quiet,
            "-c",
            pins,
            f"{wheel}{extras}",
            env=self.environment,
        )

    def does(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``reluflow`` and tell how long it took."""
        started = perf_counter()
        done = call(self.bin / "reluflow", *words, status=status, cwd=self.folder, env=self.environment)
        print(f"{perf_counter() - started:6.2f} s  reluflow {' '.join(words)}", flush=True)
        return done

    def imports(self) -> float:
        """The processor time that ``import pipeline`` takes, the interpreter's own start included."""
        before = os.times()
        call(self.bin / "python", "-c", "import pipeline", cwd=self.folder, env=self.environment)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system


def try_out(stranger: Stranger) -> None:
    """The recipes of the README that need no file and no browser, and what a missing extra says."""
    assert stranger.does("--version").stdout.startswith("reluflow, version ")
    assert "orthogonal" in stranger.does("presets").stdout
    run = json.loads(stranger.does("run", "orthogonal", "--json").stdout)
    assert run["status"] == "converged", run
    assert abs(run["half_squared_norm"] - 1.3416407865) < 1e-8, run
    assert run["run_id"] in stranger.does("list").stdout
    assert "every byte is as it was published" in stranger.does("verify").stdout
    stranger.does("figures", "orthogonal", "--out", "figures")
    assert (stranger.folder / "figures" / "figure-2-states.svg").exists()
    stranger.does("sweep", "scale-width-seed", "--dry-run")
    stranger.does("export", "orthogonal", "orthogonal.zip")
    assert "_RELUFLOW_COMPLETE" in stranger.does("completion", "zsh").stdout
    if (REPOSITORY / "dashboards" / "commands.py").exists():
        asked = stranger.does("dashboard", status=2)
        assert "reluflow[dashboard]" in asked.stderr, asked.stderr
    diffrax = ("run", "orthogonal", "--set", "flow.method=diffrax:Tsit5", "--set", "flow.end_time=40")
    assert "reluflow[witnesses]" in stranger.does(*diffrax, status=2).stderr
    assert "reluflow[s3]" in stranger.does("list", "--catalog", "s3://bucket/flows", status=2).stderr
    seconds = min(stranger.imports() for _ in range(3))
    print(f"{seconds:6.2f} s  import pipeline")
    assert seconds < LONGEST_IMPORT, seconds


def main(python: str = sys.executable) -> None:
    """Build with this interpreter, and try the wheel with ``python``, another one perhaps."""
    source, wheel = build(sys.executable, REPOSITORY / "dist")
    for path in (source, wheel):
        print(f"{path.stat().st_size / 1024:6.0f} kB {path.name}")
    everything_is_in(wheel)
    with tempfile.TemporaryDirectory() as scratch:
        try_out(Stranger(python, wheel, Path(scratch)))


if __name__ == "__main__":
    main(*sys.argv[1:2])
