"""What is lost or changed is never read: one sentence that names the file, whichever way a run is opened."""

import asyncio
import random
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.abc.store import RangeByteRequest
from zarr.core.buffer import default_buffer_prototype

from catalog import Catalog, DamagedRunError, UnknownRunError, open_catalog, reading
from catalog.integrity import checked_store

LOSS = "data.zarr/trajectory/loss"


@pytest.fixture
def catalog(catalog_copy) -> Catalog:
    return open_catalog(catalog_copy)


def chunk_of(catalog, run_id, variable=LOSS):
    """The first file of a variable that is none of its metadata, as the manifest names it."""
    files = catalog.manifest(run_id).files
    return next(path for path in sorted(files) if path.startswith(f"{variable}/") and "zarr.json" not in path)


def file_of(catalog, run_id, path):
    return catalog.storage.root / "runs" / run_id / path


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


DAMAGE = {
    "missing": (lambda path: path.unlink(), "missing: it was published and is gone"),
    "short": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "truncated: it is shorter than"),
    "empty": (lambda path: path.write_bytes(b""), "truncated: it is shorter than"),
    "long": (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "damaged: its bytes are not those"),
    "flipped": (lambda path: flip(path, 77), "damaged: its bytes are not those"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "missing: it was published and is gone"),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("variable", [LOSS, "data.zarr/phases/t1", "data.zarr/trajectory/activation"])
def test_a_damaged_chunk_is_a_sentence(catalog, run_id, kind, variable):
    change, words = DAMAGE[kind]
    path = chunk_of(catalog, run_id, variable)
    change(file_of(catalog, run_id, path))
    group, _, name = variable.removeprefix("data.zarr/").partition("/")
    tree = catalog[run_id]
    with pytest.raises(DamagedRunError) as caught:
        tree[group].to_dataset()[name].load()
    assert str(caught.value).startswith(f"run {run_id} is damaged: {path}: {words}")
    assert str(caught.value).endswith(f"; `reluflow verify {run_id}` names the damage")
    assert "\n" not in str(caught.value)
    other = "time" if name != "time" else "loss"
    assert np.isfinite(tree["trajectory"].to_dataset()[other].values).all(), "what is whole is read"
    with pytest.raises(DamagedRunError, match="is damaged: "):
        catalog.whole(run_id)


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_metadata_is_a_sentence(catalog, run_id, kind):
    DAMAGE[kind][0](file_of(catalog, run_id, "data.zarr/zarr.json"))
    with pytest.raises(DamagedRunError, match=rf"run {run_id} is damaged: data.zarr/zarr.json: "):
        catalog[run_id]


def test_a_chunk_of_another_variable_is_noticed(catalog, run_id):
    """It is of the right size, and its own checksum is right."""
    loss, other = (file_of(catalog, run_id, chunk_of(catalog, run_id, v)) for v in (LOSS, LOSS[:-4] + "time"))
    assert len(loss.read_bytes()) == len(other.read_bytes())
    shutil.copy(other, loss)
    with pytest.raises(DamagedRunError, match="its bytes are not those that were published"):
        catalog[run_id]["trajectory/loss"].load()


def test_every_file_flipped_once_is_noticed(catalog, run_id):
    store = checked_store(catalog.storage, catalog.manifest(run_id))
    chance, tried = random.Random(3), 0
    for path in catalog.manifest(run_id).files:
        file, key = file_of(catalog, run_id, path), path.removeprefix("data.zarr/")
        content = file.read_bytes()
        for _ in range(2):
            flip(file, chance.randrange(8 * len(content)))
            with pytest.raises(DamagedRunError, match="is damaged: "):
                asyncio.run(store.get(key, default_buffer_prototype()))
            file.write_bytes(content)
            tried += 1
        assert asyncio.run(store.get(key, default_buffer_prototype())).to_bytes() == content
    assert tried > 100


def test_a_run_that_is_removed_while_it_is_open_is_said(catalog, run_id):
    tree = catalog[run_id]
    catalog.remove(run_id)
    with pytest.raises(
        DamagedRunError, match=f"^run {run_id} was removed from the catalog while it was being read"
    ):
        tree["trajectory/loss"].load()
    with pytest.raises(UnknownRunError):
        catalog[run_id]


def test_what_the_manifest_does_not_name_is_not_there(catalog, run_id):
    root = file_of(catalog, run_id, "data.zarr")
    (root / "foreign").mkdir()
    (root / "foreign/zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    store = checked_store(catalog.storage, catalog.manifest(run_id))
    assert asyncio.run(store.get("foreign/zarr.json", default_buffer_prototype())) is None
    with pytest.raises((KeyError, FileNotFoundError, ValueError)):
        zarr.open_group(store, path="foreign", mode="r", zarr_format=3)


def test_parts_of_a_file_are_held_to_its_size(catalog, run_id):
    path = chunk_of(catalog, run_id)
    file, key = file_of(catalog, run_id, path), path.removeprefix("data.zarr/")
    content, part = file.read_bytes(), RangeByteRequest(2, 7)

    def read(store):
        return asyncio.run(store.get(key, default_buffer_prototype(), part))

    for change, words in (
        (content + b"\0", "damaged"),
        (content[:-1], "truncated"),
        (None, "missing"),
        (content, ""),
    ):
        file.write_bytes(change) if change is not None else file.unlink()
        store = checked_store(catalog.storage, catalog.manifest(run_id))
        if words:
            with pytest.raises(DamagedRunError, match=f"{path}: {words}"):
                read(store)
        else:
            assert [read(store).to_bytes() for _ in range(2)] == [content[2:7]] * 2


def test_a_sweep_is_called_a_sweep(tmp_path, description):
    sweeps = open_catalog(tmp_path).sweeps
    cube = xr.DataTree.from_dict({"/cube": xr.Dataset({"excess": ("width", np.arange(3.0))})})
    sweeps.publish("scales-0", cube, **description)
    (tmp_path / "sweeps/scales-0/data.zarr/cube/excess/c.0").unlink()
    for read in (lambda: sweeps["scales-0"].load(), lambda: sweeps.whole("scales-0")):
        with pytest.raises(DamagedRunError, match=r"^sweep scales-0 is damaged: .*; `reluflow verify` names"):
            read()


def test_whatever_a_reader_stumbles_over_is_a_sentence():
    said = r"^run a-0 can't be read \(no such shape\); `reluflow verify a-0`"
    with pytest.raises(DamagedRunError, match=said), reading("a-0"):
        raise ValueError("no\nsuch shape")
    with pytest.raises(OSError, match="full"), reading("a-0", passing=(OSError,)):
        raise OSError("full")
    with pytest.raises(ValueError, match="mine"), reading(None):
        raise ValueError("mine")


def test_an_open_run_can_be_sent_to_another_process(catalog, run_id):
    import pickle

    tree = pickle.loads(pickle.dumps(catalog[run_id]))
    file_of(catalog, run_id, chunk_of(catalog, run_id)).unlink()
    with pytest.raises(DamagedRunError, match="missing"):
        tree["trajectory/loss"].load()
