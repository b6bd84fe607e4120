"""What comes in is what was published, to the byte; everything else is refused, and nothing is half imported."""

import datetime
import json
import os
import re
import shutil
import signal
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import in_processes

from catalog import open_catalog, zarr_files
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError
from catalog.sharing import Item, export, import_runs, run_import, sources
from catalog.verification import verify

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


# What is refused


def refused(target, source, run_id, message, **options):
    done = import_runs(target, source, **options)
    assert done.imported == []
    assert re.search(message, done.refused[run_id]), done.refused
    assert "\n" not in done.refused[run_id]
    assert target.run_ids() == []
    assert verify(target.storage) == []


DAMAGE = {
    "flipped": (lambda run: flip(run / "data.zarr/trajectory/loss/c.0"), "loss/c.0 is not what its manifest says"),
    "longer": (lambda run: add(run / "data.zarr/data/y/c.0", b"x"), "data/y/c.0 is longer than"),
    "shorter": (
        lambda run: (run / "data.zarr/data/y/c.0").write_bytes(b""),
        "y/c.0 is not what its manifest says",
    ),
    "missing": (lambda run: (run / "data.zarr/data/y/c.0").unlink(), "data/y/c.0 can't be read: No such file"),
    "foreign": (
        lambda run: (run / "evil.sh").write_bytes(b"#!"),
        "evil.sh is in its folder, but not in its manifest",
    ),
    "manifest": (lambda run: flip(run / "manifest.json"), "its manifest is damaged"),
    "link": (lambda run: link(run / "data.zarr/data/y/c.0"), "is a link or a device"),
    "folder link": (lambda run: link(run / "data.zarr/data"), "data.zarr/data is a link or a device"),
    "pipe": (lambda run: pipe(run / "data.zarr/data/y/c.0"), "is a link or a device"),
}


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def add(path, more):
    path.write_bytes(path.read_bytes() + more)


def link(path):
    """Move it out of the export, and leave a link."""
    export_root = next(parent for parent in path.parents if (parent / "runs").is_dir())
    path.symlink_to(path.rename(export_root.parent / "outside"))


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_refused(kind, copied, target, run_id):
    damage, message = DAMAGE[kind]
    damage(copied / "runs" / run_id)
    refused(target, copied, run_id, message)


def test_a_run_that_is_a_link_is_refused(copied, target, run_id, tmp_path):
    (copied / "runs" / run_id).rename(tmp_path / "elsewhere")
    (copied / "runs" / run_id).symlink_to(tmp_path / "elsewhere")
    refused(target, copied, run_id, "is not a folder, or is a link to one")


FILE = {"size": 1, "sha256": "0" * 64}
FORGED = {
    "another name": ({"run_id": "other-0"}, "belongs to another run, other-0"),
    "newer": ({"schema_version": "1.99"}, r"1\.99 is newer than .*update reluflow"),
    "newest": ({"schema_version": "2.0"}, r"2\.0 is newer than"),
    "older": ({"schema_version": "0.9"}, "too old"),
    "odd": ({"schema_version": "one"}, "'one' is not a version"),
    "drive": ({"more_files": {"data.zarr/C:/x": FILE}}, "names 'data.zarr/C:/x'"),
    "backslash": ({"more_files": {"data.zarr/..\\x": FILE}}, "plain names"),
    "nul": ({"more_files": {"data.zarr/a\0b": FILE}}, "plain names"),
    "dot": ({"more_files": {"data.zarr/./x": FILE}}, "plain names"),
    "beside": ({"more_files": {"x": FILE}}, "plain names below data.zarr"),
    "hidden": ({"more_files": {"data.zarr/.git": FILE}}, "plain names"),
    "case": ({"more_files": {"data.zarr/DATA/y/c.0": FILE}}, "some systems take for the same"),
    "file and folder": ({"more_files": {"data.zarr/data": FILE}}, "some systems take for the same"),
    "negative": ({"more_files": {"data.zarr/x": FILE | {"size": -1}}}, "no size and SHA-256"),
    "no digest": ({"more_files": {"data.zarr/x": FILE | {"sha256": "a"}}}, "no size and SHA-256"),
    "huge": ({"more_files": {"data.zarr/x": FILE | {"size": 10**15}}}, "--largest-bytes leaves"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_manifest_is_refused(kind, copied, target, run_id, forge):
    """Its digests are right, and what it names is not."""
    changes, message = FORGED[kind]
    forge(**changes)
    refused(target, copied, run_id, message)


def test_a_manifest_that_leads_out_is_refused(copied, target, run_id):
    """Our own writer can't write it."""
    path = copied / "runs" / run_id / "manifest.json"
    path.write_text(path.read_text().replace('"data.zarr/data/y/c.0"', '"../../../etc/passwd"'))
    refused(target, copied, run_id, "its manifest is damaged")


def edit(run, path, change, *, both=True):
    """Change the metadata of a node, in its own file and in the root's copy."""
    root = run / "data.zarr/zarr.json"
    document = json.loads(root.read_text())
    own = run / "data.zarr" / path / "zarr.json"
    node = json.loads(own.read_text())
    change(node)
    own.write_text(json.dumps(node))
    if both:
        change(document["consolidated_metadata"]["metadata"][path])
        root.write_text(json.dumps(document))


def root_attribute(run, name, value):
    path = run / "data.zarr/zarr.json"
    document = json.loads(path.read_text())
    document["attributes"][name] = value
    path.write_text(json.dumps(document))


LOSS = "trajectory/loss"
STRANGE = {
    "another id": (lambda run: root_attribute(run, "id", "other-0"), "its attribute 'id' is another run's"),
    "another version": (lambda run: root_attribute(run, "schema_version", "1.0"), "differs from its manifest's"),
    "no JSON": (lambda run: (run / f"data.zarr/{LOSS}/zarr.json").write_text("{"), "is not Zarr v3 metadata"),
    "Zarr v2": (lambda run: edit(run, LOSS, lambda n: n.update(zarr_format=2)), "is not Zarr v3 metadata"),
    "unequal": (
        lambda run: edit(run, LOSS, lambda n: n.update(attributes={}), both=False),
        "differs from its copy",
    ),
    "dims": (lambda run: edit(run, LOSS, lambda n: n.update(dimension_names=["neuron"])), "has dimensions"),
    "type": (
        lambda run: edit(run, LOSS, lambda n: n.update(data_type="int64", fill_value=0)),
        "loss is int64; schema",
    ),
    "codec": (
        lambda run: edit(run, LOSS, lambda n: n.update(codecs=[{"name": "evil"}])),
        "codecs = .*evil.* is not allowed in a run",
    ),
    "shape": (lambda run: edit(run, LOSS, lambda n: n.update(shape=[10**14])), "arrays need .* bytes or more"),
    "chunk": (lambda run: edit(run, LOSS, chunk(10**14)), "a chunk is larger than"),
    "chunks": (lambda run: edit(run, LOSS, chunk(1)), "is missing"),
    "extra": (lambda run: (run / "data.zarr/x").write_text(""), "data.zarr/x belongs to no array"),
    "lost": (lambda run: (run / f"data.zarr/{LOSS}/c.0").unlink(), f"{LOSS}/c.0 is missing"),
    "no variable": (lambda run: drop(run, LOSS), f"{LOSS} is missing; schema"),
    "not consolidated": (lambda run: unconsolidated(run), "has no consolidated metadata"),
}


def chunk(length):
    return lambda node: node["chunk_grid"]["configuration"].update(chunk_shape=[length])


def drop(run, path):
    shutil.rmtree(run / "data.zarr" / path)
    root = run / "data.zarr/zarr.json"
    document = json.loads(root.read_text())
    del document["consolidated_metadata"]["metadata"][path]
    root.write_text(json.dumps(document))


def unconsolidated(run):
    root = run / "data.zarr/zarr.json"
    document = json.loads(root.read_text())
    del document["consolidated_metadata"]
    root.write_text(json.dumps(document))


@pytest.mark.parametrize("kind", STRANGE)
def test_a_store_that_is_no_run_is_refused(kind, copied, target, run_id, forge):
    """All digests are right: the store itself is wrong."""
    change, message = STRANGE[kind]
    change(copied / "runs" / run_id)
    forge()
    refused(target, copied, run_id, message)


def test_the_bound_counts_all_runs(shared, target, run_id, origin):
    size = origin.manifest(run_id).size
    done = import_runs(target, shared, largest_bytes=2 * size)
    assert done.imported
    assert all("--largest-bytes" in reason for reason in done.refused.values())
    assert done.refused


# Zips


def remade(zipped, path, more=(), without=()):
    """The zip with other entries."""
    with zipfile.ZipFile(zipped) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name not in without:
                new.writestr(name, old.read(name))
        for entry, content in more:
            new.writestr(entry, content)
    return path


def special(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


EVIL = {
    "up": [("../evil", b"x")],
    "up inside": [("runs/../../evil", b"x")],
    "absolute": [("/etc/evil", b"x")],
    "drive": [("C:/evil", b"x")],
    "backslash": [("runs\\..\\evil", b"x")],
    "double slash": [("runs//evil", b"x")],
    "link": [(special("runs/x-0/manifest.json", 0o120777), b"/etc/passwd")],
    "device": [(special("runs/x-0/manifest.json", 0o020777), b"")],
    "case": [("readme.MD", b"x")],
    "file and folder": [("README.md/x", b"x")],
    "strange run": [("runs/-x/manifest.json", b"x")],
}


@pytest.mark.parametrize("kind", EVIL)
def test_evil_zips_are_refused_whole(kind, zipped, target, tmp_path, contents):
    path = remade(zipped, tmp_path / "evil.zip", EVIL[kind])
    before = contents(tmp_path)
    with pytest.raises(DamagedRunError, match=r"evil\.zip: ") as caught:
        import_runs(target, path)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(zipped, target, run_id, tmp_path):
    path = remade(zipped, tmp_path / "twice.zip", [(f"runs/{run_id}/manifest.json", b"{}")])
    with pytest.raises(DamagedRunError, match="clash"):
        import_runs(target, path)


def test_a_name_that_is_cut_at_nul_is_refused(zipped, target, tmp_path):
    path = remade(zipped, tmp_path / "nul.zip", [("xZevil", b"x")])
    path.write_bytes(path.read_bytes().replace(b"xZevil", b"x\0evil"))
    with pytest.raises(DamagedRunError, match="is not allowed; it may lead elsewhere"):
        import_runs(target, path)


def test_a_bomb_is_refused(zipped, target, run_id, tmp_path):
    path = tmp_path / "bomb.zip"
    shutil.copy(zipped, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(2**26))
    with pytest.raises(DamagedRunError, match="--largest-bytes allows 10000000"):
        import_runs(target, path, largest_bytes=10**7)


def test_a_size_that_lies_is_refused(zipped, target, run_id, tmp_path):
    """The zip declares few bytes, and unpacks to many."""
    name = f"runs/{run_id}/data.zarr/data/y/c.0"
    path = remade(zipped, tmp_path / "lying.zip", without=[name])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(10**6))
    content = path.read_bytes()
    assert content.count((10**6).to_bytes(4, "little")) == 2  # in the local header and in the directory
    path.write_bytes(content.replace((10**6).to_bytes(4, "little"), (40).to_bytes(4, "little")))
    done = import_runs(target, path)
    assert run_id in done.refused
    assert target.run_ids() == []


def test_flipped_bits_of_a_zip_never_come_in(zipped, tmp_path, run_id, contents, origin):
    content = zipped.read_bytes()
    true = contents(Path(origin.path(run_id)))
    path, rng = tmp_path / "flipped.zip", np.random.default_rng(1)
    for number, position in enumerate(rng.integers(0, len(content), 12)):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        into = open_catalog(tmp_path / f"into-{number}")
        try:
            done = import_runs(into, path)
        except CatalogError:
            done = None
        if done is not None and done.imported:
            assert done.imported == [run_id]
            assert contents(Path(into.path(run_id))) == true
        assert verify(into.storage) == []


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
    for number in range(6):
        into = open_catalog(tmp_path / f"killed-{number}")

        def work(_, into=into, number=number):
            signal.setitimer(signal.ITIMER_REAL, 0.003 + 0.02 * number)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which kills, with no chance to clean up
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


# Names


@given(st.text(max_size=20))
@settings(max_examples=300)
def test_a_plain_path_stays_inside_on_any_system(path):
    """Judged by the two systems' own rules for paths."""
    import ntpath
    import posixpath

    if sources.is_plain(path):
        assert posixpath.normpath(path) == path
        assert not posixpath.isabs(path)
        assert ntpath.splitdrive(path)[0] == ""
        assert ntpath.normpath(path) == path.replace("/", "\\")
        assert "\0" not in path


def test_names_of_real_runs_are_plain(origin, run_id):
    files = list(origin.manifest(run_id).files)
    assert all(map(sources.is_plain, files))
    assert sources.clashes(files) == []
    assert sources.clashes(["a/b", "A/B", "c", "c/d", "e"]) == ["a/b", "A/B", "c"]
