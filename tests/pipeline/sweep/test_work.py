"""Equal sweeps at once share their cells: each is computed once, and what a dead one had taken is computed too."""

from __future__ import annotations

import json
import threading
from functools import partial
from math import inf

import pytest

import pipeline.sweep.execution
import pipeline.sweep.in_process
import pipeline.sweep.work
import pipeline.workflow.computation
from catalog import open_catalog
from catalog.cell_cache import write_cells
from catalog.layout import SCHEMA_VERSION
from pipeline.sweep.caller import Caller
from pipeline.sweep.execution import perform
from pipeline.sweep.inventory import take_inventory
from pipeline.sweep.plan import make_plan
from pipeline.sweep.work import Work

SEEDS = {"init.seed": {"count": 24}}


@pytest.fixture
def catalog(tmp_path):
    return open_catalog(tmp_path / "catalog")


@pytest.fixture
def computed(monkeypatch):
    """The runs that are computed in this process, as they are."""
    follow, calls = pipeline.workflow.computation.follow, []

    def counting(config, *arguments, **options):
        calls.append(config.run_id(SCHEMA_VERSION))
        return follow(config, *arguments, **options)

    monkeypatch.setattr(pipeline.workflow.computation, "follow", counting)
    monkeypatch.setattr(pipeline.sweep.in_process, "AT_ONCE", 0.0)  # a batch a cell
    # However busy the machine is: what other processes compute is not counted.
    here = partial(pipeline.sweep.in_process.compute_in_process, patience=inf)
    monkeypatch.setattr(pipeline.sweep.execution, "compute_in_process", here)
    monkeypatch.setattr(pipeline.sweep.work, "LOT_SECONDS", 0.0)
    return calls


def test_two_equal_sweeps_at_once_compute_each_cell_once(request_of, catalog, computed):
    plan = make_plan(request_of(SEEDS))
    accounts, both = [], threading.Barrier(2)

    def sweep():
        waited = []

        def progress(done, of):
            if not waited:  # until both have begun
                waited.append(both.wait(60))

        accounts.append(perform(plan, take_inventory(plan, catalog), catalog, caller=Caller(progress)))

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(computed) == len(set(computed)) == 24
    assert [account.computed + account.cached for account in accounts] == [24, 24]
    assert sum(account.computed for account in accounts) == 24
    assert min(account.computed for account in accounts) > 0
    assert catalog.verify() == []
    assert not [name for name in catalog.storage.names("cells/orthogonal") if not name.endswith(".json")]


def claimed_elsewhere(plan, catalog, cells):
    said = {"machine": "elsewhere", "process": 1, "beats": 1, "cells": cells, "wanted": []}
    catalog.storage.write(f"cells/{plan.name}/{plan.sweep_id}-0.claim", json.dumps(said).encode())


def test_cells_of_another_machine_are_waited_for(request_of, catalog, computed, monkeypatch):
    plan = make_plan(request_of({"init.seed": {"count": 6}}))
    theirs = list(plan.run_ids[:3])
    other = open_catalog(catalog.storage.root.parent / "other")
    inventory = take_inventory(plan, other)
    perform(plan, inventory, other)
    computed.clear()
    claimed_elsewhere(plan, catalog, theirs)
    monkeypatch.setattr(  # while this one waits the other one is done
        pipeline.sweep.execution,
        "sleep",
        lambda _: write_cells(catalog.storage, plan.name, [vars(inventory.records[run_id]) for run_id in theirs]),
    )
    account = perform(plan, take_inventory(plan, catalog), catalog)
    assert sorted(computed) == sorted(plan.run_ids[3:])
    assert (account.computed, account.cached) == (3, 3)


def test_cells_of_a_machine_that_died_are_taken_over(request_of, catalog, computed, monkeypatch):
    plan = make_plan(request_of({"init.seed": {"count": 6}}))
    claimed_elsewhere(plan, catalog, list(plan.run_ids[:3]))
    monkeypatch.setattr(pipeline.sweep.execution, "sleep", lambda _: None)
    monkeypatch.setattr(pipeline.sweep.work, "LOOK_AGAIN", 0.0)
    monkeypatch.setattr("catalog.claims.SILENCE_SECONDS", 0.0)
    account = perform(plan, take_inventory(plan, catalog), catalog)
    assert sorted(computed) == sorted(plan.run_ids)
    assert account.computed == 6
    assert not [name for name in catalog.storage.names("cells/orthogonal") if name.endswith(".claim")]


def test_a_record_without_its_run_does_not_end_a_sweep_of_trajectories(request_of, catalog):
    grid = {"init.seed": {"count": 2}}
    plain, whole = make_plan(request_of(grid)), make_plan(request_of(grid, trajectories=True))
    inventory = take_inventory(whole, catalog)
    perform(plain, take_inventory(plain, catalog), catalog)
    work = Work(whole, inventory, catalog)
    work.look()
    assert len(work.left) == 2


def test_a_cell_that_failed_before_is_tried_again_though_its_record_is_read_anew(request_of, catalog):
    plan = make_plan(request_of({"init.seed": {"count": 2}}))
    failed = {"run_id": plan.run_ids[0], "status": "failed", "message": "x", "recorded": "2026-01-01"}
    write_cells(catalog.storage, plan.name, [failed])
    inventory = take_inventory(plan, catalog, retry_failed=True)
    work = Work(plan, inventory, catalog)
    inventory.files.clear()
    work.look()
    assert len(work.left) == 2
    write_cells(catalog.storage, plan.name, [failed | {"recorded": "2999-01-01"}])
    work.look()
    assert len(work.left) == 1


@pytest.mark.parametrize("instant", ["while it computes", "while it makes its cube"])
def test_the_cube_of_a_faster_sweep_stays(request_of, catalog, monkeypatch, instant):
    """It may be open somewhere; only a cube with failed cells that were tried again gives way to another."""
    plan = make_plan(request_of({"init.seed": {"count": 2}}))
    inventory, first = take_inventory(plan, catalog), []
    make_cube = pipeline.sweep.execution.make_cube
    monkeypatch.setattr(Work, "refill", everything)

    def faster(*_):
        if not first:
            first.append(None)
            first[0] = perform(plan, take_inventory(plan, catalog), catalog)

    def made(*arguments):
        faster()
        return make_cube(*arguments)

    if instant == "while it computes":
        perform(plan, inventory, catalog, caller=Caller(faster))
    else:
        monkeypatch.setattr(pipeline.sweep.execution, "make_cube", made)
        perform(plan, inventory, catalog)
    assert catalog.sweeps.manifest(plan.sweep_id).provenance["wall_seconds"] == first[0].seconds


def everything(work, *_):
    """Take all cells, whoever has claimed them."""
    work.waiting.extend(work.left.values())
    work.left = {}
