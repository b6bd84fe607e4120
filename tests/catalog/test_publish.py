"""A run is published whole or not at all, whoever kills, fills the disk or publishes the same at once."""

import errno
import itertools
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import xarray as xr

from catalog.errors import CatalogUnwritableError, DamagedRunError, DiskFullError
from catalog.index import open_catalog
from catalog.publish import publish
from catalog.staging import check_writable
from catalog.verify import Problem, verify

REPOSITORY = Path(__file__).parents[2]
ONE_LINE = re.compile(r"[^\n]+")


@contextmanager
def tmpfs(folder: Path, options: str):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting takes root; the limit on a file's size is tested everywhere")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def file_size_limit(size: int):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def in_processes(count, work):
    """Run ``work(number)`` in ``count`` forked processes at once and return their exit statuses."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            try:
                work(number)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_what_is_there_afterwards(tmp_path, tree, run_id, description):
    root = tmp_path / "new" / "catalog"
    run = publish(root, run_id, tree, **description)
    assert run == root / "runs" / run_id
    assert sorted(path.name for path in run.iterdir()) == ["data.zarr", "manifest.json"]
    assert [path.name for path in root.iterdir()] == ["runs"]  # no staging place is left


def test_the_order_of_flushing(tmp_path, tree, run_id, description, monkeypatch):
    """All files and folders reach the disk, then the manifest, then the name, then the name's folder."""
    events = []
    fsync, rename = os.fsync, Path.rename

    def record_fsync(descriptor):
        events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def record_rename(path, target):
        events.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "rename", record_rename)
    run = publish(tmp_path / "catalog", run_id, tree, **description)
    at = events.index("rename")
    staged, place = events[:at], events[at - 1]
    assert staged[-2:] == [f"{place}/manifest.json", place]
    expected = {path.relative_to(run).as_posix() for path in run.rglob("*")}
    assert {event[len(place) + 1 :] for event in staged} == expected | {""}
    assert {Path(event) for event in events[at + 1 :]} == {
        tmp_path,
        tmp_path / "catalog",
        tmp_path / "catalog/runs",
        tmp_path / "catalog/staging",
    }


def test_a_published_run_is_never_changed(catalog_copy, run_id, make_tree, description, contents):
    before = contents(catalog_copy)
    publish(catalog_copy, run_id, make_tree(seed=7), **description)
    assert contents(catalog_copy) == before


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(errno.EIO, "Input/output error")])
@pytest.mark.parametrize(
    ("call", "instants"),
    [("mkdir", (0, 1, 30)), ("open", (0, 40)), ("fsync", (0, 60, 150)), ("rename", (0,))],
)
def test_a_failure_anywhere_leaves_the_catalog_as_it_was(
    catalog_copy, tmp_path, tree, description, contents, monkeypatch, existing, failure, call, instants
):
    root = catalog_copy if existing else tmp_path / "new" / "catalog"
    before = contents(tmp_path)
    owner = os if call == "fsync" else Path
    original = getattr(owner, call)
    expected = CatalogUnwritableError if isinstance(failure, OSError) else failure
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


KILLED = """
import os, random, signal, sys, time
import pathlib
sys.path.insert(0, "tests/catalog")
import conftest
from catalog.publish import publish
root, tree = pathlib.Path(sys.argv[1]), conftest.random_tree()

def attempt(number, sabotage):
    child = os.fork()
    if child == 0:
        sabotage()
        publish(root, f"killed-{number}", tree, **conftest.DESCRIPTION)
        os._exit(0)
    return child

def kill_in(name, owner, instant):
    original, count = getattr(owner, name), iter(range(instant))
    def deadly(*args, **kwargs):
        if next(count, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)
    return lambda: setattr(owner, name, deadly)

numbers = iter(range(1000))
killed = 0
for name, owner, instants in (
    ("mkdir", pathlib.Path, (1, 2, 3, 30)), ("fsync", os, (0, 1, 50, 100, 150, 160, 170, 175)),
    ("open", pathlib.Path, (1, 40, 90)), ("rename", pathlib.Path, (0,)),
):
    for instant in instants:
        status = os.waitpid(attempt(next(numbers), kill_in(name, owner, instant)), 0)[1]
        killed += os.WIFSIGNALED(status)
chance = random.Random(0)
for _ in range(8):
    child = attempt(next(numbers), lambda: None)
    time.sleep(chance.uniform(0.05, 0.3))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(killed)
"""


def test_kill_9_at_any_instant(catalog_copy, run_id):
    """What is visible is whole; what is not is named by verify as a leftover, and by nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, catalog_copy], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 16
    catalog = open_catalog(catalog_copy)
    findings = catalog.verify()
    assert len(findings) >= 10
    assert {finding.problem for finding in findings} == {Problem.LEFTOVER}
    leftover = {finding.run_id for finding in findings}
    assert leftover.isdisjoint(catalog.run_ids())
    assert run_id in catalog
    for published in catalog:
        catalog[published].load()


def test_the_same_run_again_after_a_kill(catalog_copy, tree, description):
    place = catalog_copy / "staging/other-0-4711-0a1b2c3d"
    place.mkdir(parents=True)
    publish(catalog_copy, "other-0", tree, **description)
    assert "other-0" in open_catalog(catalog_copy)
    assert place.exists()  # it may be another machine's, at work


def test_a_full_disk(tmp_path, tree, make_tree, run_id, description, contents):
    with tmpfs(tmp_path / "disk", "size=1m"):
        root = tmp_path / "disk" / "catalog"
        with pytest.raises(
            DiskFullError, match=r"^the catalog .*/disk/catalog is full: .*; nothing was published$"
        ):
            publish(root, "large-0", make_tree(time=2000, neuron=60), **description)
        assert list((tmp_path / "disk").iterdir()) == []
        publish(root, run_id, tree, **description)
        before = contents(root)
        with pytest.raises(DiskFullError):
            publish(root, "large-0", make_tree(time=2000, neuron=60), **description)
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
            with tmpfs(tmp_path / "disk", "size=1m"):
                if request.param == "read-only":
                    (tmp_path / "disk/runs").mkdir()
                subprocess.run(["mount", "-o", "remount,ro", tmp_path / "disk"], check=True)
                yield tmp_path / "disk" if request.param == "read-only" else tmp_path / "disk" / "new"


def test_an_unwritable_catalog(unwritable, tmp_path, tree, run_id, description, contents):
    before = contents(tmp_path)
    for attempt in (
        lambda: check_writable(unwritable, run_id),
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
    with tmpfs(tmp_path / "catalog/runs", "size=1m"):
        with pytest.raises(CatalogUnwritableError, match="another disk"):
            check_writable(tmp_path / "catalog")
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "catalog/runs"], check=True)
        with pytest.raises(CatalogUnwritableError, match="Permission denied"):
            check_writable(tmp_path / "catalog")


@pytest.mark.parametrize("locked", [".", "runs", "staging"])
def test_permission_bits_stop_others_than_root(locked):
    def work(_):
        if os.geteuid() == 0:
            os.setuid(65534)
        with pytest.raises(CatalogUnwritableError, match=re.escape(f"Permission denied ({root}")):
            check_writable(root)

    # Not tmp_path: nobody but its owner can walk into that.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "catalog"
        for name in (".", "runs", "staging") if locked != "." else (".",):
            (root / name).mkdir()
            (root / name).chmod(0o777)
        Path(folder).chmod(0o755)
        check_writable(root)
        (root / locked).chmod(0o555)
        assert in_processes(1, work) == [0]


@pytest.mark.parametrize("where", ["catalog", "new/deep/catalog"])
def test_check_writable_leaves_nothing(where, tmp_path, contents):
    (tmp_path / "catalog").mkdir()
    before = contents(tmp_path)
    check_writable(tmp_path / where)
    assert contents(tmp_path) == before


def test_what_is_no_run_is_not_replaced(tmp_path, tree, description, contents):
    (tmp_path / "runs/folder-0").mkdir(parents=True)
    (tmp_path / "runs/folder-0/precious.txt").write_text("")
    (tmp_path / "runs/file-0").write_text("")
    before = contents(tmp_path)
    for run_id in ("folder-0", "file-0"):
        with pytest.raises(DamagedRunError, match="is in the way"):
            check_writable(tmp_path, run_id)
        with pytest.raises(DamagedRunError, match="is in the way"):
            publish(tmp_path, run_id, tree, **description)
    assert contents(tmp_path) == before
    (tmp_path / "runs/empty-0").mkdir()
    check_writable(tmp_path, "empty-0")
    assert verify(publish(tmp_path, "empty-0", tree, **description).parents[1], "empty-0") == []


CONTENDER = """
import pathlib, sys, time
sys.path.insert(0, "tests/catalog")
import conftest
from catalog.publish import publish
tree = conftest.random_tree(seed=int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(8):
    publish(pathlib.Path(sys.argv[1]), f"same-{number}", tree, **conftest.DESCRIPTION)
"""


def test_two_processes_publish_the_same_run_at_once(tmp_path, make_tree):
    root = tmp_path / "catalog"
    contenders = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, root, str(seed)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for contender in contenders:
        contender.stdout.readline()
    for contender in contenders:
        contender.stdin.write("\n")
        contender.stdin.flush()
    for contender in contenders:
        _, errors = contender.communicate()
        assert contender.returncode == 0, errors
    catalog = open_catalog(root)
    assert len(catalog) == 8
    assert catalog.verify() == []
    trees = [make_tree(seed=seed)["trajectory"].to_dataset() for seed in (1, 2)]
    for run_id in catalog:
        read = catalog[run_id]["trajectory"].to_dataset().load()
        assert sum(read.equals(candidate) for candidate in trees) == 1
    assert not (root / "staging").exists() or not list((root / "staging").iterdir())


def test_the_slower_of_two_drops_its_own(catalog_copy, run_id, make_tree, description, contents, monkeypatch):
    before = contents(catalog_copy)
    monkeypatch.setattr("catalog.publish.is_published", lambda directory: False)  # it was not, when both began
    publish(catalog_copy, run_id, make_tree(seed=7), **description)
    assert contents(catalog_copy) == before


def test_clean_ups_do_not_pull_the_catalog_away(tmp_path):
    """Each check removes the empty folders it made; those beside it must not stumble over that."""
    failures = []

    def check():
        for _ in range(200):
            try:
                check_writable(tmp_path / "new" / "catalog")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("call", ["mkdir", "rename"])
def test_a_folder_that_another_clean_up_removes_is_made_again(call, tmp_path, tree, description, monkeypatch):
    original, removed = getattr(Path, call), []

    def too_late(path, *args, **kwargs):
        folder = path.parent if call == "mkdir" else args[0].parent
        if path.parent.name == "staging" and not removed:
            folder.rmdir()
            removed.append(folder)
        return original(path, *args, **kwargs)

    monkeypatch.setattr(Path, call, too_late)
    run = publish(tmp_path / "catalog", "other-0", tree, **description)
    assert removed
    assert (run / "manifest.json").is_file()


def test_ctrl_c_during_encoding_and_writing(tmp_path, description):
    """A real SIGINT at various instants; nothing goes on writing behind the clean-up's back."""
    code = KILLED.split("def attempt")[0] + (
        "import threading\n"
        "tree = conftest.random_tree(time=1500, neuron=60)\n"
        "threading.Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try: publish(root, 'interrupted-0', tree, **conftest.DESCRIPTION); time.sleep(1)\n"
        "except KeyboardInterrupt: sys.exit(0 if not root.exists() else 3)\n"
    )
    for number, delay in enumerate(("0.1", "0.2", "0.3")):
        root = tmp_path / str(number)
        done = subprocess.run(
            [sys.executable, "-c", code, root, delay], cwd=REPOSITORY, capture_output=True, text=True
        )
        published = (root / "runs/interrupted-0").exists()
        assert done.returncode == (3 if published else 0), done.stderr
        assert verify(root) == []


def test_reading_never_sees_half(tmp_path, tree, description):
    """A reader that looks all the time sees no run, or a whole one."""
    root, seen, stop = tmp_path / "catalog", set(), threading.Event()

    def look():
        catalog = open_catalog(root)
        while not stop.is_set():
            for run_id in catalog.run_ids():
                if run_id not in seen:
                    assert catalog.verify(run_id) == []
                    seen.add(run_id)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(5):
        publish(root, f"seen-{number}", tree, **description)
    while len(seen) < 5 and reader.is_alive():
        reader.join(0.01)
    stop.set()
    reader.join()
    assert len(seen) == 5


def test_plain_readers_find_no_stranger(pristine, run_id):
    # A file that is no Zarr node inside a store makes readers warn; warnings are errors here.
    xr.open_datatree(pristine / "runs" / run_id / "data.zarr").close()
    assert signal.getsignal(signal.SIGINT) is not None
