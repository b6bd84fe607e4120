"""The files of a store are those that xarray and zarr write, byte for byte."""

import json

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from zarr_twin import written_by_zarr

import catalog.encoding
import catalog.zarr_files
from catalog.encoding import chunk_shape, encode, fill_value, is_streamed

TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint64", "float32", "float64", ">f8", ">i4"]


def test_a_run(tree):
    assert encode(tree.to_dict()) == written_by_zarr(tree)


def test_nested_groups_and_their_coordinates():
    times = {"time": [0.5, 1.0], "label": ("time", [3, 4])}
    below = xr.Dataset(
        {"x": (("time", "row"), np.eye(2)), "scalar": 2.5}, times, {"note": "below", "n": np.int8(3)}
    )
    tree = xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs={"title": "\u03bb", "limits": np.array([1.0, np.inf])}), "/a/b": below, "/c": below}
    )
    assert encode(tree.to_dict()) == written_by_zarr(tree)


@settings(max_examples=amount(24, 60))
@given(st.data(), st.sampled_from(TYPES), st.integers(8, 400))
def test_any_array_however_it_is_cut(data, dtype, bytes_a_chunk):
    values = data.draw(arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9)))
    dims = [f"d{axis}" for axis in range(values.ndim)]
    tree = xr.DataTree.from_dict({"/group": xr.Dataset({"values": (dims, values)})})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog.encoding, "CHUNK_BYTES", bytes_a_chunk)
        assert encode(tree.to_dict()) == written_by_zarr(tree)


@settings(max_examples=amount(12, 30))
@given(st.data(), st.sampled_from(["float32", "float64", ">f8", "int8"]), st.integers(256, 4000))
def test_any_series_however_it_is_cut(data, dtype, bytes_a_chunk):
    """Long enough in time that it is transposed and shuffled, its last chunk padded or not."""
    shape = data.draw(arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    values = data.draw(arrays.arrays(dtype, (data.draw(st.integers(31, 80)), *shape)))
    tree = xr.DataTree.from_dict(
        {"/a": xr.Dataset({"values": ([f"d{axis}" for axis in range(values.ndim)], values)})}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog.encoding, "CHUNK_BYTES", bytes_a_chunk)
        assert encode(tree.to_dict()) == written_by_zarr(tree)


def test_a_series_is_smaller_than_by_zstd_alone(monkeypatch):
    """Neurons that turn slowly: what a run mostly holds."""
    time = np.linspace(0, 1, 400)[:, None]
    w = xr.Dataset({"w": (("time", "neuron"), np.cos(time + np.arange(60)))})
    now = encode({"/": xr.Dataset(), "a": w})["a/w/c.0.0"]
    monkeypatch.setattr(catalog.zarr_files, "SERIES_LENGTH", 10**9)
    before = encode({"/": xr.Dataset(), "a": w})["a/w/c.0.0"]
    assert len(now) < 0.9 * len(before)


@pytest.mark.parametrize(("block", "length"), [(1, 8), (3, 6), (8, 8), (14, 7), (20, 5), (24, 8), (26, 8)])
def test_chunks_are_cut_where_the_blocks_are_unless_that_made_them_tiny(block, length, monkeypatch):
    """Of 8 numbers at most: some whole blocks, or a block's largest divisor; 26 has none between 2 and 13."""
    monkeypatch.setattr(catalog.encoding, "CHUNK_BYTES", 64)
    assert chunk_shape((64,), 8, block) == (length,)


def test_what_a_reader_left_is_dropped(tmp_path):
    plain = xr.Dataset({"x": ("row", [1.0, np.nan])}, attrs={"title": "plain"})
    plain.to_zarr(tmp_path / "plain", zarr_format=3, consolidated=False)
    read = xr.open_zarr(tmp_path / "plain", consolidated=False, chunks=None)
    files = encode({"/": read})
    assert files == encode({"/": plain})
    assert [codec["name"] for codec in json.loads(files["x/zarr.json"])["codecs"]] == ["bytes", "zstd", "crc32c"]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("uint8", 255), ("uint64", 2**64 - 1), ("int32", -1), ("bool", False), ("float32", np.nan)],
)
def test_what_is_lost_reads_as_what_is_not_likely(dtype, expected):
    found = fill_value("extra", "mine", xr.Variable("row", np.zeros(2, dtype)))
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("shape", "streamed"), [((), False), ((4,), True), ((4, 2), True)])
def test_what_dask_holds_is_streamed_unless_it_is_one_number(shape, streamed):
    variable = xr.Variable([f"d{i}" for i in range(len(shape))], da.zeros(shape))
    assert is_streamed(variable) is streamed
    assert is_streamed(variable.load()) is False


def test_text_has_no_stable_form():
    with pytest.raises(ValueError, match=r"group/name is .*; allowed on disk are numbers and truth values"):
        encode({"/group": xr.Dataset({"name": ("row", ["a", "b"])})})


def test_threads_that_share_a_large_array_write_the_same_files(monkeypatch):
    tree = xr.DataTree.from_dict({"a": xr.Dataset({"w": (("x", "y"), np.arange(600.0).reshape(20, 30))})})
    monkeypatch.setattr(catalog.encoding, "chunk_shape", lambda shape, itemsize, block=1: tuple(4 for _ in shape))
    alone = encode(tree.to_dict())
    monkeypatch.setattr(catalog.zarr_files, "SHARED_BYTES", 0)
    monkeypatch.setattr(catalog.zarr_files, "threads_for_sharing", lambda: 3)
    assert list(encode(tree.to_dict()).items()) == list(alone.items())
    assert sum("/c." in name for name in alone) == 5 * 8
