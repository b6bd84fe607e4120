"""What is being written is held and stays; what a killed process left is cleared away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog import open_catalog
from catalog.errors import CatalogUnwritableError
from catalog.places import staging

REPOSITORY = Path(__file__).parents[2]

WRITER = """
import sys, time
from catalog.places import place_at
with place_at(sys.argv[1]).writing("runs/slow-0") as writer:
    writer.write("data.zarr/zarr.json", b"{}")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_what_is_being_written_stays_and_what_is_abandoned_goes(tmp_path, writer):
    catalog = open_catalog(tmp_path)
    (leftover,) = catalog.leftovers()
    assert (leftover.run_id, leftover.at_work) == ("slow-0", True)
    assert leftover.idle_seconds < 30
    assert [left.key for left in catalog.tidy(patience=0).kept] == [leftover.key]
    assert not catalog.place.reclaim(leftover)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (leftover,) = catalog.leftovers()
    assert leftover.at_work is False
    tidied = catalog.tidy()
    assert ([left.key for left in tidied.removed], tidied.kept) == ([leftover.key], ())
    assert catalog.leftovers() == []


def test_a_disk_without_locks_goes_by_time(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(staging.fcntl, "flock", no_locks)
    (tmp_path / "staging/a-0-1-00000000").mkdir(parents=True)
    catalog = open_catalog(tmp_path)
    assert catalog.leftovers()[0].at_work is None
    assert len(catalog.tidy().kept) == 1
    os.utime(tmp_path / "staging/a-0-1-00000000", (time.time() - 7200,) * 2)
    assert 7100 < catalog.leftovers()[0].idle_seconds < 7300
    assert len(catalog.tidy().removed) == 1


def test_a_clean_up_between_making_a_folder_and_holding_it(tmp_path, monkeypatch):
    """The writer finds its folder gone, or held by the clean-up, and takes another."""
    flock, cleaned = staging.fcntl.flock, []

    def clean_first(descriptor, operation):
        if not cleaned and operation == staging.fcntl.LOCK_EX | staging.fcntl.LOCK_NB:
            cleaned.append(True)
            cleaned.append(open_catalog(tmp_path).tidy(patience=0).removed)
        return flock(descriptor, operation)

    monkeypatch.setattr(staging.fcntl, "flock", clean_first)
    with open_catalog(tmp_path).place.writing("runs/a-0") as writer:
        writer.write("data.zarr/zarr.json", b"{}")
        writer.seal(b"{}")
    assert len(cleaned[1]) == 1
    assert (tmp_path / "runs/a-0/data.zarr/zarr.json").read_bytes() == b"{}"


def test_a_removed_run_is_gone_at_once(catalog_copy, run_id):
    catalog = open_catalog(catalog_copy)
    catalog.remove(run_id)
    assert (catalog.run_ids(), catalog.leftovers(), catalog.verify()) == ([], [], [])
    assert not (catalog_copy / "runs" / run_id).exists()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    place = open_catalog(tmp_path).place
    place.write("cells/a/b.json", b"first")
    monkeypatch.setattr(
        staging, "write_synced", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error"))
    )
    with pytest.raises(CatalogUnwritableError):
        place.write("cells/a/b.json", b"second")
    monkeypatch.undo()
    assert place.read("cells/a/b.json") == b"first"
    place.write("cells/a/b.json", b"second")
    assert place.read("cells/a/b.json") == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]
