"""An export is a catalog of its own, the same bytes each time, whole or not there, and open to plain xarray."""

import csv
import json
import os
import re
import resource
import signal
import zipfile
from pathlib import Path

import pytest
import yaml
from amounts import with_slow
from mounts import tmpfs
from plain import plain_xarray
from processes import in_processes

from catalog import open_catalog
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError, DiskFullError
from catalog.rows import row_of
from catalog.schema import GROUPS
from catalog.sharing import Item, atomic_output, export, format_of, items_of
from catalog.sharing.bundle import Bundle
from catalog.storage import atomic, authorship, new_files


def expected(origin, run_id):
    return f"{' '.join(sorted(GROUPS))} {float(origin[run_id]['trajectory/loss'].sum())}"


def test_a_folder_is_a_catalog(origin, shared, run_id, second):
    opened = open_catalog(shared)
    assert opened.run_ids() == origin.run_ids() == [run_id, second]
    assert opened.sweeps.run_ids() == origin.sweeps.run_ids()
    assert opened.verify() == []
    for one in (run_id, second):
        assert opened.manifest(one) == origin.manifest(one)
        assert opened[one].load().identical(origin[one].load())


def test_nothing_foreign_lies_in_a_run(shared, origin, run_id, contents):
    assert contents(shared / "runs" / run_id) == contents(origin.path(run_id))
    assert sorted(path.name for path in shared.iterdir()) == [
        "CITATION.cff", "README.md", "collection.csv", "collection.json", "index", "runs", "sweeps",
    ]  # fmt: skip


def test_plain_xarray_opens_the_folder_and_the_zip(origin, shared, zipped, run_id):
    store = f"runs/{run_id}/data.zarr"
    assert plain_xarray(f"{shared}/{store}", "zarr") == expected(origin, run_id)
    assert plain_xarray(f"zip://{store}::{zipped}", "zarr") == expected(origin, run_id)
    assert plain_xarray(f"{zipped}::{store}", "ZipStore") == expected(origin, run_id)


def test_a_zip_has_the_same_bytes_each_time(origin, zipped, run_id, tmp_path):
    again = export(origin, [Item(run_id)], tmp_path / "again.zip")
    assert again.path.read_bytes() == zipped.read_bytes()
    assert again.bytes == zipped.stat().st_size
    with zipfile.ZipFile(zipped) as archive:
        assert archive.testzip() is None
        assert again.files == len(archive.namelist())
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_zip_compresses_what_is_not_yet(zipped):
    """Documents are half of a run of the paper's experiment; its chunks are compressed already."""
    with zipfile.ZipFile(zipped) as archive:
        kinds = {
            (entry.compress_type == zipfile.ZIP_DEFLATED, entry.filename.rpartition("/")[2].split(".")[0] == "c")
            for entry in archive.infolist()
        }
        root = next(entry for entry in archive.infolist() if entry.filename.endswith("data.zarr/zarr.json"))
    assert kinds == {(True, False), (False, True)}
    assert root.compress_size < root.file_size / 5


def test_a_folder_takes_one_flush_however_many_runs(origin, tmp_path, monkeypatch):
    """While others write much, too: an export of 10,000 runs, one file after the other, took hours."""
    flushed = []
    flush = new_files.flush_file_system
    monkeypatch.setattr(new_files, "flush_reaches_disk", lambda _: True)
    monkeypatch.setattr(new_files, "waiting_bytes", lambda: 2**40)
    monkeypatch.setattr(new_files, "flush_file_system", lambda fd: (flushed.append("all"), flush(fd)))
    monkeypatch.setattr(new_files.atomic, "write_synced", lambda *_: flushed.append("one"))
    export(origin, items_of(origin, origin.sweeps), tmp_path / "out")
    assert flushed == ["all"]


def test_what_is_kept_of_a_manifest_does_not_grow_with_its_files(origin, run_id):
    bundle = Bundle(origin, [Item(run_id)])
    for _ in bundle.contents():
        pass
    (kept,) = bundle.manifests.values()
    manifest = origin.manifest(run_id)
    assert kept.size == manifest.size
    assert len(kept.files) == 1
    assert row_of(kept) == row_of(manifest)


def test_the_readme_describes_every_variable(shared, run_id):
    text = (shared / "README.md").read_text()
    for group, specifications in GROUPS.items():
        for spec in specifications:
            assert f"| {group}/{spec.name} | {', '.join(spec.dims)} | {spec.dtype} | " in text
    assert f'xr.open_datatree("runs/{run_id}/data.zarr", engine="zarr")' in text
    assert "BSD-3-Clause" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5}, "a bar in a meaning ends its cell"


@pytest.mark.parametrize("name", ["shared", "zipped"])
def test_the_citation_is_cff(name, request, run_id):
    path = request.getfixturevalue(name)
    if path.is_dir():
        text = (path / "CITATION.cff").read_text()
    else:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("CITATION.cff").decode()
    citation = yaml.safe_load(text)
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["type"] == "dataset"
    paper, software = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Boursier", "Pillaud-Vivien", "Flammarion"]
    assert software["title"] == "reluflow"


def test_the_collection_is_an_esm_collection(shared, run_id, second):
    """The required fields of the ESM collection specification 0.1.0, and that each names what is there."""
    collection = json.loads((shared / "collection.json").read_text())
    assert collection["esmcat_version"] == "0.1.0"
    assert {"esmcat_version", "id", "description", "catalog_file", "attributes", "assets"} <= collection.keys()
    assert collection["assets"]["format"] == "zarr"
    with (shared / collection["catalog_file"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["run_id"] for row in rows] == [run_id, second, "ladder-00000000000a"]
    columns = [attribute["column_name"] for attribute in collection["attributes"]]
    assert set(columns) | {collection["assets"]["column_name"]} == rows[0].keys()
    for row in rows:
        assert (shared / row[collection["assets"]["column_name"]] / "zarr.json").is_file()
    assert rows[0]["init.width"] == "60"


@pytest.mark.parametrize("name", ["again", "again.zip", "again.nc"])
def test_an_export_that_is_there_stays(name, origin, run_id, second, tmp_path, contents):
    first = export(origin, [Item(run_id)], tmp_path / name)
    before = contents(tmp_path)
    assert export(origin, [Item(run_id)], tmp_path / name) == first
    with pytest.raises(CatalogError, match=r"again.* exists already with other contents"):
        export(origin, [Item(second)], tmp_path / name)
    assert contents(tmp_path) == before


def test_a_listed_export_is_still_the_same(origin, run_id, tmp_path):
    export(origin, [Item(run_id)], tmp_path / "out")
    assert len(open_catalog(tmp_path / "out").frame()) == 1  # writes the index anew
    export(origin, [Item(run_id)], tmp_path / "out")


@pytest.mark.parametrize("format", ["zarr", "zip", "netcdf"])
def test_damage_does_not_leave(format, catalog_copy, run_id, tmp_path, contents):
    chunk = catalog_copy / "runs" / run_id / "data.zarr/trajectory/loss/zarr.json"
    chunk.write_bytes(chunk.read_bytes().replace(b"loss", b"lass", 1))
    (tmp_path / "out").mkdir()
    with pytest.raises(DamagedRunError, match="can't be exported"):
        export(open_catalog(catalog_copy), [Item(run_id)], tmp_path / "out/x", format)
    assert contents(tmp_path / "out") == {}


@pytest.mark.parametrize("name", with_slow(["x", "x.zip", "x" * 250], ["x.nc"]))
def test_what_a_killed_export_has_left_goes_with_the_next(name, origin, run_id, tmp_path, monkeypatch):
    """Not what is at work, and another machine's only when it was quiet for long."""

    def killed(_):
        monkeypatch.setattr(atomic_output, "_appear", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        export(origin, [Item(run_id)], tmp_path / name)

    assert in_processes(1, killed) == [-signal.SIGKILL]
    (dead,) = tmp_path.iterdir()
    alive = tmp_path / f".{authorship.signed_name(name[:40])}.partial"
    alive.mkdir()
    held = atomic.hold(alive)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(authorship, "this_machine", lambda: "other-0a1b2c3d")
        export(origin, [Item(run_id)], tmp_path / name)
    assert sorted(tmp_path.iterdir()) == sorted([dead, alive, tmp_path / name])
    export(origin, [Item(run_id)], tmp_path / name)
    assert sorted(tmp_path.iterdir()) == sorted([alive, tmp_path / name])
    os.close(held)
    old = tmp_path / f".{name[:40]}-0a1b2c3d.partial"  # as versions before this one named it
    old.touch()
    export(origin, [Item(run_id)], tmp_path / name)
    assert sorted(tmp_path.iterdir()) == sorted([old, tmp_path / name])
    os.utime(old, (0, 0))
    export(origin, [Item(run_id)], tmp_path / name)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize("format", ["zarr", "zip", "netcdf"])
def test_a_full_disk(format, origin, run_id, tmp_path):
    def work(_):
        with pytest.raises(DiskFullError, match="nothing was exported"):
            export(origin, [Item(run_id)], tmp_path / "small/x", format)
        assert not list((tmp_path / "small").iterdir())

    with tmpfs(tmp_path / "small", "size=60k"):
        # In a process of its own: netCDF4 does not close a file that it could not write.
        assert in_processes(1, work) == [0]


@pytest.mark.parametrize("format", ["zarr", "zip", "netcdf"])
def test_a_file_that_may_not_grow(format, origin, run_id, tmp_path):
    def work(_):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises((DiskFullError, CatalogUnwritableError), match="can't be written"):
            export(origin, [Item(run_id)], tmp_path / "x", format)

    assert in_processes(1, work) == [0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["zarr", "zip", "netcdf"])
def test_a_folder_that_can_not_be_written(format, origin, run_id, tmp_path):
    with tmpfs(tmp_path / "fixed", "size=1m,ro"), pytest.raises(CatalogUnwritableError, match="Read-only"):
        export(origin, [Item(run_id)], tmp_path / "fixed/x", format)


def test_bad_requests_are_one_line(origin, run_id, second, tmp_path):
    for message, items, destination, format in (
        ("there is no folder", [Item(run_id)], tmp_path / "no/x", None),
        ("nothing to export", [], tmp_path / "x", None),
        ("allowed is one of zarr, zip, netcdf", [Item(run_id)], tmp_path / "x", "hdf4"),
        ("holds one run, not 2", items_of([run_id, second]), tmp_path / "x.nc", None),
        ("allowed is a local path", [Item(run_id)], "s3://bucket/x", None),
    ):
        with pytest.raises(CatalogError, match=message) as caught:
            export(origin, items, destination, format)
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_formats_by_their_endings():
    endings = {"a.zip": "zip", "b.NC": "netcdf", "c": "zarr", "d.zarr": "zarr", Path("x.nc/y"): "zarr"}
    assert {name: format_of(name) for name in endings} == endings


def test_sizes_are_measured(origin, run_id, tmp_path):
    done = export(origin, [Item(run_id)], tmp_path / "x")
    files = [path for path in done.path.rglob("*") if path.is_file()]
    assert (done.files, done.bytes) == (len(files), sum(path.stat().st_size for path in files))
    tree = origin[run_id]
    assert done.uncompressed_bytes == sum(node.to_dataset(inherit=False).nbytes for node in tree.subtree)
