"""Damaged runs, forged manifests and stores that hold no run are refused, each in one line."""

import json
import os
import re
import shutil

import pytest

from catalog.sharing import import_runs
from catalog.verification import verify


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
