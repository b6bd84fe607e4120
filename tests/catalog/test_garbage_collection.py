"""What is being written is held and stays; what a killed process left is cleared away."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from catalog import open_catalog
from catalog.errors import CatalogUnwritableError
from catalog.storage import atomic, authorship

REPOSITORY = Path(__file__).parents[2]

WRITER = """
import sys, time
from catalog.storage import open_storage
with open_storage(sys.argv[1]).writing("runs/slow-0") as writer:
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
    (unfinished,) = catalog.unfinished_writes()
    assert (unfinished.run_id, unfinished.at_work) == ("slow-0", True)
    assert unfinished.idle_seconds < 30
    assert [left.key for left in catalog.collect_garbage(patience=0).kept] == [unfinished.key]
    assert not catalog.storage.reclaim(unfinished)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (unfinished,) = catalog.unfinished_writes()
    assert unfinished.at_work is False
    collected = catalog.collect_garbage()
    assert ([left.key for left in collected.removed], collected.kept) == ([unfinished.key], ())
    assert catalog.unfinished_writes() == []


def test_a_disk_without_locks_goes_by_time(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(atomic.fcntl, "flock", no_locks)
    (tmp_path / "staging/a-0-1-00000000").mkdir(parents=True)
    catalog = open_catalog(tmp_path)
    assert catalog.unfinished_writes()[0].at_work is None
    assert len(catalog.collect_garbage().kept) == 1
    os.utime(tmp_path / "staging/a-0-1-00000000", (time.time() - 7200,) * 2)
    assert 7100 < catalog.unfinished_writes()[0].idle_seconds < 7300
    assert len(catalog.collect_garbage().removed) == 1


@pytest.fixture
def elsewhere(monkeypatch):
    """Whatever is opened in this context is another machine's, whose locks are not known here."""

    @contextmanager
    def on_another_machine():
        with monkeypatch.context() as there:
            there.setattr(authorship, "this_machine", lambda: "other.example.org-0a1b2c3d")
            there.setattr(atomic.fcntl, "flock", lambda *_: None)
            yield

    return on_another_machine


def test_what_another_machine_is_writing_stays(tmp_path, elsewhere):
    """On a shared network disk its lock is not seen, so that no look can tell that it is at work."""
    catalog = open_catalog(tmp_path)
    with ExitStack() as stack:
        with elsewhere():
            writers = [stack.enter_context(catalog.storage.writing(f"runs/far-{number}")) for number in range(13)]
        for writer in writers:
            writer.write("data.zarr/zarr.json", b"{}")
        collected = catalog.collect_garbage()
        assert (collected.removed, len(collected.kept)) == ((), 13)
        assert {(left.host, left.at_work) for left in collected.kept} == {("other.example.org", None)}
        assert {left.run_id for left in collected.kept} == {f"far-{number}" for number in range(13)}
        for writer in writers:
            writer.complete(b"{}")
    assert len(list((tmp_path / "runs").iterdir())) == 13


def test_what_another_machine_has_left_goes_when_it_was_quiet_for_long(tmp_path, elsewhere):
    catalog = open_catalog(tmp_path)
    with elsewhere():
        left = tmp_path / "staging" / authorship.signed_name("far-0")
    left.mkdir(parents=True)
    for path, age in ((left, 7200), (left / "late", 3500)):
        path.touch() if path != left else None
        os.utime(path, (time.time() - age,) * 2)
    os.utime(left, (time.time() - 7200,) * 2)
    assert len(catalog.collect_garbage().kept) == 1  # one file in it is newer
    assert len(catalog.collect_garbage(patience=3400).removed) == 1


def test_the_age_is_by_the_clock_of_the_disk(tmp_path, elsewhere, monkeypatch):
    """Two machines' clocks may be hours apart; what stamps the files is the disk's."""
    catalog = open_catalog(tmp_path)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    with elsewhere():
        left = tmp_path / "staging" / authorship.signed_name("far-0")
    left.mkdir(parents=True)
    assert catalog.unfinished_writes()[0].idle_seconds < 600
    assert len(catalog.collect_garbage().kept) == 1


@pytest.mark.parametrize(
    ("name", "what", "host"),
    [
        ("flow-0123456789ab-4711-0a1b2c3d", "flow-0123456789ab", ""),
        ("flow-0123456789ab@a.b-c-00000000-4711-0a1b2c3d", "flow-0123456789ab", "a.b-c"),
        ("x@y@host-00000000-1-00000000", "x@y", "host"),
        ("anything", "anything", ""),
    ],
)
def test_names_say_what_and_whose(name, what, host):
    assert authorship.authorship_of(name) == authorship.Authorship(what, host, is_here=False)
    assert authorship.authorship_of(authorship.signed_name(what)) == authorship.Authorship(
        what, authorship.this_machine().rpartition("-")[0], is_here=True
    )
    assert len(authorship.signed_name("r" * 200)) <= 255


def test_a_clean_up_between_making_a_folder_and_holding_it(tmp_path, monkeypatch):
    """The writer finds its folder gone, or held by the clean-up, and takes another."""
    flock, cleaned = atomic.fcntl.flock, []

    def clean_first(descriptor, operation):
        if not cleaned and operation == atomic.fcntl.LOCK_EX | atomic.fcntl.LOCK_NB:
            cleaned.append(True)
            cleaned.append(open_catalog(tmp_path).collect_garbage(patience=0).removed)
        return flock(descriptor, operation)

    monkeypatch.setattr(atomic.fcntl, "flock", clean_first)
    with open_catalog(tmp_path).storage.writing("runs/a-0") as writer:
        writer.write("data.zarr/zarr.json", b"{}")
        writer.complete(b"{}")
    assert len(cleaned[1]) == 1
    assert (tmp_path / "runs/a-0/data.zarr/zarr.json").read_bytes() == b"{}"


def test_a_removed_run_is_gone_at_once(catalog_copy, run_id):
    catalog = open_catalog(catalog_copy)
    catalog.remove(run_id)
    assert (catalog.run_ids(), catalog.unfinished_writes(), catalog.verify()) == ([], [], [])
    assert not (catalog_copy / "runs" / run_id).exists()


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    storage = open_catalog(tmp_path).storage
    storage.write("cells/a/b.json", b"first")
    monkeypatch.setattr(atomic, "write_synced", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(CatalogUnwritableError):
        storage.write("cells/a/b.json", b"second")
    monkeypatch.undo()
    assert storage.read("cells/a/b.json") == b"first"
    storage.write("cells/a/b.json", b"second")
    assert storage.read("cells/a/b.json") == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]
