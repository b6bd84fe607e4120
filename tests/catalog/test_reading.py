"""A published run is what went in, for us and for anyone who has xarray and zarr alone."""

import json
import shutil
import subprocess
import sys
import sysconfig

import numpy as np
import pytest
import xarray as xr
import zarr

from catalog.catalog import open_catalog
from catalog.encoding import CHUNK_BYTES, chunk_shape, encode, fill_value
from catalog.errors import DamagedRunError
from catalog.publication import publish
from catalog.schema import GROUPS
from catalog.verification import verify

PACKAGES = sysconfig.get_path("purelib")
# -S leaves out the site packages and with them an editable install of ours; their folder alone is put back.
PLAIN_READER = """
import importlib.util, sys, warnings
sys.path.append(sys.argv.pop(1))
warnings.simplefilter("error")
import xarray as xr
assert not any(importlib.util.find_spec(name) for name in ("catalog", "pipeline")), sys.path
opened = xr.open_datatree(sys.argv[1])
for group in sys.argv[2:]:
    for read in (xr.open_zarr, xr.open_dataset):
        dataset = read(sys.argv[1], group=group, **({"engine": "zarr"} if read is xr.open_dataset else {}))
        dataset.load()
        assert dataset.identical(opened[group].to_dataset().load()), group
assert not any(name.partition(".")[0] in ("catalog", "pipeline") for name in sys.modules)
print(*sorted(opened.children))
"""


def test_some_arrays_are_read_without_the_others(pristine, run_id, tree, tmp_path):
    found = open_catalog(pristine).arrays(run_id, "trajectory", ("time", "loss"))
    assert list(found) == ["time", "loss"]
    for name, values in found.items():
        np.testing.assert_array_equal(values, tree["trajectory"][name].values)
    with pytest.raises(DamagedRunError, match="does not open"):
        open_catalog(pristine).arrays(run_id, "trajectory", ("nothing",))
    copy = tmp_path / "copy"
    shutil.copytree(pristine, copy)
    (copy / "runs" / run_id / "data.zarr" / "trajectory" / "loss" / "c.0").write_bytes(b"x")
    with pytest.raises(DamagedRunError, match="trajectory/loss"):
        open_catalog(copy).arrays(run_id, "trajectory", ("loss",))


def test_round_trip_is_exact(pristine, run_id, tree):
    opened = open_catalog(pristine)[run_id].load()
    assert opened.children.keys() == GROUPS.keys()
    for group in GROUPS:
        xr.testing.assert_equal(opened[group].to_dataset(), tree[group].to_dataset())
        for name, variable in tree[group].variables.items():
            read = opened[group].variables[name]
            assert read.dtype == variable.dtype
            assert read.attrs.keys() == variable.attrs.keys()
            assert all(np.array_equal(read.attrs[key], value) for key, value in variable.attrs.items())


def test_plain_xarray_reads_it_warning_free_without_us(pristine, run_id, tmp_path):
    store = pristine / "runs" / run_id / "data.zarr"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", PLAIN_READER, PACKAGES, store, *GROUPS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.split() == sorted(GROUPS)


def test_reading_is_lazy(pristine, run_id):
    opened = open_catalog(pristine)[run_id]
    assert not opened["trajectory"].variables["direction"]._in_memory


def test_labels_stay_labels(pristine, run_id):
    activation = open_catalog(pristine)[run_id]["trajectory/activation"]
    assert activation.dtype == np.int8
    assert activation.attrs["flag_values"] == [1, 2, 3]
    assert activation.attrs["flag_meanings"] == "off on sliding"
    assert "_FillValue" not in activation.attrs


def test_every_array_is_zstd_then_crc32c_and_whole(pristine, run_id):
    arrays = [
        array
        for _, array in zarr.open_group(pristine / "runs" / run_id / "data.zarr", mode="r").members(max_depth=None)
        if isinstance(array, zarr.Array)
    ]
    assert len(arrays) >= sum(map(len, GROUPS.values()))
    for array in arrays:
        codecs = [codec["name"] for codec in array.metadata.to_dict()["codecs"]]
        assert codecs == ["bytes", "zstd", "crc32c"], array.path
        assert array.nchunks_initialized == array.nchunks, array.path


@pytest.mark.parametrize(
    ("group", "name", "lost"),
    [
        ("trajectory", "activation", -1),
        ("phases", "phase", -1),
        ("minimal_norm", "output_sign", 0),
        ("trajectory", "neuron", -1),
        ("trajectory", "loss", float("nan")),
    ],
)
def test_a_lost_chunk_reads_as_nothing_valid(catalog_copy, run_id, group, name, lost):
    store = catalog_copy / "runs" / run_id / "data.zarr"
    for chunk in (store / group / name).glob("c*"):
        chunk.unlink()
    read = xr.open_zarr(store, group=group)[name]
    assert np.array_equal(read, np.full(read.shape, lost), equal_nan=True)


def test_a_chunk_of_nothing_is_written_too(tmp_path, tree, description):
    # Else the count of chunks could not tell a lost one, and a t3 that is NaN from a t3 that is gone.
    tree = tree.copy(deep=True)
    tree["phases/t3"].values[...] = np.nan
    run = publish(tmp_path, "nothing-0", tree, **description)
    assert zarr.open_array(run / "data.zarr/phases/t3", mode="r").nchunks_initialized == 1


def test_the_root_says_what_it_is(pristine, run_id):
    attributes = xr.open_datatree(pristine / "runs" / run_id / "data.zarr").attrs
    assert attributes["Conventions"] == "CF-1.11, ACDD-1.3"
    assert attributes["id"] == run_id
    assert attributes["title"] == "a random tree"
    assert attributes["wall_time"] == "Infinity"
    assert json.loads(attributes["configuration"])["init"]["width"] == 60
    for name in (
        "summary",
        "keywords",
        "license",
        "creator_name",
        "date_created",
        "schema_version",
        "product_version",
        "naming_authority",
        "history",
        "source",
    ):
        assert attributes[name], name


def test_all_metadata_is_strict_json(pristine, run_id):
    def refuse(constant):
        raise AssertionError(constant)

    documents = list((pristine / "runs" / run_id).rglob("*.json"))
    assert len(documents) > 40
    for path in documents:
        json.loads(path.read_text(), parse_constant=refuse)


def test_files_are_readable_by_colleagues(pristine, run_id):
    # The user's umask decides, not tempfile's 0700.
    assert (pristine / "runs" / run_id).stat().st_mode == pristine.stat().st_mode


@pytest.mark.parametrize(
    "shape", [(), (0,), (3, 0), (400, 60, 2), (400, 8000, 2), (10**9,), (2, 10**7), (1, 1, 10**8)]
)
def test_chunks_are_bounded_and_cover(shape):
    chunks = chunk_shape(shape, 8)
    assert len(chunks) == len(shape)
    assert all(chunk >= 1 for chunk in chunks)
    assert 8 * np.prod(chunks, dtype=float) <= CHUNK_BYTES
    if 8 * np.prod(shape) <= CHUNK_BYTES:
        assert all(chunk == max(1, size) for chunk, size in zip(chunks, shape, strict=True))


def test_a_large_array_is_split_and_reads_back(tmp_path, make_tree, description):
    tree = make_tree(time=700, neuron=500)
    run = publish(tmp_path, "large-0", tree, **description)
    array = zarr.open_array(run / "data.zarr/trajectory/direction", mode="r")
    assert array.chunks == (350, 500, 2)
    xr.testing.assert_equal(
        xr.open_zarr(run / "data.zarr", group="trajectory").load(), tree["trajectory"].to_dataset()
    )


def test_a_dimension_without_length_reads_back(tmp_path, make_tree, description):
    """A minimum that is not known has no neurons."""
    tree = make_tree(minimal_neuron=0)
    run = publish(tmp_path, "empty-0", tree, **description)
    read = xr.open_zarr(run / "data.zarr", group="minimal_norm").load()
    assert read["weight"].shape == (0, 2)
    xr.testing.assert_equal(read, tree["minimal_norm"].to_dataset())
    xr.testing.assert_equal(open_catalog(tmp_path)["empty-0"].load()["minimal_norm"].to_dataset(), read)
    assert verify(tmp_path) == []


def test_reencoding_an_opened_run_starts_afresh(pristine, run_id):
    # What a reader's encoding holds (old chunks, another codec) must not leak into a new run.
    opened = open_catalog(pristine)[run_id]
    opened["trajectory"].variables["loss"].encoding["compressors"] = ()
    again = encode(opened.to_dict())
    assert json.loads(again["trajectory/loss/zarr.json"])["codecs"][-1]["name"] == "crc32c"


def test_text_arrays_are_refused(tmp_path, description):
    tree = xr.DataTree.from_dict({"/extra": xr.Dataset({"name": ("row", ["a", "b"])})})
    with pytest.raises(ValueError, match=r"extra/name is .*allowed on disk are numbers"):
        publish(tmp_path / "catalog", "text-0", tree, **description)
    assert not list(tmp_path.iterdir())


def test_a_group_that_breaks_the_schema_is_refused(tmp_path, tree, description):
    broken = tree.copy()
    broken["trajectory"] = broken["trajectory"].to_dataset().drop_vars("loss")
    with pytest.raises(ValueError, match="trajectory/loss is missing"):
        publish(tmp_path / "catalog", "broken-0", broken, **description)
    assert not list(tmp_path.iterdir())


def test_unknown_variables_get_an_unlikely_fill():
    for dtype, fill in {"u1": 255, "i8": -1, "?": False}.items():
        assert fill_value("other", "v", xr.Variable((), np.zeros((), dtype))) == fill
