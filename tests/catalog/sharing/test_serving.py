"""An export behind a web server is a catalog, for plain xarray and for ours; of ill servers one line tells."""

import socket
import threading
from contextlib import contextmanager

import pytest
from object_store import BUCKET, object_store
from plain import plain_xarray
from web import Closing, Endless, Failing, Quiet, Unlisted, serving

from catalog import open_catalog
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError
from catalog.schema import GROUPS
from catalog.sharing import Item, export, import_runs, items_of
from catalog.sharing.sources import StorageSource
from catalog.storage import http as http_storage
from catalog.storage.bounded_http import Patience


@pytest.fixture(params=[Quiet, Unlisted])
def served(request, shared):
    with serving(shared, request.param) as url:
        yield url


def test_plain_xarray_reads_it_warning_free_without_us(served, origin, run_id):
    line = plain_xarray(f"{served}/runs/{run_id}/data.zarr", "zarr")
    assert line == f"{' '.join(sorted(GROUPS))} {float(origin[run_id]['trajectory/loss'].sum())}"


def test_it_opens_as_a_catalog(served, origin, run_id, second):
    opened = open_catalog(served)
    assert opened.run_ids() == [run_id, second]
    assert opened.sweeps.run_ids() == origin.sweeps.run_ids()
    assert run_id in opened
    assert opened.manifest(run_id) == origin.manifest(run_id)
    assert opened.frame().drop(columns="created").equals(origin.frame().drop(columns="created"))
    assert list(opened.where("width == 60").index) == list(origin.where("width == 60").index)
    assert opened[run_id].load().identical(origin[run_id].load())
    assert opened.verify() == []


def test_damage_shows_over_http(copied, run_id):
    path = copied / "runs" / run_id / "data.zarr/data/y/c.0"
    path.write_bytes(path.read_bytes()[:-1])
    (copied / "runs" / run_id / "data.zarr/data/x/c.0.0").unlink()
    with serving(copied, Closing) as url:
        found = {(finding.path, finding.problem.name) for finding in open_catalog(url).verify()}
    assert found == {("data.zarr/data/y/c.0", "TRUNCATED"), ("data.zarr/data/x/c.0.0", "MISSING")}


def test_files_are_verified_at_once_over_http_and_told_in_order(copied, run_id):
    """The server answers no chunk before a second one is asked for, and the first one last."""
    chunks = sorted((copied / "runs" / run_id / "data.zarr").glob("*/*/c*"))
    for path in chunks[:3]:
        path.write_bytes(path.read_bytes()[:-1])
    asked, several, others = set(), threading.Event(), threading.Event()

    class Waiting(Quiet):
        def do_GET(self):
            asked.add(self.path)
            if len(asked & found) > 1:
                several.set()
            if self.path in found:
                assert several.wait(20), "files are read one after the other"
            if self.path == f"/{chunks[0].relative_to(copied).as_posix()}":
                assert others.wait(20), "the others wait for the first"
            super().do_GET()
            if self.path == f"/{chunks[1].relative_to(copied).as_posix()}":
                others.set()

    found = {f"/{path.relative_to(copied).as_posix()}" for path in chunks}
    with serving(copied, Waiting) as url:
        findings = open_catalog(url).verify()
    assert several.is_set()
    assert findings == open_catalog(copied).verify() != []


def test_what_is_lost_over_http_is_not_read(copied, run_id):
    (copied / "runs" / run_id / "data.zarr/data/x/c.0.0").unlink()
    with serving(copied) as url:
        tree = open_catalog(url)[run_id]
        with pytest.raises(DamagedRunError, match=f"run {run_id} is damaged: data.zarr/data/x/c.0.0: missing"):
            tree["data/x"].load()


def test_a_flipped_index_over_http_is_said(copied):
    """Where the server lists nothing, the index alone says which runs there are."""
    index = copied / "index/runs.json"
    content = bytearray(index.read_bytes())
    content[content.index(b"orthogonal")] ^= 1
    index.write_bytes(content)
    with serving(copied, Unlisted) as url, pytest.raises(CatalogError, match=r"index/runs\.json is damaged"):
        open_catalog(url).run_ids()


def test_it_can_not_be_written(served, run_id, tree, description):
    opened = open_catalog(served)
    for attempt in (
        lambda: opened.check_writable(),
        lambda: opened.remove(run_id),
        lambda: opened.publish("new-0", tree, **description),
    ):
        with pytest.raises(CatalogUnwritableError, match="over http it can only be read"):
            attempt()


def test_it_comes_in_over_http(shared, origin, target):
    with serving(shared, Unlisted) as url:
        done = import_runs(target, url + "/")
    assert done.imported == [*origin.run_ids(), *origin.sweeps.run_ids()]
    assert target.verify() == []


def test_a_zip_comes_in_over_http(zipped, target, run_id):
    with serving(zipped.parent) as url:
        assert import_runs(target, f"{url}/{zipped.name}").imported == [run_id]
        with pytest.raises(CatalogError, match="--largest-bytes allows"):
            import_runs(target, f"{url}/{zipped.name}", largest_bytes=1000)
        with pytest.raises(CatalogError, match=r"none\.zip can't be read"):
            import_runs(target, f"{url}/none.zip")


def test_a_file_without_end_is_refused(copied, target, run_id):
    with serving(copied, Endless) as url:
        done = import_runs(target, url)
    assert "is longer than the" in done.refused[run_id]
    assert target.run_ids() == []


def test_a_server_without_a_catalog(tmp_path, target):
    with serving(tmp_path) as url:
        for attempt in (lambda: open_catalog(url).frame(), lambda: import_runs(target, url)):
            with pytest.raises(
                CatalogError, match=r"can't be read: the server lists no folders, and there is no index/runs\.json"
            ) as caught:
                attempt()
            assert "\n" not in str(caught.value)


def test_a_server_that_fails(shared, target):
    with serving(shared, Failing) as url:
        for attempt in (lambda: open_catalog(url).frame(), lambda: import_runs(target, url)):
            with pytest.raises(CatalogError, match="can't be read: 500") as caught:
                attempt()
            assert "\n" not in str(caught.value)


@contextmanager
def listening():
    """A port that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_says_nothing(target, monkeypatch):
    monkeypatch.setattr(http_storage, "PATIENCE", Patience(answering=0.1, lateness=0.1, document=0.2))
    with listening() as url:
        for attempt in (
            lambda: open_catalog(url).frame(),
            lambda: import_runs(target, url),
            lambda: import_runs(target, f"{url}/one.zip"),
        ):
            with pytest.raises(CatalogError, match=r"(can't be read: )?.*the server is too slow") as caught:
                attempt()
            assert "\n" not in str(caught.value)


def test_nobody_listens(target):
    with pytest.raises(CatalogError, match="can't be read: "):
        import_runs(target, "http://127.0.0.1:9")


# Object stores


def roundtrip(url, origin, tmp_path):
    """Everything into the store, out of it again as a folder, and from it straight into another catalog."""
    inside = open_catalog(url)
    everything = [*origin.run_ids(), *origin.sweeps.run_ids()]
    assert import_runs(inside, str(origin.storage.url)).imported == everything
    assert import_runs(inside, str(origin.storage.url)).already == everything
    assert inside.verify() == []
    assert inside.storage.names("staging") == []
    out = export(inside, items_of(inside, inside.sweeps), tmp_path / "out").path
    assert open_catalog(out).verify() == []
    assert export(inside, [Item(inside.run_ids()[0])], tmp_path / "one.nc").bytes > 0
    there = open_catalog(tmp_path / "there")
    assert import_runs(there, url).imported == everything
    assert there.verify() == []
    for run_id in origin:
        assert there.manifest(run_id) == origin.manifest(run_id) == open_catalog(out).manifest(run_id)


def test_memory(origin, tmp_path):
    roundtrip("memory://sharing/flows", origin, tmp_path)


def test_s3(few, tmp_path, run_id, description):
    local = open_catalog(tmp_path / "local")
    local.publish(run_id, few, **description)
    zipped = export(local, [Item(run_id)], tmp_path / "one.zip").path
    with object_store():
        store = open_catalog(f"s3://{BUCKET}/flows")
        assert import_runs(store, zipped).imported == [run_id]
        assert import_runs(store, zipped).already == [run_id]
        again = export(store, [Item(run_id)], tmp_path / "again.zip")
        assert again.path.read_bytes() == zipped.read_bytes()
        assert import_runs(open_catalog(tmp_path / "there"), store.storage.url).imported == [run_id]


def test_a_stranger_in_a_store_is_refused(origin, target, run_id):
    store = open_catalog("memory://strange/flows")
    import_runs(store, str(origin.storage.url))
    store.storage.write(f"runs/{run_id}/evil", b"x")
    assert "evil is in its folder" in import_runs(target, store.storage.url).refused[run_id]


def test_an_object_that_is_too_long_is_refused(origin, target, run_id):
    store = open_catalog("memory://long/flows")
    import_runs(store, str(origin.storage.url))
    store.storage.write(f"runs/{run_id}/data.zarr/data/y/c.0", bytes(10**6))
    assert "is longer than" in import_runs(target, store.storage.url).refused[run_id]
    with pytest.raises(CatalogError, match="missing"):
        StorageSource(store.storage).read("runs/none", 10)


def test_another_publisher_of_the_same_run_is_not_mixed_with(origin, run_id):
    """It has settled on other dates, and is at it: neither's files may land in the other's."""
    store = open_catalog("memory://mixed/flows")
    manifest = origin.manifest(run_id)
    with store.storage.writing(f"runs/{run_id}") as writer:
        writer.agree(manifest.to_bytes(), {"zarr.json": b"{}", "data/y/c.0": b"other"})
        with pytest.raises(CatalogUnwritableError, match="another process is publishing"):
            import_runs(store, str(origin.storage.url))
    assert store.run_ids() == []
