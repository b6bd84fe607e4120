"""Ctrl-C and SIGTERM of a sweep: noted wherever they come, acted upon where nothing is left half done."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from multiprocessing import forkserver

import pytest
from click.testing import CliRunner

import pipeline.sweep.in_process
from catalog import open_catalog
from catalog.cell_cache import read_cells
from pipeline.cli.main import main
from pipeline.cli.shared import INTERRUPTED
from pipeline.sweep.caller import interruptible
from pipeline.sweep.worker_startup import warm_up

GRID = """
base = "orthogonal"
[set]
flow.samples = 8
init.width = 4
[grid]
"init.seed" = {count = 6}
"""
LINES = (
    "reluflow: interrupted; what was computed is kept, and the next sweep goes on from there\n",
    "reluflow: interrupted; nothing is half-published\n",
)


@pytest.fixture(autouse=True)
def handlers():
    """A command that was interrupted leaves its handlers: the process would be ending."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    (tmp_path / "mine.toml").write_text(GRID)

    def call(catalog):
        return CliRunner().invoke(main, ["sweep", "mine.toml", "--catalog", catalog], prog_name="reluflow")

    return call


class Dropped:
    """An object during whose end a signal comes. What is raised there Python prints, and goes on."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        signal.raise_signal(self.number)
        sum(range(10))  # the handler runs between two of the interpreter's instructions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_destructor_is_not_lost(sweep, monkeypatch, tmp_path, number):
    compute, calls = pipeline.sweep.in_process.compute_batch, []

    def dropping(*arguments):
        calls.append(1)
        batch = compute(*arguments)
        if len(calls) == 3:
            Dropped(number)
        return batch

    monkeypatch.setattr(pipeline.sweep.in_process, "compute_batch", dropping)
    monkeypatch.setattr(pipeline.sweep.in_process, "AT_ONCE", 0.0)  # each cell is recorded at once
    done = sweep("flows")
    assert (done.exit_code, done.stdout, done.stderr) == (INTERRUPTED, "", LINES[0])
    assert len(calls) == 3
    assert len(read_cells(open_catalog(tmp_path / "flows").storage, "orthogonal")) == 3


class Instant:
    """Sends the signal at one call of a Python function: of the sweep, the catalog, a library, a callback."""

    def __init__(self, instant=None):
        self.instant, self.count = instant, 0

    def __call__(self, frame, event, argument):
        if event == "call":
            self.count += 1
            if self.count == self.instant:
                signal.raise_signal(signal.SIGINT)

    def __enter__(self):
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)


@pytest.mark.parametrize("instants", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_a_ctrl_c_at_any_of_many_instants(sweep, tmp_path, instants):
    """Spread evenly over the calls of a whole sweep: none is lost, and the next sweep finishes it."""
    sweep("warm")
    with Instant() as whole:
        assert sweep("counted").exit_code == 0
    for number in range(1, instants + 1):
        name = f"flows-{number}"
        with Instant(whole.count * number // (instants + 2)) as instant:
            done = sweep(name)
        assert instant.count > instant.instant
        assert done.exit_code == INTERRUPTED, (number, done.output, done.exception)
        assert done.stderr in LINES, (number, done.stderr)
        catalog = open_catalog(tmp_path / name)
        assert catalog.verify() == []
        assert {record["status"] for record in read_cells(catalog.storage, "orthogonal").values()} <= {"computed"}
    assert sweep(name).exit_code == 0


def test_the_second_signal_ends_the_process_at_once(monkeypatch):
    ended = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with suppress(KeyboardInterrupt), interruptible(130) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert (interruption.asked, ended) == (True, [])
        signal.raise_signal(signal.SIGTERM)
    assert ended == [130]


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible(130) as interruption:
        signal.raise_signal(signal.SIGINT)
    assert not interruption.asked
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_without_a_signal_everything_is_as_before():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible(130):
        assert signal.getsignal(signal.SIGINT) not in before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_ctrl_c_while_the_workers_process_starts_is_not_lost(monkeypatch):
    """It must not reach that process, which is just starting; but this one, afterwards."""
    monkeypatch.setattr(forkserver, "ensure_running", lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):  # in a program of one's own: as Python has it
        warm_up()
    with suppress(KeyboardInterrupt), interruptible(130) as interruption:
        warm_up()
    assert interruption.asked
