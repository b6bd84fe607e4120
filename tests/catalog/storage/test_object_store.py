"""Object stores: fsspec's memory, and an S3-compatible server; the same promises as on a disk."""

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from object_store import BUCKET, forget_clients, object_store

from catalog import open_catalog
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError, UnknownRunError
from catalog.verification import Problem

REPOSITORY = Path(__file__).parents[3]
FRESH = itertools.count()


@pytest.fixture(scope="module")
def store():
    with object_store() as environment:
        yield environment


@pytest.fixture(params=["memory", "s3"])
def url(request, store):
    """The address of an empty catalog."""
    number = next(FRESH)
    return f"memory://flows-{number}" if request.param == "memory" else f"s3://{BUCKET}/catalog-{number}"


@pytest.fixture
def s3_url(store):
    return f"s3://{BUCKET}/catalog-{next(FRESH)}"


def test_a_run_comes_back_as_it_was(url, few, run_id, description):
    catalog = open_catalog(url)
    assert (catalog.run_ids(), len(catalog.frame()), catalog.verify()) == ([], 0, [])
    assert catalog.publish(run_id, few, **description) == f"{url}/runs/{run_id}"
    again = open_catalog(url)
    assert again.run_ids() == [run_id]
    assert again.verify() == []
    assert again.unfinished_writes() == []
    assert again.manifest(run_id).summary["final_loss"] == 1e-12
    read = again[run_id].load()
    for name, node in few.children.items():
        xr.testing.assert_equal(read[name].to_dataset(), node.to_dataset())
    assert list(again.where("width == 60").index) == [run_id]
    with pytest.raises(UnknownRunError):
        again["other-0"]


def test_plain_xarray_opens_it(url, few, run_id, description):
    path = open_catalog(url).publish(run_id, few, **description)
    with xr.open_datatree(f"{path}/data.zarr", engine="zarr") as read:
        np.testing.assert_array_equal(read["data/y"], few["data/y"])


def test_a_published_run_is_never_changed(url, few, make_few, run_id, description):
    catalog = open_catalog(url)
    catalog.publish(run_id, few, **description)
    before = catalog.manifest(run_id)
    catalog.publish(run_id, make_few(seed=7), **description)
    assert catalog.manifest(run_id) == before
    assert catalog.verify() == []


def test_damage_is_found(url, few, run_id, description):
    catalog = open_catalog(url)
    catalog.publish(run_id, few, **description)
    storage, folder = catalog.storage, f"runs/{run_id}/data.zarr"
    for key, change in {
        "data/y/c.0": lambda content: content[:-1],
        "data/x/zarr.json": lambda content: content.replace(b"float64", b"float32"),
        "kernel/loss_rate/c.0": lambda content: bytes([content[0] ^ 1]) + content[1:],
    }.items():
        storage.write(f"{folder}/{key}", change(storage.read(f"{folder}/{key}")))
    storage.remove(f"{folder}/data/growth_ratio/c")
    storage.write(f"{folder}/notes.txt", b"mine")
    found = {finding.path: finding.problem for finding in catalog.verify()}
    assert found == {
        "data.zarr/data/y/c.0": Problem.TRUNCATED,
        "data.zarr/data/x/zarr.json": Problem.DAMAGED,
        "data.zarr/kernel/loss_rate/c.0": Problem.DAMAGED,
        "data.zarr/data/growth_ratio/c": Problem.MISSING,
        "data.zarr/notes.txt": Problem.FOREIGN,
    }
    storage.write(f"runs/{run_id}/manifest.json", b"{}")
    with pytest.raises(DamagedRunError):
        catalog.manifest(run_id)


def test_removing_takes_the_manifest_first(url, few, run_id, description, monkeypatch):
    catalog = open_catalog(url)
    catalog.publish(run_id, few, **description)
    seen = []
    system, remove = catalog.storage.system, catalog.storage.system.rm

    def watching(path, **options):
        seen.append((path.endswith("manifest.json"), open_catalog(url).run_ids()))
        return remove(path, **options)

    monkeypatch.setattr(system, "rm", watching)
    catalog.remove(run_id)
    assert seen[0] == (True, [run_id])
    assert seen[1] == (False, [])
    assert (catalog.run_ids(), catalog.storage.names("runs")) == ([], [])


def test_half_a_run_is_no_run(url, few, run_id, description):
    """What a killed writer leaves is not seen, is named, is written over, and is cleared away."""
    catalog = open_catalog(url)
    catalog.publish(run_id, few, **description)
    catalog.storage.remove(f"runs/{run_id}/manifest.json")
    assert (catalog.run_ids(), len(catalog.frame()), run_id in catalog) == ([], 0, False)
    assert [finding.problem for finding in catalog.verify()] == [Problem.UNFINISHED]
    (unfinished,) = catalog.unfinished_writes()
    assert (unfinished.key, unfinished.run_id, unfinished.at_work) == (f"runs/{run_id}", run_id, None)
    assert unfinished.idle_seconds < 60
    assert (
        catalog.collect_garbage().kept == (unfinished,) or catalog.collect_garbage().kept[0].key == unfinished.key
    )
    catalog.publish(run_id, few, **description)
    assert (catalog.run_ids(), catalog.verify()) == ([run_id], [])
    catalog.storage.remove(f"runs/{run_id}/manifest.json")
    assert [left.key for left in catalog.collect_garbage(patience=0).removed] == [f"runs/{run_id}"]
    assert catalog.storage.names("runs") == []


def test_many_writers_of_one_run(url, few, run_id, description):
    """They may interleave as they like: what is there in the end is whole, and has one writer's clock readings."""
    trees = []
    for number in range(6):
        own = few.copy()
        own.attrs["wall_time"] = float(number)
        trees.append(own)
    failures, barrier = [], threading.Barrier(len(trees))

    def write(own):
        try:
            barrier.wait()
            open_catalog(url).publish(run_id, own, **description)
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(own,)) for own in trees]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    catalog = open_catalog(url)
    assert (catalog.run_ids(), catalog.verify(), catalog.unfinished_writes()) == ([run_id], [], [])
    assert catalog[run_id].attrs["wall_time"] in range(6)


def test_a_late_draft_changes_no_published_run(url, few, run_id, description):
    """Two writers come after a run is published: one has made a draft, the other must not write what it says."""
    catalog = open_catalog(url)
    catalog.publish(run_id, few, **description)
    files = catalog.storage.system.find(catalog.storage.path(f"runs/{run_id}/data.zarr"))
    names = [path.partition("/data.zarr/")[2] for path in files]
    contents = {name: catalog.storage.read(f"runs/{run_id}/data.zarr/{name}") for name in names}
    manifest = catalog.storage.read(f"runs/{run_id}/manifest.json")
    late = {
        "manifest": manifest.decode(),
        "metadata": {
            name: content.decode() + " " for name, content in contents.items() if name.endswith("zarr.json")
        },
        "numbers": {
            name: hashlib.sha256(content).hexdigest()
            for name, content in contents.items()
            if not name.endswith("zarr.json")
        },
    }
    with catalog.storage.writing(f"runs/{run_id}") as writer:
        assert catalog.storage.create(writer.draft, json.dumps(late).encode())
        assert writer.agree(manifest, contents) is None
    assert (catalog.verify(), catalog.unfinished_writes()) == ([], [])


def test_two_readers_of_one_object_have_a_position_each(url):
    storage = open_catalog(url).storage
    storage.write("runs/key", b"0123456789")
    with storage._opened(storage.path("runs/key")) as one, storage._opened(storage.path("runs/key")) as two:
        assert (one.read(6), two.read(6), one.read(), two.read()) == (b"012345", b"012345", b"6789", b"6789")


def test_a_writer_with_other_numbers_waits(url, few, make_few, run_id, description, monkeypatch):
    catalog = open_catalog(url)
    monkeypatch.setattr(
        "catalog.storage.object_store.ObjectWriter.complete",
        lambda self, manifest: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        catalog.publish(run_id, few, **description)
    monkeypatch.undo()
    with pytest.raises(CatalogUnwritableError, match=r"another process is publishing .* with other numbers"):
        catalog.publish(run_id, make_few(seed=7), **description)
    assert catalog.run_ids() == []
    monkeypatch.setattr("catalog.storage.object_store.DRAFT_SECONDS", 0.0)
    catalog.publish(run_id, make_few(seed=7), **description)
    assert (catalog.verify(), catalog.unfinished_writes()) == ([], [])


WRITER = """
import sys
sys.path.insert(0, "tests/catalog")
import conftest
from catalog import open_catalog
catalog, tree = open_catalog(sys.argv[1]), conftest.few_groups(conftest.random_tree())
print("ready", flush=True)
for number in range(100):
    catalog.publish(f"run-{number}", tree, **conftest.DESCRIPTION)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_kill_9_while_writing_to_an_object_store(s3_url, store, few, description):
    catalog, chance = open_catalog(s3_url), np.random.default_rng(0)
    seen = set()
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, s3_url], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
            env=os.environ | store,
        )  # fmt: skip
        writer.stdout.readline()
        threading.Event().wait(float(chance.uniform(0.2, 1.2)))
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        for run_id in catalog.run_ids():
            if run_id not in seen:
                assert catalog.verify(run_id) == []
                seen.add(run_id)
    half = {unfinished.run_id for unfinished in catalog.unfinished_writes() if unfinished.key.startswith("runs/")}
    assert half.isdisjoint(seen)
    for run_id in half:
        catalog.publish(run_id, few, **description)
    catalog.collect_garbage(patience=0)
    assert (catalog.verify(), catalog.unfinished_writes()) == ([], [])
    assert set(catalog.run_ids()) == seen | half


@pytest.fixture
def silence(monkeypatch, store):
    """No store at the address, and clients that do not ask it again and again for 10 s."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)
    forget_clients()
    yield
    forget_clients()


@pytest.mark.usefixtures("silence")
def test_a_store_that_does_not_answer_is_one_clear_line():
    catalog = open_catalog("s3://nobody/home")
    for attempt in (catalog.run_ids, catalog.check_writable, catalog.frame, catalog.verify):
        with pytest.raises(CatalogError, match=r"^the catalog s3://nobody/home can't be (read|written): [^\n]+$"):
            attempt()


def test_a_missing_bucket_is_one_clear_line(store):
    catalog = open_catalog("s3://no-such-bucket/home")
    with pytest.raises(CatalogUnwritableError, match=r"^the catalog s3://no-such-bucket/home can't be written: "):
        catalog.check_writable()


def test_the_draft_is_json_that_names_its_manifest(url, few, run_id, description, monkeypatch):
    catalog, drafts = open_catalog(url), []
    storage = type(catalog.storage)
    create = storage.create

    def watching(self, key, content):
        drafts.append((key, content))
        return create(self, key, content)

    monkeypatch.setattr(storage, "create", watching)
    catalog.publish(run_id, few, **description)
    (draft, content), (manifest, _) = drafts
    assert (draft, manifest) == (f"staging/runs-{run_id}.json", f"runs/{run_id}/manifest.json")
    assert json.loads(json.loads(content)["manifest"])["run_id"] == run_id


def test_no_more_is_read_than_there_may_be(url):
    storage = open_catalog(url).storage
    storage.write("x/empty", b"")
    storage.write("x/long", b"12345")
    assert storage.read("x/empty", 10) == storage.read("x/empty") == b""
    assert storage.read("x/long", 5) == b"12345"
    with pytest.raises(DamagedRunError, match="x/long is longer than the 4 bytes"):
        storage.read("x/long", 4)
    digests = dict(storage.digests("x", {"empty": 3, "long": 3}))
    assert (digests["empty"].size, digests["long"].size) == (0, 4)
