"""Publishing that is killed, interrupted, or done twice at once: readers see a whole run or none."""

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from processes import in_processes

from catalog.catalog import open_catalog
from catalog.publication import publish
from catalog.storage import open_storage
from catalog.storage.local import LocalStorage
from catalog.verification import Problem

REPOSITORY = Path(__file__).parents[2]


KILLED = """
import os, random, signal, sys, time
import pathlib
sys.path.insert(0, "tests/catalog")
import conftest
from catalog.storage import new_files, open_storage
from catalog.storage.local import LocalStorage
from catalog.publication import publish
root, tree = pathlib.Path(sys.argv[1]), conftest.random_tree()
new_files.flush_reaches_disk, new_files.waiting_bytes = lambda _: True, lambda: 0

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
    ("mkdir", pathlib.Path, (1, 3, 30)), ("flush_file_system", new_files, (0,)), ("fsync", os, (0, 1, 2)),
    ("open", pathlib.Path, (1, 40, 80, 90, 99)), ("rename", pathlib.Path, (0,)),
):
    for instant in instants:
        status = os.waitpid(attempt(next(numbers), kill_in(name, owner, instant)), 0)[1]
        killed += os.WIFSIGNALED(status)
chance = random.Random(0)
for _ in range(int(sys.argv[2])):
    child = attempt(next(numbers), lambda: None)
    time.sleep(chance.uniform(0.05, 0.3))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
print(killed)
"""


@pytest.mark.parametrize("random_kills", [0, pytest.param(8, marks=pytest.mark.slow)])
def test_kill_9_at_any_instant(catalog_copy, run_id, random_kills):
    """What is visible is whole; what is not is named by verify as a leftover, and by nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, catalog_copy, str(random_kills)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 11
    catalog = open_catalog(catalog_copy)
    findings = catalog.verify()
    assert len(findings) >= 7
    assert {finding.problem for finding in findings} == {Problem.UNFINISHED}
    unfinished = {finding.run_id for finding in findings}
    assert unfinished.isdisjoint(catalog.run_ids())
    assert run_id in catalog
    for published in catalog:
        catalog[published].load()


def test_the_same_run_again_after_a_kill(catalog_copy, tree, description):
    storage = catalog_copy / "staging/other-0-4711-0a1b2c3d"
    storage.mkdir(parents=True)
    publish(catalog_copy, "other-0", tree, **description)
    assert "other-0" in open_catalog(catalog_copy)
    assert storage.exists()  # it may be another machine's, at work


def test_two_processes_publish_the_same_run_at_once(tmp_path, make_tree, description):
    root, ready = tmp_path / "catalog", multiprocessing.get_context("fork").Barrier(2, timeout=120)

    def contend(number):
        tree = make_tree(seed=number + 1)
        ready.wait()
        for run in range(4):
            publish(root, f"same-{run}", tree, **description)

    assert in_processes(2, contend) == [0, 0]
    catalog = open_catalog(root)
    assert len(catalog) == 4
    assert catalog.verify() == []
    trees = [make_tree(seed=seed)["trajectory"].to_dataset() for seed in (1, 2)]
    for run_id in catalog:
        read = catalog[run_id]["trajectory"].to_dataset().load()
        assert sum(read.equals(candidate) for candidate in trees) == 1
    assert not (root / "staging").exists() or not list((root / "staging").iterdir())


def test_the_slower_of_two_drops_its_own(catalog_copy, run_id, make_tree, description, contents, monkeypatch):
    before = contents(catalog_copy)
    monkeypatch.setattr(LocalStorage, "exists", lambda storage, key: False)  # it was not, when both began
    publish(catalog_copy, run_id, make_tree(seed=7), **description)
    assert contents(catalog_copy) == before


def test_clean_ups_do_not_pull_the_catalog_away(tmp_path):
    """Each check removes the empty folders it made; those beside it must not stumble over that."""
    failures = []

    def check():
        for _ in range(200):
            try:
                open_storage(tmp_path / "new" / "catalog").check_writable("runs/probe")
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


INTERRUPTED = (
    KILLED.split("def attempt")[0]
    + """
tree, instant = conftest.random_tree(time=1500, neuron=60), iter([*range(int(sys.argv[2])), None])

def interrupt(event, arguments):
    if event in ("open", "os.mkdir") and str(arguments[0]).startswith(str(root)) and next(instant, "") is None:
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(interrupt)
try:
    publish(root, "interrupted-0", tree, **conftest.DESCRIPTION)
except KeyboardInterrupt:
    print("interrupted")
"""
)


@pytest.mark.parametrize("instants", [[2, 60], pytest.param([0, 1, 5, 20, 100, 200, 300], marks=pytest.mark.slow)])
def test_ctrl_c_during_encoding_and_writing(tmp_path, instants):
    """A real SIGINT as a folder or a file is opened; nothing goes on writing behind the clean-up's back."""
    for number in instants:
        root = tmp_path / str(number)
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, root, str(number)], cwd=REPOSITORY, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
        assert not root.exists()


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
