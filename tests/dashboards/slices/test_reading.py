"""A slice reads few chunks, and shows what is there."""

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.storage import MemoryStore, WrapperStore

from dashboards.slices.layout import Layout
from dashboards.slices.reading import CHUNKS_AT_ONCE, LINES_LIMIT, read_slice, spread

TIMES, NEURONS = 4_000, 31_250


class CountingStore(WrapperStore):
    """Counts the chunks that are asked for."""

    chunks = []  # noqa: RUF012  # of all copies that Zarr makes of a store

    def _with_store(self, store):
        return type(self)(store)

    async def get(self, key, prototype, byte_range=None):
        if "/c/" in key and key.startswith("trajectory/direction"):
            self.chunks.append(key)
        return await self._store.get(key, prototype, byte_range)


@pytest.fixture(scope="module")
def large():
    """A trajectory of 2 GB of which no chunk is stored: each is still asked for, and reads as the fill value."""
    store = CountingStore(MemoryStore())
    root = zarr.create_group(store)
    group = root.create_group("trajectory")
    group.create_array("direction", shape=(TIMES, NEURONS, 2), chunks=(8, NEURONS, 2), dtype="f8", fill_value=0.5,
                       dimension_names=("time", "neuron", "coord"))  # fmt: skip
    time = group.create_array("time", shape=(TIMES,), dtype="f8", dimension_names=("time",), fill_value=0.0)
    time[:] = np.linspace(0.0, 50.0, TIMES)
    return xr.open_datatree(store, engine="zarr", chunks=None, consolidated=False)["trajectory/direction"], store


def chunks_read(large, layout, **options):
    array, store = large
    store.chunks.clear()
    found = read_slice(array, layout, **options)
    return found, len(store.chunks)


def test_a_slice_over_time_of_two_gigabytes_reads_few_chunks(large):
    assert large[0].nbytes == 2_000_000_000
    found, count = chunks_read(large, Layout(x="time", lines="neuron", at={"coord": 0}), kept=[17])
    assert 2 < count <= CHUNKS_AT_ONCE
    assert found.values.dims == ("neuron", "time")
    assert 17 in found.lines
    assert len(found.lines) <= LINES_LIMIT
    assert not found.complete
    finer, more = chunks_read(large, Layout(x="time", lines="neuron", at={"coord": 0}), kept=[17], chunks=256)
    assert count < more <= 256
    assert finer.complete


def test_a_frame_reads_one_chunk(large):
    found, count = chunks_read(large, Layout(x="neuron", lines="coord", play="time", at={"time": 3_000}))
    assert count == 1
    assert found.values.shape == (2, 2_000)
    assert found.complete


def test_a_window_is_read_more_finely_than_the_whole(large):
    layout = Layout(x="time", at={"coord": 0, "neuron": 3})
    found, count = chunks_read(large, layout, window=(10.0, 11.0))
    assert count <= CHUNKS_AT_ONCE
    time = found.values["time"].values
    assert time[0] <= 10.0 <= time[1]
    assert time[-2] <= 11.0 <= time[-1]
    assert len(found.along) == 82  # every instant inside, and a neighbour on each side


def test_a_slice_of_a_small_array_is_the_array():
    array = xr.DataArray(np.arange(24.0).reshape(4, 3, 2), dims=("time", "neuron", "coord"))
    found = read_slice(array, Layout(x="time", lines="neuron", at={"coord": 1}))
    assert np.array_equal(found.values, array[:, :, 1].T)
    only = read_slice(array, Layout(x="time", lines="neuron", colour="coord"), kept=[2, 99], alone=True)
    assert np.array_equal(only.values, array[:, [2], :].transpose("coord", "neuron", "time"))


@pytest.mark.parametrize(("start", "stop", "count"), [(0, 0, 5), (2, 9, 100), (0, 1000, 7), (5, 500, 2)])
def test_spread_places_are_even_and_have_both_ends(start, stop, count):
    found = spread(start, stop, count)
    assert len(found) == min(count, stop - start)
    if stop > start:
        assert (found[0], found[-1]) == (start, stop - 1)
        assert np.ptp(np.diff(found)) <= 1 if len(found) > 1 else True
