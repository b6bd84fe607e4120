"""Blocks on disk are the array that was written, however it is read."""

import gc
import pickle

import numpy as np
import pytest

from pipeline.flow import streaming
from pipeline.flow.streaming import Blocks


@pytest.fixture
def written(monkeypatch):
    """Thirteen instants in blocks of four, as arrays and as dask arrays."""
    monkeypatch.setattr(streaming, "LARGEST_BLOCK", 4 * 8 * 6)
    monkeypatch.setattr(streaming, "LARGEST_READ", 2 * 8 * 6)
    monkeypatch.setattr(streaming, "FEWEST", 3)
    whole = np.random.default_rng(0).standard_normal((13, 3, 2))
    blocks = Blocks(13, 8 * 6)
    for part in reversed(list(blocks.slices)):
        blocks.write("w", part.start, whole[part])
        blocks.write("state", part.start, (whole[part, :, 0] > 0).astype(np.int8))
    return whole, blocks


def test_the_blocks_are_as_long_as_memory_allows(written):
    _, blocks = written
    assert [part.stop - part.start for part in blocks.slices] == [4, 4, 4, 1]
    assert blocks.arrays()["w"].chunks[0] == (2, 2, 2, 2, 2, 2, 1)  # and what is read at a time is shorter
    assert list(Blocks(3, 10**12).slices) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_of_wide_networks_some_instants_are_written_at_a_time(monkeypatch):
    monkeypatch.setattr(streaming, "LARGEST_BLOCK", 1000)
    for largest, instants in ((10, 50), (100, 10), (200, 6), (400, 5), (2000, 1), (2001, 1)):
        assert next(Blocks(50, largest).slices).stop == instants


def test_what_is_read_is_what_was_written(written):
    whole, blocks = written
    arrays = blocks.arrays()
    assert (arrays["w"].compute() == whole).all()
    assert arrays["state"].dtype == np.int8
    assert (arrays["state"].compute() == (whole[..., 0] > 0)).all()


@pytest.mark.parametrize(
    "key", [np.s_[3], np.s_[-1], np.s_[2:11:3], np.s_[5:5], np.s_[4, 1], np.s_[:, 1:], np.s_[6:9, [0, 2], 1]]
)
def test_a_part_is_read_as_from_an_array(written, key):
    whole, blocks = written
    array = blocks.arrays()["w"]
    if isinstance(key, int) or not any(isinstance(part, list) for part in np.atleast_1d(np.array(key, object))):
        assert (array[key].compute() == whole[key]).all()
    assert (streaming.Rows(blocks._path("w"), whole.shape, whole.dtype, None)[key] == whole[key]).all()


@pytest.mark.parametrize("other", [None, 0, 5, 12])
def test_rows_that_are_all_the_same_are_not_written(other):
    """Unless one is another, in whichever block, and whichever is written first."""
    whole = np.broadcast_to(np.array([1.0, -1.0, 1.0]), (13, 3)).copy()
    if other is not None:
        whole[other, 1] = 2.0
    for order in (1, -1):
        blocks = Blocks(13, 24)
        for start in range(0, 13, 4)[::order]:
            blocks.write("ratio", start, whole[start : start + 4])
        array = blocks.arrays()["ratio"]
        assert (array.compute() == whole).all()
        assert (array[3:11:2].compute() == whole[3:11:2]).all()
        assert blocks._path("ratio").exists() == (other is not None)


def test_the_files_go_with_the_last_array_that_reads_them():
    blocks = Blocks(2, 24)
    blocks.write("w", 0, np.arange(6.0).reshape(2, 3))
    array, folder = blocks.arrays()["w"], blocks._folder.path
    del blocks
    gc.collect()
    assert folder.exists()
    assert array.sum().compute() == 15.0
    del array
    gc.collect()
    assert not folder.exists()


def test_a_process_that_was_sent_the_array_leaves_the_files(written):
    whole, blocks = written
    copy = pickle.loads(pickle.dumps(blocks.arrays()["w"]))
    assert (copy.compute() == whole).all()
    del copy
    gc.collect()
    assert (blocks.arrays()["w"].compute() == whole).all()
