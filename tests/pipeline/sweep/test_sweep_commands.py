"""``reluflow sweep``: what a person, a program and a shell get, and what a kill leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr
from click.testing import CliRunner
from mounts import tmpfs

import pipeline.cli.sweep_report
from catalog import open_catalog
from catalog.cell_cache import read_cells
from pipeline.cli.main import main
from pipeline.sweep.plan import make_plan
from pipeline.sweep.spec import load_sweep

GOOD = """
base = "orthogonal"
title = "A small sweep"
[set]
flow.samples = 20
[grid]
"init.log10_scale" = {start = -2, stop = -3, num = 2}
"init.width" = [6, 8]
"init.seed" = {count = 2}
"""
COMMAND = [sys.executable, "-m", "pipeline.cli"]


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Call the command on a file of this text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    monkeypatch.delenv("RELUFLOW_CATALOG", raising=False)

    def call(*words, text=GOOD):
        (tmp_path / "mine.toml").write_text(text)
        result = CliRunner().invoke(main, ["sweep", "mine.toml", *words], prog_name="reluflow")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def said(result):
    return " ".join(result.stdout.split())


def test_in_words(sweep, tmp_path):
    done = sweep()
    assert (done.exit_code, done.stderr) == (0, "")
    text = said(done)
    assert "A small sweep 8 cells, 2 of init.log10_scale x 2 of init.width x 2 of init.seed" in text
    assert "n = 2 points in d = 2 coordinates Final excess" in text
    assert "Final excess over the minimum norm, median over seed: init.log10_scale init.width = 6" in text
    assert "8 computed, 0 there already, 0 failed" in text
    assert "cells/s on this process; the largest took" in text
    assert (
        "Next: one cell as a run: reluflow run orthogonal --set flow.samples=20 --set init.log10_scale=-2 "
        "--set init.width=6 --set init.seed=0"
    ) in text
    (path,) = (tmp_path / "catalog-data" / "sweeps").iterdir()
    with xr.open_zarr(path / "data.zarr", group="cube") as cube:
        assert cube.sizes == {"log_init_scale": 2, "width": 2, "seed": 2}
    again = sweep()
    assert again.exit_code == 0
    assert "nothing was computed, 8 there already, 0 failed" in said(again)
    assert said(again).split("median")[1].split("nothing")[0] == text.split("median")[1].split("8 computed")[0]


def test_in_json(sweep):
    found = json.loads(sweep("--json").stdout)
    assert found["path"].endswith(f"sweeps/{found['sweep_id']}")
    assert (found["number_of_points"], found["number_of_coordinates"]) == ([2, 2], [2, 2])
    numbers = [found[key] for key in ("cells", "computed", "cached", "failed")]
    assert numbers == [8, 8, 0, 0]
    assert found["seconds"] > 0
    assert found["statuses"] == {"converged": 8}
    again = json.loads(sweep("--json").stdout)
    assert [again[key] for key in ("cells", "computed", "cached", "failed")] == [8, 0, 8, 0]


def test_the_next_line_opens_a_cell(sweep, tmp_path):
    """The command that it names finds that the run of a published cell is there."""
    words = said(sweep(text="trajectories = true\n" + GOOD)).partition("reluflow run ")[2].split()
    result = CliRunner().invoke(main, ["run", *words, "--json"])
    assert json.loads(result.stdout)["cached"] is True


def test_a_dry_run_writes_nothing(sweep, tmp_path, contents):
    before = contents(tmp_path)
    done = sweep("--dry-run")
    assert done.exit_code == 0
    assert "8 cells" in said(done)
    assert "0 are there already, 8 would be computed. 8 runs never computed: orthogonal-" in said(done)
    assert set(contents(tmp_path)) - set(before) == {"mine.toml"}
    sweep(text=GOOD.replace("count = 2", "count = 1"))
    before = contents(tmp_path)
    found = json.loads(sweep("--dry-run", "--json").stdout)
    assert [found[key] for key in ("cells", "cached", "to_compute", "published")] == [8, 4, 4, False]
    assert found["reasons"] == {"never computed": 4}
    assert contents(tmp_path).keys() == before.keys()


FAILING = """
base = "orthogonal"
[set]
init.width = 6
flow.samples = 20
[grid]
"data.x" = [[[1.0], [2.0]], [[1.0], [1e200]], [[1.0], [2.0], [3.0]]]
"data.y" = [[-1.0, 1.0], [1.0, 2.0, 3.0]]
"""


def test_failed_cells_are_listed(sweep):
    done = sweep(text=FAILING)
    assert done.exit_code == 1
    assert "2 computed, 0 there already, 4 failed" in said(done)
    assert (
        "failed: data.x = [[1.0], [1e+200]], data.y = [-1.0, 1.0]: RequestError: data.x[1] is of the size"
        in said(done)
    )
    assert "failed: data.x = [[1.0], [2.0]], data.y = [1.0, 2.0, 3.0]: data.y has 3 labels for 2 points" in said(
        done
    )
    assert "Next: the same command with --retry-failed" in said(done)
    again = sweep("--json", text=FAILING)
    assert again.exit_code == 1
    found = json.loads(again.stdout)
    assert [found[key] for key in ("computed", "cached", "failed")] == [0, 2, 4]
    assert len(found["failures"]) == 4
    dry = sweep("--dry-run", "--retry-failed", text=FAILING)
    assert "1 run failed before, and is tried again" in said(dry)
    assert "refused: data.x = [[1.0], [2.0]], data.y = [1.0, 2.0, 3.0]: data.y has 3 labels" in said(dry)
    retried = sweep("--retry-failed", text=FAILING)
    assert retried.exit_code == 1
    assert "4 failed" in said(retried)
    assert "Next: change in the file what the failed cells' lines name" in said(retried)


@pytest.mark.parametrize(("trajectories", "room"), [("true", 64), ("false", 12)])
def test_a_full_disk_ends_the_sweep_and_fails_no_cell(sweep, tmp_path, monkeypatch, trajectories, room):
    """With room again, the same command computes the rest."""
    monkeypatch.setattr("pipeline.sweep.in_process.AT_ONCE", 0.0)  # each cell's record is written at once
    text = f"trajectories = {trajectories}\n{GOOD}"
    with tmpfs(tmp_path / "small", "size=1m"):
        sweep("--catalog", "small", text=GOOD.replace("[6, 8]", "[3]"))  # makes the catalog
        left = shutil.disk_usage("small").free
        (tmp_path / "small/ballast").write_bytes(bytes(max(0, left - room * 1024)))
        done = sweep("--catalog", "small", text=text)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr == (
            f"reluflow: the catalog {tmp_path}/small is full: No space left on device; nothing was published; "
            "what was computed is kept, and the next sweep goes on from there\n"
        )
        records = read_cells(open_catalog(tmp_path / "small").storage, "orthogonal")
        assert {record["status"] for record in records.values()} == {"computed"}
        subprocess.run(["mount", "-o", "remount,size=64m", tmp_path / "small"], check=True)
        again = json.loads(sweep("--catalog", "small", "--json", text=text).stdout)
        assert (again["computed"] + again["cached"], again["failed"]) == (8, 0)
        assert again["computed"] > 0


@pytest.mark.parametrize(
    ("words", "text", "line"),
    [
        ((), GOOD.replace("init.width", "init.widht"), "init.widht is not a known key (did you mean 'width'?)"),
        ((), GOOD.replace("[6, 8]", "[6, -8]"), "init.width = -8: at least 1 is allowed"),
        ((), GOOD.replace("[6, 8]", "[]"), 'grid."init.width" = []: at least one value is allowed'),
        ((), GOOD.replace("num = 2", "nmu = 2"), 'grid."init.log10_scale".nmu is not a known key'),
        (("--set", "init.width=3"), GOOD, "init.width is set and swept: allowed is one of the two"),
        (("--set", "init.width"), GOOD, "--set init.width: allowed is key=value"),
        (("--workers", "0"), GOOD, "Invalid value for '--workers'"),
        (("--workers", "2", "--scheduler", "tcp://x"), GOOD, "--workers 2: allowed without --scheduler only"),
        (("--scheduler", "tcp://127.0.0.1:1"), GOOD, "--scheduler tcp://127.0.0.1:1: no Dask scheduler answers"),
    ],
)  # fmt: skip
def test_wrong_requests(sweep, tmp_path, monkeypatch, words, text, line):
    monkeypatch.setattr("pipeline.sweep.cluster.ANSWER", 0.5)
    done = sweep(*words, text=text)
    assert (done.exit_code, done.stdout) == (2, "")
    (told,) = done.stderr.splitlines()
    assert told.startswith(f"reluflow: {line}")
    if not words or words[0] != "--scheduler":
        assert not (tmp_path / "catalog-data").exists()


def test_help_and_dry_runs_import_nothing_heavy(sweep, tmp_path):
    sweep()
    code = (
        "import sys\nfrom pipeline.cli.main import main\ntry: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print({'numpy', 'xarray', 'numba', 'dask', 'distributed'} & set(sys.modules))"
    )
    for words in (["sweep", "--help"], ["sweep", "mine.toml", "--dry-run"]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "set()"


def test_progress(monkeypatch, capsys):
    monkeypatch.setattr(pipeline.cli.sweep_report, "PLAIN_SECONDS", 0.0)
    with pipeline.cli.sweep_report.counting_cells() as tell:
        tell(3, 12)
        tell(12, 12)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("3 of 12 cells, ")
    assert "cells/s" in line
    monkeypatch.setattr(pipeline.cli.sweep_report, "PATIENCE", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with pipeline.cli.sweep_report.counting_cells() as tell:
        tell(3, 12)
    assert "3/12" in capsys.readouterr().err


# As a process: killed, interrupted

LONG = GOOD.replace("{count = 2}", "{count = 25}")


@pytest.fixture
def started(tmp_path):
    """Start the command as a process group of its own and wait until some cells are recorded."""
    processes = []

    def start():
        (tmp_path / "mine.toml").write_text(LONG)
        process = subprocess.Popen(
            [*COMMAND, "sweep", "mine.toml", "--workers", "2", "--catalog", "flows"], cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        processes.append(process)
        place = open_catalog(tmp_path / "flows").storage
        before = len(read_cells(place, "orthogonal"))
        while process.poll() is None and len(read_cells(place, "orthogonal")) < before + 10:
            time.sleep(0.02)
        assert process.poll() is None, process.communicate()
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.slow  # tests/pipeline/sweep/test_killed.py and test_caller.py do it within one process
@pytest.mark.parametrize("killed", [False, True])
def test_kills_lose_nothing(started, tmp_path, killed):
    """Killed without its workers, interrupted with them; then it finishes, and computes no record twice."""
    catalog = open_catalog(tmp_path / "flows")
    if killed:
        process = started()
        process.kill()
        process.communicate()
    process = started()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: the workers get it, too
    output, errors = process.communicate(timeout=200)
    assert (process.returncode, output) == (130, "")
    *progress, last = errors.splitlines()
    assert last == "reluflow: interrupted; what was computed is kept, and the next sweep goes on from there"
    assert [line for line in progress if " cells, " not in line] == []  # of those one comes every ten seconds
    assert catalog.sweeps.run_ids() == []
    kept = len(read_cells(catalog.storage, "orthogonal"))
    assert kept >= (20 if killed else 10)
    last = subprocess.run(
        [*COMMAND, "sweep", "mine.toml", "--catalog", "flows", "--json"], cwd=tmp_path, capture_output=True,
        text=True, timeout=200,
    )  # fmt: skip
    assert last.returncode == 0, last.stderr
    found = json.loads(last.stdout)
    assert [found[key] for key in ("cells", "computed", "cached", "failed")] == [100, 100 - kept, kept, 0]
    plan = make_plan(load_sweep(tmp_path / "mine.toml"))
    assert catalog.sweeps.run_ids() == [plan.sweep_id]
    assert [finding for finding in catalog.verify() if finding.is_damage] == []
