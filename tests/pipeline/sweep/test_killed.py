"""kill -9 in a sweep: at chosen calls, and at random instants of client, workers and scheduler in turn.

After each the next `reluflow sweep` goes on. What had been published is neither lost nor computed again, readers
never see half a run, and in the end everything is as if nobody had been killed.
"""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import killed_sweep
import psutil
import pytest
from object_store import BUCKET, object_store

from catalog import open_catalog
from catalog.errors import UnknownRunError
from pipeline.sweep import load_sweep, run_sweep

COMMAND = [sys.executable, "-m", "pipeline.cli"]
GRID = """
base = "orthogonal"
trajectories = {trajectories}
[set]
"flow.samples" = {samples}
[grid]
"init.log10_scale" = {{start = -2, stop = -6, num = 5}}
"init.seed" = {{count = {seeds}}}
"""
PATIENCE = 150.0


class Reader(threading.Thread):
    """Looks at the catalog all the time: every run that it sees is whole, and none is ever seen to change."""

    def __init__(self, url):
        super().__init__()
        self.catalog, self.seen, self.wrong, self.stopped = open_catalog(url), {}, [], threading.Event()
        self.looking = threading.Lock()
        """Held while it looks, and by the test while that removes runs: an object store loses them key by key."""

    def run(self):
        while not self.stopped.wait(0.1):
            for collection in (self.catalog, self.catalog.sweeps):
                with self.looking:
                    self.look(collection)

    def look(self, collection):
        try:
            fresh = [run_id for run_id in collection.run_ids() if run_id not in self.seen]
            for run_id in fresh[:20]:
                self.seen[run_id] = collection.manifest(run_id).created
                self.wrong += collection.verify(run_id)
                collection[run_id].load()
        except UnknownRunError:
            pass
        except Exception as error:
            self.wrong.append(error)


@contextmanager
def reading(url):
    reader = Reader(url)
    reader.start()
    try:
        yield reader
    finally:
        reader.stopped.set()
        reader.join()


def family(process):
    """The process and all that it has started, but for multiprocessing's own tracker.

    Without that Python's start of any process through its fork server waits for ever, whoever asks for it.
    """
    with suppress(psutil.NoSuchProcess):
        everybody = [process, *process.children(recursive=True)]
        return [one for one in everybody if "resource_tracker" not in " ".join(one.cmdline())]
    return []


def sweep(folder, url, *options):
    workers = options or ("--workers", "2")
    return subprocess.Popen(
        [*COMMAND, "sweep", str(folder / "mine.toml"), "--catalog", url, "--json", *workers],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def kill(victim):
    with suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGKILL)


def finish(client):
    """Wait for the client, and for all its workers to be gone; what it said, and its status."""
    known = family(psutil.Process(client.pid)) if client.poll() is None else []
    said, errors = client.communicate(timeout=PATIENCE)
    _, alive = psutil.wait_procs(known, timeout=PATIENCE)
    assert alive == [], "workers outlive their sweep"
    return said, errors, client.returncode


def attempt(folder, url, chance, cluster):
    """Start a sweep, kill one of those at work after a while, and see it end; whether it did finish."""
    before = set(open_catalog(url).run_ids())
    with ExitStack() as stack:
        options, others = [], []
        if cluster is not None:
            address, others = stack.enter_context(cluster(folder))
            options = ["--scheduler", address]
        client = sweep(folder, url, *options)
        time.sleep(chance.uniform(0.5, 4.0))
        mine = family(psutil.Process(client.pid)) if client.poll() is None else []
        here = mine + [one for process in others for one in family(psutil.Process(process.pid))]
        victim = chance.choice(here) if here else None
        if victim is not None:
            kill(victim)
        said, errors, status = finish(client)
    # Killed before the client has found it, a scheduler is one that never answered.
    assert status in (0, 1, -signal.SIGKILL) or "no Dask scheduler answers" in errors, errors
    assert "Traceback" not in errors, errors
    if status == 0:
        account = json.loads(said)
        assert account["cached"] >= len(before & set(open_catalog(url).run_ids()))
    return status == 0


@contextmanager
def own_cluster(folder):
    """A scheduler and two workers in processes of their own, as somebody might have started them."""
    said = folder / "scheduler.json"
    said.unlink(missing_ok=True)
    words = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(said), "--no-dashboard"]
    started, over = [start(["distributed.cli.dask_scheduler", *words])], threading.Event()
    wait_until(said.exists)  # it is written whole, with the port that was free
    address = json.loads(said.read_text())["address"]
    started.append(start_workers(address))

    def tend():
        """Start workers again when all are gone, as a cluster does: a sweep waits for them as long as it takes."""
        while not over.wait(1.0):
            if started[0].poll() is None and started[-1].poll() is not None:
                started.append(start_workers(address))

    tender = threading.Thread(target=tend)
    everybody = []
    try:
        wait_until(lambda: len(family(psutil.Process(started[1].pid))) > 2)  # two workers and who looks after them
        everybody = [one for process in started for one in family(psutil.Process(process.pid))]
        tender.start()
        yield address, started
    finally:
        over.set()
        tender.join()
        for process in started:
            everybody += family(psutil.Process(process.pid)) if process.poll() is None else []
        for one in everybody:
            kill(one)
        for process in started:
            process.wait()


def wait_until(condition):
    """Wait as long as a busy machine may take."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def start(words):
    return subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_workers(address):
    return start(["distributed.cli.dask_worker", address, "--nworkers", "2", "--nthreads", "1", "--no-dashboard"])


def remove_half(catalog):
    """Take the cubes, every other run and the cells' records out of a catalog."""
    for sweep_id in catalog.sweeps.run_ids():
        catalog.sweeps.remove(sweep_id)
    for run_id in catalog.run_ids()[::2]:
        catalog.remove(run_id)
    catalog.storage.remove("cells")


def survive(folder, url, kills, seed, cluster=None, samples=20, seeds=10, trajectories=True):
    """Kill so often; then let it finish, and compare with a sweep that nobody disturbed."""
    wanted = {"samples": samples, "seeds": seeds, "trajectories": str(trajectories).lower()}
    (folder / "mine.toml").write_text(GRID.format(**wanted))
    chance, finished = random.Random(seed), 0
    with reading(url) as reader:
        for _ in range(kills):
            if attempt(folder, url, chance, cluster):
                finished += 1
                # Begin anew: without its cube the next one has all its runs, so half of them go too.
                with reader.looking:
                    remove_half(open_catalog(url))
                    reader.seen.clear()
        stamps = {run_id: open_catalog(url).manifest(run_id).created for run_id in open_catalog(url).run_ids()}
        said, errors, status = finish(sweep(folder, url))
        assert status == 0, errors
    assert reader.wrong == []
    catalog = open_catalog(url)
    account = json.loads(said)
    assert account["failed"] == 0
    assert account["cached"] >= len(stamps)  # what was published was not computed again
    assert {run_id: catalog.manifest(run_id).created for run_id in stamps} == stamps
    catalog.collect_garbage(patience=0.0)
    assert catalog.verify() == []
    assert catalog.unfinished_writes() == []
    (sweep_id,) = catalog.sweeps.run_ids()
    undisturbed = run_sweep(load_sweep(folder / "mine.toml"), open_catalog(folder / "undisturbed"))
    timings = undisturbed.attrs["timings"].split()
    found = catalog.sweeps[sweep_id]["cube"].to_dataset().load()
    assert found.drop_vars(timings).equals(undisturbed.load().drop_vars(timings))
    return finished


def killed_at_chosen_calls(folder, count):
    done = subprocess.run(
        [sys.executable, killed_sweep.__file__, folder, str(count)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_sweep_killed_at_a_call_that_changes_its_catalog(tmp_path):
    assert killed_at_chosen_calls(tmp_path, 2) == 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_sweep_killed_at_300_calls(tmp_path):
    assert killed_at_chosen_calls(tmp_path, 300) >= 150


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cluster", [None, own_cluster], ids=["own workers", "a scheduler elsewhere"])
def test_fifty_kills(tmp_path, cluster):
    survive(tmp_path, str(tmp_path / "flows"), kills=50, seed=1, cluster=cluster)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_kills_over_an_object_store(tmp_path):
    with object_store():
        survive(tmp_path, f"s3://{BUCKET}/catalog", kills=50, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_kills_without_trajectories(tmp_path):
    """Then the cells' records are what survives."""
    survive(tmp_path, str(tmp_path / "flows"), kills=50, seed=3, samples=400, seeds=100, trajectories=False)
