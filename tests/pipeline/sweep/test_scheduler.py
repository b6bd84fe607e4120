"""The graph under bad luck: workers that die, batches that raise, a scheduler that goes, strangers as workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from distributed import Client
from distributed.comm import CommClosedError
from faulty_cells import batch_on_a_full_disk, deadly_batch

import pipeline.sweep.cluster
import pipeline.sweep.scheduler
from catalog import open_catalog
from pipeline import RequestError
from pipeline.sweep import run_sweep
from pipeline.sweep.caller import Caller
from pipeline.sweep.cell import PlaceFaultError
from pipeline.sweep.cluster import external, local
from pipeline.sweep.execution import perform
from pipeline.sweep.inventory import take_inventory
from pipeline.sweep.plan import make_plan
from pipeline.sweep.scheduler import DIED, Scheduler, SchedulerLostError

REPOSITORY = Path(__file__).parents[3]
GRID = {"init.seed": {"count": 12}}


def records_of(graph):
    return {record.run_id: record for batch in graph.results() for record in batch.records}


def test_a_cell_that_kills_its_worker_takes_no_other_along(request_of, monkeypatch):
    plan = make_plan(request_of(GRID))
    monkeypatch.setattr(pipeline.sweep.scheduler, "compute_batch", deadly_batch)
    with local(2) as workers:
        # A batch of six from the start: the deadly cells have company.
        graph = Scheduler(workers.client, plan, deque(range(12)), cell_seconds=0.08)
        records = records_of(graph)
    failed = {plan.run_ids.index(run_id): r.message for run_id, r in records.items() if r.status == "failed"}
    assert failed == {3: DIED, 5: "RuntimeError: no such luck"}
    assert set(records) == set(plan.run_ids)


def test_a_disk_that_is_full_at_a_worker_ends_the_sweep(request_of, processes, monkeypatch, tmp_path):
    catalog, plan = open_catalog(tmp_path / "catalog"), make_plan(request_of({"init.seed": {"count": 30}}))
    with monkeypatch.context() as full:
        full.setattr(pipeline.sweep.scheduler, "compute_batch", batch_on_a_full_disk)
        with pytest.raises(PlaceFaultError, match=r"^/flows: No space left on device$"):
            perform(plan, take_inventory(plan, catalog), catalog, scheduler=processes)
    inventory = take_inventory(plan, catalog)
    assert len(inventory.missing) >= 10
    assert {record.status for record in inventory.records.values()} <= {"computed"}
    account = perform(plan, inventory, catalog, scheduler=processes)
    assert (account.computed + account.cached, account.failures) == (30, [])


def test_a_caller_that_wants_the_end_is_asked_at_every_turn(request_of, processes, tmp_path):
    """What is in flight is called back; what had come is kept."""
    catalog, plan = open_catalog(tmp_path / "catalog"), make_plan(request_of({"init.seed": {"count": 60}}))
    done = []

    def check():
        if done and done[-1] >= 5:
            raise KeyboardInterrupt

    caller = Caller(progress=lambda number, _: done.append(number), check=check)
    with pytest.raises(KeyboardInterrupt):
        perform(plan, take_inventory(plan, catalog), catalog, scheduler=processes, caller=caller)
    inventory = take_inventory(plan, catalog)
    assert (len(inventory.records), len(inventory.missing)) == (done[-1], 60 - done[-1])


@pytest.mark.slow  # test_a_cell_that_kills_its_worker_takes_no_other_along kills one of them
def test_workers_that_are_killed_from_outside(request_of):
    plan = make_plan(request_of({"init.seed": {"count": 120}}))
    with local(2) as workers:
        results = Scheduler(workers.client, plan, deque(range(120))).results()
        done = {record.run_id for record in next(results).records}
        for process in workers.client.run(os.getpid).values():
            os.kill(process, signal.SIGKILL)
        for batch in results:
            assert {record.status for record in batch.records} == {"computed"}
            assert not done & {record.run_id for record in batch.records}
            done |= {record.run_id for record in batch.records}
    assert done == set(plan.run_ids)


def test_batches_grow_to_half_a_second_and_end_evenly(request_of, processes):
    plan = make_plan(request_of({"init.seed": {"count": 1000}, "data.y": [[-1.0, 1.0], [-1.0, 2.0]]}))
    graph = Scheduler(processes, plan, deque(sorted(range(2000), key=plan.data_set)), threads=2)
    assert len(graph._next()) == 1
    graph.cell_seconds = 0.01
    batch = graph._next()
    assert len(batch) == 50
    graph.cell_seconds = 0.0001
    assert {plan.data_set(number) for number in graph._next()} == {(0,)}
    assert len(graph._next()) < 500  # the rest of the first data set only, or its fair share
    while graph.waiting:
        last = graph._next()
    assert len(last) == 1


def test_workers_that_are_starting_are_ended_when_the_caller_wants_the_end():
    """Nothing of them goes on behind the closing line."""
    asked, closed = Event(), []

    def start():
        asked.wait()
        return SimpleNamespace(close=lambda timeout: closed.append(timeout))

    def check():
        asked.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.sweep.cluster._in_time(start, check)
    assert closed == [5]


# A scheduler that was there already


CLUSTER = """
from distributed import LocalCluster
with LocalCluster(1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
                  dashboard_address=None) as cluster:
    print(cluster.scheduler_address, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def scheduler():
    """A scheduler with a worker, in a process that this one did not fork."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore"}
    started = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    yield started.stdout.readline().strip(), started
    started.kill()
    started.communicate()


def test_on_another_cluster(request_of, scheduler, tmp_path):
    address, _ = scheduler
    catalog = open_catalog(tmp_path / "catalog")
    cube = run_sweep(request_of(GRID), catalog, scheduler=address).load()
    here = run_sweep(request_of(GRID)).load()
    timings = cube.attrs["timings"].split()
    assert cube.drop_vars(timings).identical(here.drop_vars(timings))
    provenance = catalog.sweeps.manifest(catalog.sweeps.run_ids()[0]).provenance
    assert provenance["computed_by"] == f"the cluster at {address}"


def test_a_scheduler_without_workers_is_told_of_once(request_of, monkeypatch):
    monkeypatch.setattr(pipeline.sweep.scheduler, "LOOK_AROUND", -1.0)
    monkeypatch.setattr(pipeline.sweep.scheduler, "DESERTED", -1.0)
    there, told = {"tcp://w": 2}, []
    client = SimpleNamespace(
        status="running",
        scheduler_comm=SimpleNamespace(comm=SimpleNamespace(closed=lambda: False)),
        nthreads=lambda: there,
    )
    graph = Scheduler(
        client, make_plan(request_of(GRID)), deque(), caller=Caller(deserted=lambda: told.append("nobody"))
    )
    graph._look_around()
    assert graph.threads == 2
    assert told == []
    there.clear()
    graph._look_around()
    graph._look_around()
    assert told == ["nobody"]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (("0.0.7", "0.1"), "its worker tcp://w has reluflow 0.0.7 (schema 0.1); allowed is the version here"),
        (
            ModuleNotFoundError("No module named\n'pipeline'"),
            "its worker tcp://w has no reluflow (ModuleNotFoundError",
        ),
    ],
)
def test_workers_of_another_version_are_refused(scheduler, monkeypatch, answer, line):
    address, _ = scheduler
    with Client(address, set_as_default=False) as client, external(client):
        monkeypatch.setattr(client, "run", lambda *_, **__: {"tcp://w": answer})
        with pytest.raises(RequestError) as refusal, external(client):
            pass
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_worker_that_dies_while_it_is_asked_is_none_of_another_version(scheduler, monkeypatch):
    address, _ = scheduler
    with Client(address, set_as_default=False) as client:
        monkeypatch.setattr(client, "run", lambda *_, **__: {"tcp://w": CommClosedError("in <TCP (closed)>")})
        with external(client) as workers:
            assert workers.client is client


def test_a_scheduler_that_dies_while_its_workers_are_asked_answers_no_more(scheduler, monkeypatch):
    def lost(client):
        raise CommClosedError("in <TCP (closed)>")

    monkeypatch.setattr(pipeline.sweep.cluster, "_check_versions", lost)
    with pytest.raises(RequestError, match="no Dask scheduler answers"), external(scheduler[0]):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:notaport"])
def test_no_scheduler_answers(address, monkeypatch):
    monkeypatch.setattr(pipeline.sweep.cluster, "ANSWER", 0.2)
    with pytest.raises(RequestError, match="no Dask scheduler answers") as refusal, external(address):
        pass
    assert "\n" not in str(refusal.value)


def test_the_scheduler_is_lost(request_of, scheduler, tmp_path):
    """The last test with it: what had come back is kept, the rest is computed without it."""
    address, started = scheduler
    catalog = open_catalog(tmp_path / "catalog")
    plan = make_plan(request_of({"init.seed": {"count": 300}}))

    def kill(done, _):
        if done >= 10 and started.poll() is None:
            started.kill()
            started.wait()

    with pytest.raises(SchedulerLostError):
        perform(plan, take_inventory(plan, catalog), catalog, scheduler=address, caller=Caller(kill))
    kept = take_inventory(plan, catalog)
    assert len(kept.records) >= 10
    assert len(kept.missing) > 0
    assert catalog.sweeps.run_ids() == []
