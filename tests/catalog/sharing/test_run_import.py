"""What comes in is what was published, to the byte, and nothing is half imported."""

import datetime
import signal
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest
from amounts import amount
from processes import in_processes

from catalog import open_catalog, zarr_files
from catalog.errors import CatalogError, CatalogUnwritableError
from catalog.sharing import Item, export, import_runs, run_import, sources

SWEEP = "ladder-00000000000a"


def test_everything_comes_in_byte_for_byte(origin, shared, target, run_id, second, contents):
    done = import_runs(target, shared)
    assert (done.imported, done.already, done.refused) == ([run_id, second, SWEEP], [], {})
    for collection in ("runs", "sweeps"):
        assert contents(Path(target.storage.address(collection))) == contents(
            Path(origin.storage.address(collection))
        )
    assert target.verify() == []
    assert not (Path(target.storage.url) / "staging").exists() or not target.storage.names("staging")


def test_a_second_import_does_nothing(shared, target, run_id, second, contents):
    import_runs(target, shared)
    before = contents(Path(target.storage.url))
    assert import_runs(target, shared).already == [run_id, second, SWEEP]
    assert contents(Path(target.storage.url)) == before


def test_a_catalog_and_a_zip_come_in_too(origin, zipped, target, run_id, second, tmp_path):
    assert import_runs(target, zipped).imported == [run_id]
    done = import_runs(target, str(origin.storage.url))
    assert (done.imported, done.already) == ([second, SWEEP], [run_id])
    deflated = tmp_path / "deflated.zip"
    with zipfile.ZipFile(zipped) as old, zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert import_runs(open_catalog(tmp_path / "other"), deflated).imported == [run_id]


@pytest.fixture
def older(tmp_path, make_tree, run_id, description, monkeypatch):
    """A catalog that was written before series were shuffled, and keys of chunks had dots; and its tree."""
    tree = make_tree(time=40)
    with monkeypatch.context() as patch:
        patch.setattr(zarr_files, "SERIES_LENGTH", 10**9)
        patch.setattr(zarr_files, "SEPARATOR", "/")
        catalog = open_catalog(tmp_path / "older")
        catalog.publish(run_id, tree, **description)
        assert (catalog.path(run_id) / "data.zarr/trajectory/loss/c/0").is_file()
    return catalog, tree


def test_a_run_that_was_encoded_otherwise_comes_in(older, target, run_id, contents):
    catalog, _ = older
    assert import_runs(target, catalog.path(run_id).parents[1]).imported == [run_id]
    assert contents(target.path(run_id)) == contents(catalog.path(run_id))


def test_the_same_numbers_encoded_otherwise_are_the_same_run(older, target, run_id, make_tree, description):
    catalog, tree = older
    target.publish(run_id, tree, **description)
    done = import_runs(target, catalog.path(run_id).parents[1])
    assert (done.imported, done.already, done.refused) == ([], [run_id], {})
    other = open_catalog(target.storage.root.parent / "other")
    other.publish(run_id, make_tree(seed=7, time=40), **description)
    assert "other numbers" in import_runs(other, catalog.path(run_id).parents[1]).refused[run_id]


class Tomorrow(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=1)


def test_a_run_computed_elsewhere_is_the_same_run(
    shared, target, run_id, make_tree, description, second, monkeypatch
):
    """Its clock tells another date; its numbers do not differ."""
    monkeypatch.setattr("catalog.publication.datetime.datetime", Tomorrow)
    target.publish(run_id, make_tree(), **description)
    before = target.manifest(run_id)
    assert run_id in import_runs(target, shared).already
    assert target.manifest(run_id) == before


def test_other_numbers_are_refused_and_the_rest_comes_in(shared, target, run_id, make_tree, description, second):
    target.publish(run_id, make_tree(seed=7), **description)
    before = target.manifest(run_id)
    done = import_runs(target, shared)
    assert done.refused == {run_id: "a run of this name is in the catalog with other numbers; it stays as it is"}
    assert done.imported == [second, SWEEP]
    assert target.manifest(run_id) == before


@pytest.mark.parametrize("held", [0, 2**30])
def test_large_runs_are_read_twice_and_small_ones_once(held, shared, target, monkeypatch):
    monkeypatch.setattr(run_import, "HELD_BYTES", held)
    read = []
    plain = sources.FolderSource.read
    monkeypatch.setattr(sources.FolderSource, "read", lambda *a: read.append(a[1]) or plain(*a))
    import_runs(target, shared)
    chunk = f"runs/{target.run_ids()[0]}/data.zarr/trajectory/loss/c.0"
    assert read.count(chunk) == (1 if held else 2)
    assert target.verify() == []


def test_a_password_in_the_address_is_not_kept(shared, target, run_id, monkeypatch):
    with sources.source_at(shared, 2**30) as source:
        monkeypatch.setattr(run_import, "source_at", lambda *_: nullcontext(source))
        import_runs(target, "https://me:secret@example.org/flows")
    assert target.origin(run_id).source == "https://example.org/flows"


def test_the_bound_counts_all_runs(shared, target, run_id, origin):
    size = origin.manifest(run_id).size
    done = import_runs(target, shared, largest_bytes=2 * size)
    assert done.imported
    assert all("--largest-bytes" in reason for reason in done.refused.values())
    assert done.refused


def test_what_is_no_export_is_one_line(origin, target, run_id, tmp_path):
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare/runs").mkdir(parents=True)
    netcdf = export(origin, [Item(run_id)], tmp_path / "one.nc").path
    for source, message in (
        (tmp_path / "nothing", "there is nothing at"),
        (tmp_path / "text.zip", "is not a zip that can be read"),
        (tmp_path / "empty", "neither an export nor a catalog"),
        (tmp_path / "bare", "there is no run in"),
        (origin.path(run_id), "single run's folder"),
        (netcdf, "is netCDF, which has no manifest"),
    ):
        with pytest.raises(CatalogError, match=message) as caught:
            import_runs(target, source)
        assert "\n" not in str(caught.value)


# Nothing is half imported


def test_a_kill_at_any_instant_leaves_whole_runs(shared, tmp_path, origin):
    """And the next import brings the rest."""
    statuses = []
    for number in range(0, 6, amount(2, 1)):
        into = open_catalog(tmp_path / f"killed-{number}")

        def work(_, into=into, number=number):
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which kills, with no chance to clean up
            signal.setitimer(signal.ITIMER_REAL, 0.003 + 0.02 * number)
            import_runs(into, shared)

        (status,) = in_processes(1, work)
        statuses.append(status)
        assert not [finding for finding in into.verify() if finding.is_damage]
        done = import_runs(into, shared)
        assert not done.refused
        assert into.run_ids() == origin.run_ids()
        assert not [finding for finding in into.verify() if finding.is_damage]
    assert -signal.SIGALRM in statuses
    assert set(statuses) <= {0, -signal.SIGALRM}


def test_importers_at_once(shared, tmp_path, origin):
    into = open_catalog(tmp_path / "into")
    assert in_processes(3, lambda _: import_runs(into, shared)) == [0, 0, 0]
    assert into.run_ids() == origin.run_ids()
    assert into.verify() == []


def test_an_error_while_writing_leaves_nothing(shared, target, monkeypatch):
    from catalog.storage.local import LocalWriter

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LocalWriter, "complete", fails)
    with pytest.raises(CatalogError, match="full"):
        import_runs(target, shared)
    assert not Path(target.storage.url).exists()


def test_a_catalog_that_can_only_be_read(shared):
    with pytest.raises(CatalogUnwritableError, match="over http it can only be read"):
        import_runs(open_catalog("http://127.0.0.1:9/x"), shared)
