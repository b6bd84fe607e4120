"""A run is published whole or not at all: what is written, in which order, and what is refused."""

import errno
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from mounts import tmpfs
from processes import in_processes

from catalog import open_catalog
from catalog.errors import CatalogUnwritableError, DamagedRunError, DiskFullError
from catalog.publication import publish
from catalog.storage import new_files, open_storage
from catalog.verification import verify

REPOSITORY = Path(__file__).parents[2]
ONE_LINE = re.compile(r"[^\n]+")


@contextmanager
def file_size_limit(size: int):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_there_afterwards(tmp_path, tree, run_id, description):
    root = tmp_path / "new" / "catalog"
    run = publish(root, run_id, tree, **description)
    assert run == root / "runs" / run_id
    assert sorted(path.name for path in run.iterdir()) == ["data.zarr", "manifest.json"]
    assert [path.name for path in root.iterdir()] == ["runs"]  # no staging place is left


@pytest.fixture(params=["together", "one by one"])
def flushing(request, monkeypatch):
    """How many files reach the disk: by one flush of the file system, or where none is sure by one a file."""
    monkeypatch.setattr(new_files, "flush_reaches_disk", lambda _: request.param == "together")
    monkeypatch.setattr(new_files, "waiting_bytes", lambda: 0)
    return request.param


def test_the_order_of_flushing(tmp_path, tree, run_id, description, monkeypatch, flushing):
    """All files and folders reach the disk, then the manifest, then the name, then the name's folder."""
    events = []
    fsync, flush, rename, write = os.fsync, new_files.flush_file_system, Path.rename, new_files.write_unflushed

    def record_fsync(descriptor):
        events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def record_flush(descriptor):
        """All that has been written so far."""
        flush(descriptor)
        events.extend(map(str, written))
        events.extend(str(path) for path in Path(f"/proc/self/fd/{descriptor}").readlink().rglob("*/"))
        written.clear()

    def record_write(path, content):
        written.append(path)
        return write(path, content)

    def record_rename(path, target):
        events.append("rename")
        return rename(path, target)

    written = []
    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(new_files, "flush_file_system", record_flush)
    monkeypatch.setattr(new_files, "write_unflushed", record_write)
    monkeypatch.setattr(Path, "rename", record_rename)
    run = publish(tmp_path / "catalog", run_id, tree, **description)
    at = events.index("rename")
    staged, storage = events[:at], events[at - 1]
    assert staged[-2:] == [f"{storage}/manifest.json", storage]
    expected = {path.relative_to(run).as_posix() for path in run.rglob("*")}
    assert {event[len(storage) + 1 :] for event in staged} == expected | {""}
    assert written == []
    assert {Path(event) for event in events[at + 1 :]} == {
        tmp_path,
        tmp_path / "catalog",
        tmp_path / "catalog/runs",
        tmp_path / "catalog/staging",
    }


def test_a_run_takes_one_flush_of_the_file_system(tmp_path, tree, run_id, description, monkeypatch):
    """And a few for what must come after it: 500 calls for the 250 files of a run took 0.2 to 2 s."""
    calls = []
    flush, fsync = new_files.flush_file_system, os.fsync
    monkeypatch.setattr(new_files, "flush_reaches_disk", lambda _: True)
    monkeypatch.setattr(new_files, "waiting_bytes", lambda: 0)
    monkeypatch.setattr(new_files, "flush_file_system", lambda fd: (calls.append("all"), flush(fd)))
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("one"), fsync(fd)))
    publish(tmp_path / "catalog", run_id, tree, **description)
    assert calls[0] == "all"
    assert calls.count("all") == 1
    assert len(calls) <= 8


def test_an_error_of_the_file_system(tmp_path, tree, run_id, description, monkeypatch):
    """It does not tell whose file could not be written: it may be ours."""

    def refusing(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(new_files, "flush_reaches_disk", lambda _: True)
    monkeypatch.setattr(new_files, "waiting_bytes", lambda: 0)
    monkeypatch.setattr(new_files, "flush_file_system", refusing)
    with pytest.raises(CatalogUnwritableError, match="Input/output error"):
        publish(tmp_path / "catalog", run_id, tree, **description)
    assert list(tmp_path.iterdir()) == []


def test_while_others_write_much_each_file_is_flushed_by_itself(tmp_path, tree, run_id, description, monkeypatch):
    """One flush of the file system would wait for gigabytes that are no concern of ours."""
    monkeypatch.setattr(new_files, "flush_reaches_disk", lambda _: True)
    monkeypatch.setattr(new_files, "waiting_bytes", lambda: new_files.WAITING_BYTES_LIMIT)
    monkeypatch.setattr(new_files, "flush_file_system", lambda _: pytest.fail("it was asked for"))
    publish(tmp_path / "catalog", run_id, tree, **description)
    assert verify(tmp_path / "catalog") == []


def test_where_one_flush_is_sure():
    """A kernel that keeps errors to itself, and a file system whose server need not write, flush file by file."""
    with pytest.MonkeyPatch.context() as patch:
        for release in ("5.7.19", "4.4.0", "unknown"):
            patch.setattr(os, "uname", lambda release=release: SimpleNamespace(release=release))
            assert new_files._library.__wrapped__() is None
    with Path("/proc/self/status").open("rb") as file:
        assert not new_files.flush_reaches_disk(file.fileno())


def test_a_published_run_is_never_changed(catalog_copy, run_id, make_tree, description, contents):
    before = contents(catalog_copy)
    publish(catalog_copy, run_id, make_tree(seed=7), **description)
    assert contents(catalog_copy) == before


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(errno.EIO, "Input/output error")])
@pytest.mark.parametrize(
    ("call", "instants"),
    [("mkdir", (0, 1, 30)), ("open", (40,)), ("fsync", (60, 150)), ("rename", (0,))],
)
def test_a_failure_anywhere_leaves_the_catalog_as_it_was(
    catalog_copy, tmp_path, tree, description, contents, monkeypatch, flushing, existing, failure, call, instants
):
    root = catalog_copy if existing else tmp_path / "new" / "catalog"
    before = contents(tmp_path)
    owner = os if call == "fsync" else Path
    original = getattr(owner, call)
    expected = CatalogUnwritableError if isinstance(failure, OSError) else failure
    if call == "fsync" and flushing == "together":
        instants = (0, 1)  # the manifest, and its name
    for instant in instants:
        count = itertools.count()

        def failing(target, *args, instant=instant, count=count, **kwargs):
            ours = call == "fsync" or target.is_relative_to(tmp_path)
            if ours and next(count) == instant:
                raise failure
            return original(target, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(owner, call, failing)
            with pytest.raises(expected) as caught:
                publish(root, "other-0", tree, **description)
        assert isinstance(failure, type) or ONE_LINE.fullmatch(str(caught.value))
        assert contents(tmp_path) == before


def test_what_can_not_be_stored_never_touches_the_disk(tmp_path, tree, description):
    for broken in ({"summary": {"a": object()}}, {"summary": {"a": [1]}}, {"configuration": {"a": {1, 2}}}):
        with pytest.raises((TypeError, ValueError), match=r"\.a"):
            publish(tmp_path / "catalog", "other-0", tree, **description | broken)
    with pytest.raises(ValueError, match="run_id"):
        publish(tmp_path / "catalog", "../other", tree, **description)
    assert not list(tmp_path.iterdir())


def test_a_full_disk(tmp_path, tree, make_tree, run_id, description, contents):
    with tmpfs(tmp_path / "disk", "size=3m"):
        root = tmp_path / "disk" / "catalog"
        with pytest.raises(
            DiskFullError, match=r"^the catalog .*/disk/catalog is full: .*; nothing was published$"
        ):
            publish(root, "large-0", make_tree(time=6000, neuron=60), **description)
        assert list((tmp_path / "disk").iterdir()) == []
        publish(root, run_id, tree, **description)
        before = contents(root)
        with pytest.raises(DiskFullError):
            publish(root, "large-0", make_tree(time=6000, neuron=60), **description)
        assert contents(root) == before
        assert verify(root) == []


def test_a_limit_on_the_size_of_files(catalog_copy, tmp_path, make_tree, description, contents):
    before = contents(tmp_path)
    tree = make_tree(time=2000)
    for root in (catalog_copy, tmp_path / "new" / "catalog"):
        with (
            file_size_limit(40_000),
            pytest.raises(DiskFullError, match="File too large; nothing was published"),
        ):
            publish(root, "large-0", tree, **description)
        assert contents(tmp_path) == before


@pytest.fixture(params=["below a file", "a file", "a dangling link", "read-only", "read-only, new", "proc"])
def unwritable(request, tmp_path):
    (tmp_path / "file").write_text("")
    match request.param:
        case "below a file":
            yield tmp_path / "file" / "deep" / "catalog"
        case "a file":
            yield tmp_path / "file"
        case "a dangling link":
            (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "else")
            yield tmp_path / "link"
        case "proc":
            yield Path("/proc/reluflow/catalog")
        case _:
            with tmpfs(tmp_path / "disk", "size=3m"):
                if request.param == "read-only":
                    (tmp_path / "disk/runs").mkdir()
                subprocess.run(["mount", "-o", "remount,ro", tmp_path / "disk"], check=True)
                yield tmp_path / "disk" if request.param == "read-only" else tmp_path / "disk" / "new"


def test_an_unwritable_catalog(unwritable, tmp_path, tree, run_id, description, contents):
    before = contents(tmp_path)
    for attempt in (
        lambda: open_storage(unwritable).check_writable(f"runs/{run_id}"),
        lambda: publish(unwritable, run_id, tree, **description),
    ):
        with pytest.raises(CatalogUnwritableError) as caught:
            attempt()
        assert ONE_LINE.fullmatch(str(caught.value))
        assert f"the catalog {unwritable} can't be written: " in str(caught.value)
        assert contents(tmp_path) == before


def test_runs_on_another_disk_are_noticed_in_time(tmp_path):
    # rename can't move a folder between disks, and only publishing would find that out.
    (tmp_path / "catalog").mkdir()
    with tmpfs(tmp_path / "catalog/runs", "size=3m"):
        with pytest.raises(CatalogUnwritableError, match="another disk"):
            open_storage(tmp_path / "catalog").check_writable("runs/probe")
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "catalog/runs"], check=True)
        with pytest.raises(CatalogUnwritableError, match="Permission denied"):
            open_storage(tmp_path / "catalog").check_writable("runs/probe")


@pytest.mark.parametrize("locked", [".", "runs", "staging"])
def test_permission_bits_stop_others_than_root(locked):
    def work(_):
        if os.geteuid() == 0:
            os.setuid(65534)
        with pytest.raises(CatalogUnwritableError, match=re.escape(f"Permission denied ({root}")):
            open_storage(root).check_writable("runs/probe")

    # Not tmp_path: nobody but its owner can walk into that.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "catalog"
        for name in (".", "runs", "staging") if locked != "." else (".",):
            (root / name).mkdir()
            (root / name).chmod(0o777)
        Path(folder).chmod(0o755)
        open_storage(root).check_writable("runs/probe")
        (root / locked).chmod(0o555)
        assert in_processes(1, work) == [0]


@pytest.mark.parametrize("where", ["catalog", "new/deep/catalog"])
def test_check_writable_leaves_nothing(where, tmp_path, contents):
    (tmp_path / "catalog").mkdir()
    before = contents(tmp_path)
    open_storage(tmp_path / where).check_writable("runs/probe")
    assert contents(tmp_path) == before


def test_what_is_no_run_is_not_replaced(tmp_path, tree, description, contents):
    (tmp_path / "runs/folder-0").mkdir(parents=True)
    (tmp_path / "runs/folder-0/precious.txt").write_text("")
    (tmp_path / "runs/file-0").write_text("")
    before = contents(tmp_path)
    for run_id in ("folder-0", "file-0"):
        with pytest.raises(DamagedRunError, match="is in the way"):
            open_storage(tmp_path).check_writable(f"runs/{run_id}")
        with pytest.raises(DamagedRunError, match="is in the way"):
            publish(tmp_path, run_id, tree, **description)
    assert contents(tmp_path) == before
    (tmp_path / "runs/empty-0").mkdir()
    open_storage(tmp_path).check_writable("runs/empty-0")
    assert verify(publish(tmp_path, "empty-0", tree, **description).parents[1], "empty-0") == []


def test_plain_readers_find_no_stranger(pristine, run_id):
    # A file that is no Zarr node inside a store makes readers warn; warnings are errors here.
    xr.open_datatree(pristine / "runs" / run_id / "data.zarr").close()
    assert signal.getsignal(signal.SIGINT) is not None


def test_what_a_run_occupies(tmp_path, make_tree, run_id, description):
    """Mostly blocks of 4 kB, one a file and a folder: an array is one folder of two files."""
    run = publish(tmp_path, run_id, make_tree(time=400, neuron=60), **description)
    paths = list(run.rglob("*"))
    documents = [path for path in paths if path.name == "zarr.json"]
    arrays = [path for path in documents if json.loads(path.read_text())["node_type"] == "array"]
    groups = len(list((run / "data.zarr").iterdir())) - 1
    assert sum(path.is_file() for path in paths) == 2 + groups + 2 * len(arrays)  # the root, the manifest
    assert sum(path.is_dir() for path in paths) == 1 + groups + len(arrays)
    blocks = sum(1 if path.is_dir() else -(-path.stat().st_size // 4096) for path in paths)
    assert blocks <= 3.5 * len(arrays) + sum(path.stat().st_size for path in paths if path.is_file()) / 4096


def test_a_sweep_is_in_a_collection_of_its_own(tmp_path):
    """The same publisher, mapping and verification; runs and sweeps of one name don't meet."""
    catalog = open_catalog(tmp_path)
    tree = xr.DataTree.from_dict({"cube": xr.Dataset({"excess": ("scale", np.ones(3))})})
    for collection in (catalog.sweeps, catalog):
        assert "cube-1" not in collection
        collection.publish("cube-1", tree, summary={"rows": 3}, configuration={}, provenance={})
        assert collection.run_ids() == ["cube-1"]
    assert catalog.sweeps.path("cube-1") == tmp_path / "sweeps" / "cube-1"
    assert catalog.sweeps["cube-1"]["cube"]["excess"].values.tolist() == [1, 1, 1]
    assert catalog.verify() == catalog.sweeps.verify("cube-1") == []
    (tmp_path / "sweeps" / "cube-1" / "data.zarr" / "zarr.json").unlink()
    assert len(catalog.verify()) == 1
    assert catalog.verify("cube-1") == []
