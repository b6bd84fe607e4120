"""One cell: the run's own numbers, its own faults in its record, and the place's nowhere."""

import errno

import pytest

import pipeline.workflow.computation
from catalog import open_catalog
from catalog.errors import CatalogUnwritableError, DiskFullError
from catalog.layout import SCHEMA_VERSION
from pipeline import load_config, run
from pipeline.sweep.cell import CellRecord, Failure, PlaceFaultError, compute_cell
from pipeline.sweep.tasks import compute_batch, shared_data, shared_minimum
from pipeline.workflow.results import every_result
from pipeline.workflow.summary import summarise

CONFIG = load_config("orthogonal", {"init.width": 6, "flow.samples": 20})
RUN_ID = CONFIG.run_id(SCHEMA_VERSION)


@pytest.fixture(scope="module")
def shared():
    data = shared_data(CONFIG)
    return data, shared_minimum(CONFIG, data)


def without_timing(results):
    return {name: repr(value) for name, value in results.items() if name != "solver_seconds"}


def test_the_numbers_are_the_runs(shared):
    record = compute_cell(CONFIG, *shared)
    assert (record.run_id, record.status, record.message) == (RUN_ID, "computed", "")
    results, whole = (without_timing(found) for found in (record.results, summarise(run(CONFIG))))
    assert {name: whole[name] for name in results if name != "plateau_table"} == {
        name: value for name, value in results.items() if name != "plateau_table"
    }
    # What a cell lacks is in no cube; a whole run's table of plateaus has the limit's beside them.
    assert not any(every_result()[name].in_cubes for name in whole.keys() - results.keys())
    assert record.wall_seconds > record.results["solver_seconds"] > 0


def test_a_published_run_says_the_same(shared, tmp_path):
    catalog = open_catalog(tmp_path / "catalog")
    record = compute_cell(CONFIG, *shared, catalog)
    manifest = catalog.manifest(RUN_ID)
    read = CellRecord.of_run(RUN_ID, manifest.summary, manifest.provenance, manifest.created)
    assert without_timing(read.results) == without_timing(record.results)
    assert catalog.verify() == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (FloatingPointError("overflow"), "FloatingPointError: overflow"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "OSError: [Errno 12] Cannot allocate memory"),
        (OSError("a library cannot be loaded"), "OSError: a library cannot be loaded"),
    ],
)
def test_whatever_goes_wrong_is_its_message(shared, monkeypatch, error, message):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pipeline.workflow.computation, "follow", fail)
    record = compute_cell(CONFIG, *shared)
    assert (record.run_id, record.status, record.message) == (RUN_ID, "failed", message)
    assert record.results == {}


REFUSALS = [
    errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.ESTALE,
    errno.ENOENT, errno.ENODEV, errno.ETIMEDOUT, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ECONNRESET,
    errno.EMFILE,
]  # fmt: skip
"""What a disk, a quota, a share or the limits of a process answer."""


@pytest.mark.parametrize("number", REFUSALS, ids=errno.errorcode.get)
def test_a_fault_of_the_place_is_no_record(shared, monkeypatch, number):
    def refuse(*_, **__):
        raise OSError(number, "no", "/flows")

    monkeypatch.setattr(pipeline.workflow.computation, "follow", refuse)
    with pytest.raises(PlaceFaultError, match=r"^/flows: no$"):
        compute_cell(CONFIG, *shared)
    batch = compute_batch([CONFIG], *shared)
    assert (batch.records, batch.fault) == ([], "/flows: no")


@pytest.mark.parametrize("error", [DiskFullError("it is full"), CatalogUnwritableError("it is read-only")])
def test_a_catalog_that_refuses_is_a_fault_of_the_place(shared, monkeypatch, error):
    """The records of the cells before it are there."""
    compute, calls = pipeline.workflow.computation.follow, []

    def twice(*arguments, **options):
        calls.append(1)
        if len(calls) > 2:
            raise error
        return compute(*arguments, **options)

    monkeypatch.setattr(pipeline.workflow.computation, "follow", twice)
    batch = compute_batch([CONFIG] * 4, *shared)
    assert ([record.status for record in batch.records], batch.fault) == (["computed"] * 2, str(error))


@pytest.mark.parametrize("times", [2, 3])
def test_the_systems_hiccups_are_tried_again(shared, monkeypatch, times):
    compute, calls = pipeline.workflow.computation.follow, []

    def sometimes(*arguments, **options):
        calls.append(1)
        if len(calls) <= times:
            raise OSError(5, "Input/output error")
        return compute(*arguments, **options)

    monkeypatch.setattr(pipeline.workflow.computation, "follow", sometimes)
    if times == 3:
        with pytest.raises(PlaceFaultError, match="Input/output error"):
            compute_cell(CONFIG, *shared)
    else:
        assert compute_cell(CONFIG, *shared).status == "computed"
    assert len(calls) == 3


def test_a_data_set_that_can_not_be(monkeypatch):
    """A number that no float squares: the configuration is fine, the data is not."""
    config = load_config("orthogonal", {"data.x": [[1.0], [1e200]], "init.width": 6})
    data = shared_data(config)
    assert isinstance(data, Failure)
    assert shared_minimum(config, data) is data
    (record,) = compute_batch([config], data, data).records
    assert record.status == "failed"
    assert record.message.startswith("RequestError: data.x[1] is of the size 1e+200")

    def unreadable(_):
        raise OSError("gone")

    monkeypatch.setattr(pipeline.workflow.computation, "prepare", unreadable)
    with pytest.raises(OSError, match="gone"):  # the scheduler tries it again
        shared_data(config)


def test_a_record_is_read_as_it_was_written_and_an_older_one_is_completed():
    record = CellRecord.now(RUN_ID, {"final_loss": 0.5}, 2.0)
    assert CellRecord.read(vars(record)) == record
    old = CellRecord.read({"run_id": "a-1", "status": "failed", "recorded": "2026-01-01", "unknown": 1})
    assert (old.computed, old.message, old.results) == (False, "", {})
