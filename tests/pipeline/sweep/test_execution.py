"""A whole sweep: the same bits however it is computed, nothing computed twice, nothing lost."""

from __future__ import annotations

import json
import warnings
from functools import partial

import pytest
from distributed import Client, LocalCluster

import catalog.index as catalog_index
import pipeline.sweep.execution
from catalog import open_catalog
from catalog.cell_cache import read_cells
from pipeline import RequestError, load_config, run
from pipeline.sweep import run_sweep
from pipeline.sweep.inventory import Reason, take_inventory
from pipeline.sweep.plan import make_plan

GRID = {"init.log10_scale": [-2, -3], "data.y": [[-1.0, 1.0], [-1.0, 2.0]], "init.seed": {"count": 2}}
CELLS = 8


def without_timings(cube):
    return cube.load().drop_vars(cube.attrs["timings"].split())


@pytest.fixture
def catalog(tmp_path):
    return open_catalog(tmp_path / "catalog")


@pytest.fixture
def counted(monkeypatch):
    """The runs that are computed in this process, as they are."""
    compute, calls = pipeline.workflow.computation.followed, []

    def counting(config, *arguments):
        calls.append(config.run_id("1"))
        return compute(config, *arguments)

    monkeypatch.setattr(pipeline.workflow.computation, "followed", counting)
    return calls


@pytest.fixture(scope="module")
def here(request_of):
    """The small sweep, computed in this process with no catalog."""
    return without_timings(run_sweep(request_of(GRID)))


# The same bits


def test_two_processes(request_of, here, processes, catalog):
    told = []
    cube = run_sweep(
        request_of(GRID), catalog, scheduler=processes, progress=lambda *numbers: told.append(numbers)
    )
    assert without_timings(cube).identical(here)
    assert told[-1] == (CELLS, CELLS)
    assert told == sorted(told)
    provenance = catalog.sweeps.manifest(catalog.sweeps.run_ids()[0]).provenance
    assert provenance["largest_memory_of_a_worker"] > 50e6
    assert catalog.verify() == []


def test_one_process_of_its_own(request_of, here):
    assert without_timings(run_sweep(request_of(GRID), workers=1)).identical(here)


@pytest.mark.parametrize("threads", [1, 4])
def test_threads(request_of, here, threads):
    with (
        LocalCluster(n_workers=1, threads_per_worker=threads, processes=False, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        assert without_timings(run_sweep(request_of(GRID), scheduler=client)).identical(here)


def test_begun_here_and_finished_by_processes(request_of, here, processes, catalog, monkeypatch):
    """What is computed in pieces, by whom ever, is the same."""
    run_sweep(request_of(GRID | {"init.seed": [1]}, name="a-part"), catalog)
    run(load_config("orthogonal", {"init.width": 6, "flow.samples": 20, "init.log10_scale": -3}), catalog)
    cube = run_sweep(request_of(GRID), catalog, scheduler=processes)
    assert without_timings(cube).identical(here)


# Nothing twice


def test_the_second_time_nothing_is_computed(request_of, catalog, counted):
    first = run_sweep(request_of(GRID), catalog)
    assert len(counted) == len(set(counted)) == CELLS
    again = run_sweep(request_of(GRID), catalog)
    assert len(counted) == CELLS
    assert again.load().identical(first.load())


def test_an_extended_grid_computes_what_is_new(request_of, catalog, counted):
    run_sweep(request_of(GRID), catalog)
    wider = run_sweep(request_of(GRID | {"init.seed": {"count": 3}}), catalog)
    assert len(counted) == len(set(counted)) == 12
    assert len(catalog.sweeps.run_ids()) == 2
    assert wider.sizes["seed"] == 3


def test_published_runs_are_taken(request_of, catalog, counted):
    run(load_config("orthogonal", {"init.width": 6, "flow.samples": 20, "init.log10_scale": -3}), catalog)
    plan = make_plan(request_of(GRID))
    assert len(take_inventory(plan, catalog).records) == 1
    run_sweep(request_of(GRID), catalog)
    assert len(counted) == len(set(counted)) == CELLS


def test_a_damaged_published_run_is_computed(request_of, catalog, counted):
    run(load_config("orthogonal", {"init.width": 6, "flow.samples": 20, "init.log10_scale": -3}), catalog)
    (run_id,) = catalog.run_ids()
    (catalog.path(run_id) / "manifest.json").write_text("{}")
    inventory = take_inventory(make_plan(request_of(GRID)), catalog)
    assert inventory.missing[run_id] is Reason.DAMAGED
    run_sweep(request_of(GRID), catalog)
    assert len(counted) == CELLS + 1


def test_several_cells_that_are_one_run(request_of, counted):
    """A key that says nothing there: its default and nothing are the same run."""
    cube = run_sweep(request_of({"data.points": [None], "init.seed": [0, 1]}))
    assert cube.sizes["seed"] == 2
    assert len(counted) == 2


# Trajectories


def test_trajectories(request_of, processes, catalog):
    grid = GRID | {"init.seed": [0]}
    request = request_of(grid, trajectories=True)
    run_sweep(request_of(grid), catalog)
    plan = make_plan(request)
    assert set(take_inventory(plan, catalog).missing.values()) == {Reason.UNPUBLISHED}
    cube = run_sweep(request, catalog, scheduler=processes)
    assert sorted(catalog.run_ids()) == sorted(plan.run_ids)
    assert "runs" in cube.attrs
    cell = cube.isel(log_init_scale=1, y=1, seed=0)
    tree = catalog[f"{cube.attrs['run_name']}-{cell['run_hash'].item():012x}"]
    assert float(tree["trajectory"]["loss"][-1]) == cell["final_loss"].item()
    assert take_inventory(plan, catalog).missing == {}
    assert catalog.verify() == []


def test_published_runs_are_listed_at_once(request_of, catalog, monkeypatch):
    """Or whoever lists them first reads the manifest of each: of 10,000 that takes 7 s."""
    monkeypatch.setattr(catalog_index, "refreshed", partial(catalog_index.refreshed, worth=0))
    run_sweep(request_of({"init.seed": {"count": 3}}, trajectories=True), catalog)
    assert sorted(catalog_index.read_index(catalog.storage, "runs").run_ids) == catalog.run_ids()


def test_trajectories_into_memory(request_of):
    """No other process sees this catalog: it is filled by this one."""
    catalog = open_catalog("memory://sweeping")
    grid = {"init.seed": {"count": 3}}
    run_sweep(request_of(grid, trajectories=True), catalog, workers=2)
    assert len(catalog.run_ids()) == 3
    with pytest.raises(RequestError, match="trajectories = true: allowed with a catalog only"):
        run_sweep(request_of(grid, trajectories=True))


# Failures


def test_failed_cells_are_tried_again_on_request(request_of, catalog, monkeypatch, counted):
    compute = pipeline.workflow.computation.follow

    def fail(config, *arguments, **options):
        if config.init.seed == 1:
            raise ValueError("not today")
        return compute(config, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline.workflow.computation, "follow", fail)
        cube = run_sweep(request_of(GRID), catalog)
    assert cube.attrs["failed_cells"] == 4
    assert {entry["message"] for entry in json.loads(cube.attrs["failures"])} == {"ValueError: not today"}
    done = len(counted)
    assert run_sweep(request_of(GRID), catalog).attrs["failed_cells"] == 4
    assert len(counted) == done
    plan = make_plan(request_of(GRID))
    assert set(take_inventory(plan, catalog, retry_failed=True).missing.values()) == {Reason.FAILED}
    again = run_sweep(request_of(GRID), catalog, retry_failed=True)
    assert again.attrs["failed_cells"] == 0
    assert len(counted) == done + 4
    assert len(catalog.sweeps.run_ids()) == 1
    assert catalog.verify() == []
    run_sweep(request_of(GRID), catalog, retry_failed=True)
    assert len(counted) == done + 4


def test_an_interrupt_keeps_what_was_computed(request_of, catalog, monkeypatch, counted):
    compute = pipeline.workflow.computation.follow

    def interrupted(config, *arguments, **options):
        if len(counted) == 5:
            raise KeyboardInterrupt
        return compute(config, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline.workflow.computation, "follow", interrupted)
        patched.setattr(pipeline.sweep.in_process, "AT_ONCE", 1e-9)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(request_of(GRID), catalog)
    assert len(read_cells(catalog.storage, "orthogonal")) == 5
    assert catalog.sweeps.run_ids() == []
    run_sweep(request_of(GRID), catalog)
    assert len(counted) == len(set(counted)) == CELLS
