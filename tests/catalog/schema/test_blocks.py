"""One instant of a trajectory, in memory or lazy."""

import numpy as np
import pytest
import xarray as xr

import catalog.schema.blocks
from catalog.schema.blocks import along_time, at_instant, coordinates_first, in_memory, over_neurons


@pytest.fixture(params=[None, 1, 3])
def course(request):
    dataset = xr.Dataset({"w": (("time", "neuron"), np.arange(20.0).reshape(5, 4)), "t": ("time", np.arange(5.0))})
    return dataset if request.param is None else dataset.chunk(time=request.param)


@pytest.mark.parametrize("sample", [0, 3, -1])
def test_one_instant(course, sample):
    w, t = at_instant(course, sample, "w", "t")
    assert (w.tolist(), float(t)) == (np.arange(20.0).reshape(5, 4)[sample].tolist(), np.arange(5.0)[sample])


def test_nothing_but_the_instant_is_computed(course):
    """Each block may be computed for its own instant alone."""
    if course["w"].chunks is None:
        pytest.skip("in memory")
    seen = []
    watched = course.assign(
        w=course["w"].copy(data=course["w"].data.map_blocks(lambda b: seen.append(len(b)) or b))
    )
    seen.clear()
    at_instant(watched, 4, "w")
    assert len(seen) == 1


def test_of_a_file_that_is_open_lazily_one_instant_is_read(course, tmp_path):
    course.to_zarr(tmp_path / "run.zarr", zarr_format=3, consolidated=False)
    opened = xr.open_zarr(tmp_path / "run.zarr", chunks=None, consolidated=False)
    (w,) = at_instant(opened, 2, "w")
    assert w.tolist() == [8.0, 9.0, 10.0, 11.0]
    assert not in_memory(opened.variables["w"])
    assert in_memory(opened.load().variables["w"])


def test_arrays_and_their_variables_are_followed_alike(course):
    def reduce(w, t):
        return w.sum(axis=1), t

    for found in (
        along_time(reduce, course["w"], course["t"]),
        along_time(reduce, course["w"].variable, course["t"]),
    ):
        np.testing.assert_array_equal(found[0], np.arange(20.0).reshape(5, 4).sum(axis=1))
        np.testing.assert_array_equal(found[1], np.arange(5.0))


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_share_a_large_array_in_order(course, monkeypatch, threads):
    """What one thread finds, instant by instant, under the caller's rules for overflow."""

    def reduce(w, t):
        return w.sum(axis=1) * t, np.exp(1000.0 * (w[:, 0] + 1.0))

    with np.errstate(over="ignore"):
        alone = along_time(reduce, course["w"], course["t"])
        monkeypatch.setattr(catalog.schema.blocks, "SHARED_BYTES", 0)
        monkeypatch.setattr(catalog.schema.blocks, "STRETCH_BYTES", 32)
        monkeypatch.setattr(catalog.schema.blocks, "threads_for_sharing", lambda: threads)
        shared = along_time(reduce, course["w"], course["t"])
    for one, other in zip(alone, shared, strict=True):
        assert one.tolist() == other.tolist()


def test_what_a_thread_raises_is_raised(course, monkeypatch):
    monkeypatch.setattr(catalog.schema.blocks, "SHARED_BYTES", 0)
    monkeypatch.setattr(catalog.schema.blocks, "threads_for_sharing", lambda: 2)

    def reduce(w):
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here"):
        along_time(reduce, course["w"])


@pytest.mark.parametrize("stretch", [16, 24, 2**18])
def test_an_instant_wider_than_a_stretch_is_reduced_in_parts_of_its_neurons(course, monkeypatch, stretch):
    monkeypatch.setattr(catalog.schema.blocks, "STRETCH_BYTES", stretch)
    weight, seen = np.array([1.0, 2.0, 3.0, 4.0]), []

    def reduce(part, w):
        seen.append(w.nbytes)
        return (w * weight[part]).sum(axis=1), w.max(axis=1), w.min(axis=1)

    total, largest, least = over_neurons(reduce, (np.add, np.maximum, np.minimum), course["w"])
    w = course["w"].values
    assert total.tolist() == (w @ weight).tolist()
    assert (largest.tolist(), least.tolist()) == (w.max(axis=1).tolist(), w.min(axis=1).tolist())
    assert max(seen) <= stretch


def test_no_neurons_are_one_part():
    found = over_neurons(
        lambda part, w: (w.sum(axis=1),), (np.add,), xr.DataArray(np.ones((3, 0)), dims=("time", "j"))
    )
    assert found[0].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("shape", [(1, 4, 1), (3, 4, 1), (1, 1, 1), (2, 3, 2)])
def test_coordinates_in_front_are_a_copy(shape):
    """What is computed in place there leaves the trajectory as it is; of one coordinate a view would do."""
    vectors = np.random.default_rng(0).standard_normal(shape)
    before, found = vectors.copy(), coordinates_first(vectors)
    found *= 2.0
    assert (found == 2.0 * np.moveaxis(before, -1, 0)).all()
    assert (vectors == before).all()
