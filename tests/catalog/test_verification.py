"""Whatever happens to a run on disk is found, and rubbish never ends in a traceback."""

import os
import random
import shutil
from pathlib import Path

import pytest
import xarray as xr
from amounts import amount

from catalog.catalog import open_catalog
from catalog.errors import CatalogError, DamagedRunError, UnknownRunError
from catalog.index import refreshed
from catalog.storage.local import LocalStorage
from catalog.verification import Finding, Problem, verify


def files_of(run: Path) -> list[Path]:
    return sorted(path for path in run.rglob("*") if path.is_file())


def read_all(store: Path) -> None:
    with xr.open_datatree(store, engine="zarr", chunks=None) as tree:
        tree.load()


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_an_intact_catalog_has_no_findings(pristine, run_id):
    assert verify(pristine) == []
    assert open_catalog(pristine).verify(run_id) == []


def test_no_catalog_has_no_findings(tmp_path):
    assert verify(tmp_path / "nothing") == []
    assert not list(tmp_path.iterdir())


FLIPS = pytest.mark.parametrize("more", [10, pytest.param(800, marks=pytest.mark.slow)])
"""How many files are damaged at random, after each has been once."""


@FLIPS
def test_random_bit_flips_are_all_found(catalog_copy, run_id, more):
    """Each file once, then files at random in proportion to their size."""
    run = catalog_copy / "runs" / run_id
    files = files_of(run)
    chance = random.Random(1)
    heavy = chance.choices(files, [path.stat().st_size for path in files], k=more)
    unseen_by_readers = 0
    for path in files[:: amount(8, 1)] + heavy:
        content = path.read_bytes()
        flip(path, chance.randrange(8 * len(content)))
        expected = Problem.MANIFEST_DAMAGED if path.name == "manifest.json" else Problem.DAMAGED
        assert verify(catalog_copy, run_id) == [Finding(run_id, path.relative_to(run).as_posix(), expected)]
        unseen_by_readers += path.name == "zarr.json"
        path.write_bytes(content)
    assert unseen_by_readers > amount(3, 40)  # metadata was among them
    assert verify(catalog_copy) == []


@FLIPS
def test_flips_in_chunks_raise_in_a_plain_read(catalog_copy, run_id, more):
    store = catalog_copy / "runs" / run_id / "data.zarr"
    chunks = [path for path in files_of(store) if path.name != "zarr.json"]
    chance = random.Random(2)
    for path in chunks[:: amount(8, 1)] + chance.choices(chunks, [path.stat().st_size for path in chunks], k=more):
        content = path.read_bytes()
        flip(path, chance.randrange(8 * len(content)))
        array = path.relative_to(store).parent.as_posix()
        group, _, name = array.partition("/")
        with (
            pytest.raises(ValueError, match=r"[Cc]hecksum"),
            xr.open_zarr(store, group=group, chunks=None) as read,
        ):
            read[name].load()
        path.write_bytes(content)
    read_all(store)


def test_missing_truncated_extended_and_swapped(catalog_copy, run_id):
    run = catalog_copy / "runs" / run_id
    chunks = {
        name: f"data.zarr/trajectory/{name}/c" for name in ("loss", "gradient_norm", "residual", "direction")
    }
    loss, other = run / f"{chunks['loss']}.0", run / f"{chunks['gradient_norm']}.0"
    first, second = loss.read_bytes(), other.read_bytes()
    assert len(first) == len(second)  # else their sizes alone would tell
    loss.write_bytes(second)
    other.write_bytes(first)
    residual = run / f"{chunks['residual']}.0.0"
    residual.write_bytes(residual.read_bytes()[:-1])
    direction = run / f"{chunks['direction']}.0.0.0"
    direction.write_bytes(direction.read_bytes() + b"\0")
    (run / "data.zarr/data/zarr.json").unlink()
    found = {finding.path: finding.problem for finding in verify(catalog_copy)}
    assert found == {
        f"{chunks['loss']}.0": Problem.DAMAGED,
        f"{chunks['gradient_norm']}.0": Problem.DAMAGED,
        f"{chunks['residual']}.0.0": Problem.TRUNCATED,
        f"{chunks['direction']}.0.0.0": Problem.DAMAGED,
        "data.zarr/data/zarr.json": Problem.MISSING,
    }


def test_foreign_files_and_folders(catalog_copy, run_id):
    run = catalog_copy / "runs" / run_id
    (run / "notes.txt").write_text("mine")
    (run / "data.zarr/extra/c").mkdir(parents=True)
    (run / "data.zarr/extra/c.0").write_text("")
    (run / "data.zarr/trajectory/loss/c.1").write_bytes(b"")
    (catalog_copy / "runs/.DS_Store").write_bytes(b"")
    assert set(verify(catalog_copy)) == {
        Finding(run_id, "notes.txt", Problem.FOREIGN),
        Finding(run_id, "data.zarr/extra/", Problem.FOREIGN),
        Finding(run_id, "data.zarr/trajectory/loss/c.1", Problem.FOREIGN),
        Finding(".DS_Store", ".", Problem.FOREIGN),
    }


def test_a_file_too_many_keeps_nobody_from_reading_a_changed_one_does(catalog_copy, run_id):
    run = catalog_copy / "runs" / run_id
    (run / "notes.txt").write_text("mine")
    assert open_catalog(catalog_copy).whole(run_id)["trajectory"].sizes["time"] > 1
    flip(run / "data.zarr/trajectory/loss/c.0", 40)
    with pytest.raises(DamagedRunError, match=r"trajectory/loss/c\.0"):
        open_catalog(catalog_copy).whole(run_id)


@pytest.mark.parametrize(
    ("put", "problem"),
    [
        (lambda index: (index.unlink(), index.mkdir()), Problem.UNREADABLE),
        (lambda index: index.write_text('{"version": 3, "rows"'), Problem.DAMAGED),
    ],
)
def test_an_index_that_cannot_be_read_is_found_and_an_absent_one_is_none(catalog_copy, run_id, put, problem):
    refreshed(open_catalog(catalog_copy).storage, "runs", worth=0)
    index = catalog_copy / "index" / "runs.json"
    assert index.is_file()
    assert verify(catalog_copy) == []
    put(index)
    assert verify(catalog_copy) == [Finding("runs", "index/runs.json", problem, "index")]
    shutil.rmtree(index.parent)
    assert verify(catalog_copy) == []


def test_runs_without_or_with_another_manifest(catalog_copy, run_id):
    runs = catalog_copy / "runs"
    shutil.copytree(runs / run_id, runs / "renamed-0")
    shutil.copytree(runs / run_id, runs / "bare-0")
    (runs / "bare-0/manifest.json").unlink()
    assert verify(catalog_copy) == [
        Finding("bare-0", ".", Problem.NO_MANIFEST),
        Finding("renamed-0", "manifest.json", Problem.MANIFEST_DAMAGED),
    ]
    assert verify(catalog_copy, run_id) == []


def test_a_leftover_is_reported_but_is_no_damage(catalog_copy, run_id):
    (catalog_copy / f"staging/{run_id}-4711-0a1b2c3d/data.zarr").mkdir(parents=True)
    (finding,) = verify(catalog_copy)
    assert finding == Finding(run_id, f"staging/{run_id}-4711-0a1b2c3d", Problem.UNFINISHED)
    assert not finding.is_damage
    assert Finding(run_id, ".", Problem.MISSING).is_damage


def test_rubbish_of_every_kind(catalog_copy, run_id):
    run = catalog_copy / "runs" / run_id
    loss = run / "data.zarr/trajectory/loss/c.0"
    loss.unlink()
    os.mkfifo(loss)  # opening it would wait for ever
    y = run / "data.zarr/data/y/c.0"
    y.unlink()
    y.mkdir()
    x = run / "data.zarr/data/x/c.0.0"
    x.unlink()
    x.symlink_to(x)
    shutil.rmtree(run / "data.zarr/phases/t1")
    (run / "data.zarr/phases/t1").write_text("a file where a folder was")
    (catalog_copy / "runs/loop").symlink_to("loop")
    (catalog_copy / "runs" / "ü\n").mkdir()
    (catalog_copy / "runs" / os.fsdecode(b"\xff")).mkdir()
    (catalog_copy / "runs/manifest-is-a-folder/manifest.json").mkdir(parents=True)
    (catalog_copy / "staging").write_text("")
    with pytest.raises(CatalogError, match=r"can't be read: Not a directory \(staging\)"):
        verify(catalog_copy)
    (catalog_copy / "staging").unlink()
    found = {(finding.run_id, finding.path): finding.problem for finding in verify(catalog_copy)}
    assert found.pop((run_id, "data.zarr/trajectory/loss/c.0")) is Problem.DAMAGED
    assert found.pop((run_id, "data.zarr/data/y/c.0")) is Problem.DAMAGED
    assert found.pop((run_id, "data.zarr/data/x/c.0.0")) is Problem.UNREADABLE
    assert found.pop((run_id, "data.zarr/phases/t1/c")) is Problem.MISSING
    assert found.pop((run_id, "data.zarr/phases/t1/zarr.json")) is Problem.MISSING
    assert found.pop((run_id, "data.zarr/phases/t1")) is Problem.FOREIGN
    assert found.pop(("loop", ".")) is Problem.FOREIGN
    assert found.pop(("ü\n", ".")) is Problem.NO_MANIFEST
    assert found.pop(("\udcff", ".")) is Problem.NO_MANIFEST
    assert found.pop(("manifest-is-a-folder", "manifest.json")) is Problem.MANIFEST_DAMAGED
    assert {path for _, path in found} <= {"data.zarr/data/y/c.0/"}
    for finding in verify(catalog_copy):
        assert "Problem." not in str(finding)


def test_an_unknown_run_is_refused(pristine):
    for name in ("nothing-0", "../runs", "", "."):
        with pytest.raises(UnknownRunError, match="no run"):
            verify(pristine, name)


@pytest.mark.parametrize("one", [True, False])
def test_a_run_that_is_removed_while_it_is_checked_is_no_damage(catalog_copy, run_id, monkeypatch, one):
    catalog = open_catalog(catalog_copy)
    found = LocalStorage.digests

    def digests(storage, folder, expected):
        catalog.remove(run_id)
        return found(storage, folder, expected)

    monkeypatch.setattr(LocalStorage, "digests", digests)
    if one:
        with pytest.raises(UnknownRunError):
            verify(catalog_copy, run_id)
    else:
        assert verify(catalog_copy) == []
