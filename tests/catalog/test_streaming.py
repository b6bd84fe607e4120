"""Trees larger than memory: lazy variables reach the disk block by block, and are then like any others."""

import errno
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import zarr
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog.encoding
from catalog.encoding import chunk_shape, encode, lazy_variables, stream
from catalog.errors import DiskFullError
from catalog.publication import publish
from catalog.schema import conform, validate
from catalog.schema.blocks import along_time, as_type, is_lazy, windows
from catalog.verification import verify

LAZY = ("direction", "log_norm", "output_ratio", "activation")


def lazily(tree: xr.DataTree, blocks) -> xr.DataTree:
    """The same tree with the trajectory's large variables as Dask arrays, cut along time."""
    tree = tree.copy()
    trajectory = tree["trajectory"].to_dataset()
    chunked = {name: trajectory[name].chunk(time=blocks, neuron=-1) for name in LAZY}
    tree["trajectory"] = trajectory.assign(chunked)
    assert all(tree["trajectory"][name].chunks for name in LAZY)
    return tree


def contents_of(tree) -> dict[str, bytes]:
    files = encode(tree.to_dict())
    return files | dict(stream(tree.to_dict(), files))


# The store


def test_a_lazy_tree_becomes_the_same_files(tree):
    """Byte for byte: nobody can tell how a run was held when it was written."""
    assert contents_of(lazily(tree, 6)) == encode(tree.to_dict())


def test_the_chunks_of_lazy_variables_are_left_to_the_stream(tree):
    """Were they computed whole with the metadata, the files would be the same, and the memory not."""
    files = encode(lazily(tree, 6).to_dict())
    for name in LAZY:
        assert [file for file in files if file.startswith(f"trajectory/{name}/")] == [
            f"trajectory/{name}/zarr.json"
        ]


@settings(max_examples=amount(5, 8))
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), bytes_a_chunk=st.integers(8, 2000))
def test_however_it_is_cut_it_reads_back(make_tree, lengths, bytes_a_chunk):
    """Chunks on disk that do not fit the blocks, blocks of unequal lengths, samples larger than a chunk."""
    tree = xr.DataTree.from_dict({"trajectory": make_tree(time=sum(lengths))["trajectory"].to_dataset()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog.encoding, "CHUNK_BYTES", bytes_a_chunk)
        files = contents_of(lazily(tree, tuple(lengths)))
    prototype = zarr.core.buffer.default_buffer_prototype()
    store = zarr.storage.MemoryStore({name: prototype.buffer.from_bytes(file) for name, file in files.items()})
    read = xr.open_zarr(store, group="trajectory")
    xr.testing.assert_equal(read.load(), tree["trajectory"].to_dataset())
    for name in LAZY:
        array = zarr.open_array(store, path=f"trajectory/{name}", mode="r")
        assert array.nchunks_initialized == array.nchunks
        assert array.fill_value == (-1 if name == "activation" else pytest.approx(np.nan, nan_ok=True))


def test_a_lazy_scalar_is_no_stream(tree):
    extra = xr.Dataset({"scalar": ((), da.asarray(np.float64(2.5))), "vector": ("row", da.arange(3, chunks=2))})
    files = contents_of(xr.DataTree.from_dict({"/extra": extra}))
    assert {name for name in files if "/c" in name} == {"extra/scalar/c", "extra/vector/c.0"}


def test_publishing_and_verifying(tmp_path, tree, run_id, description):
    run = publish(tmp_path, run_id, lazily(tree, 7), **description)
    assert verify(tmp_path) == []
    xr.testing.assert_equal(xr.open_datatree(run / "data.zarr").load(), xr.open_datatree(run / "data.zarr"))
    read = xr.open_zarr(run / "data.zarr", group="trajectory")
    xr.testing.assert_equal(read.load(), tree["trajectory"].to_dataset())


def test_a_block_that_can_not_be_computed_leaves_no_trace(tmp_path, tree, run_id, description, contents):
    def fail(block):
        raise RuntimeError("no such luck")

    broken = lazily(tree, 5)
    ratio = broken["trajectory"]["output_ratio"]
    broken["trajectory"]["output_ratio"] = ratio.copy(
        data=ratio.data.map_blocks(fail, dtype=float, meta=np.ones(0))
    )
    with pytest.raises(RuntimeError, match="no such luck"):
        publish(tmp_path / "catalog", run_id, broken, **description)
    assert contents(tmp_path) == {}


def test_a_disk_that_fills_up_on_the_way(tmp_path, tree, run_id, description, contents, monkeypatch):
    write = Path.open

    def full(path, *mode, **keywords):
        if "output_ratio/c." in path.as_posix():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, *mode, **keywords)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFullError, match="nothing was published"):
        publish(tmp_path / "catalog", run_id, lazily(tree, 5), **description)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(("samples", "neurons", "block"), [(400, 30_000, 8), (400, 30_000, 200), (20, 10**6, 4)])
def test_a_block_is_read_once(samples, neurons, block):
    """The chunks on disk are cut where the blocks are, so each block is computed for one window alone."""
    variable = xr.Variable(("time", "neuron"), da.zeros((samples, neurons), chunks=(block, neurons)))
    chunks = chunk_shape(variable.shape, 8, block)
    assert 8 * np.prod(chunks) <= catalog.encoding.CHUNK_BYTES
    assert block % chunks[0] == 0 or chunks[0] % block == 0
    starts = {start for start, *_ in pairwise(range(0, samples + 1, block))}
    for window, *_ in windows(variable, chunks):
        inside = {start for start in starts if window.start <= start < window.stop}
        whole = window.stop - window.start
        assert whole % block == 0
        assert inside
        starts -= inside
    assert not starts or neurons * 8 > catalog.encoding.CHUNK_BYTES


@given(length=st.integers(1, 100), block=st.integers(1, 100))
def test_awkward_blocks_do_not_make_tiny_chunks(length, block):
    shape = (1000, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog.encoding, "CHUNK_BYTES", 80 * length)
        wished, found = chunk_shape(shape, 8)[0], chunk_shape(shape, 8, block)[0]
    assert wished / 4 <= found <= wished


# Going through in stretches


def course(values, other):
    return values.sum(axis=1), other.max(axis=(1, 2))


@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=6), stretch=st.integers(1, 2000), lazy=st.booleans()
)
def test_along_time_is_the_reduction_of_the_whole(lengths, stretch, lazy):
    generator = np.random.default_rng(sum(lengths))
    time = sum(lengths)
    values = xr.DataArray(generator.standard_normal((time, 7)), dims=("time", "neuron"))
    other = xr.DataArray(generator.standard_normal((time, 7, 3)), dims=("time", "neuron", "coord"))
    expected = course(values.values, other.values)
    if lazy:
        values, other = values.chunk(time=tuple(lengths)), other.chunk(time=tuple(lengths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catalog.schema.blocks.STRETCH_BYTES", stretch)
        for found, wanted in zip(along_time(course, values, other), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_no_more_than_a_stretch_is_seen_at_once(monkeypatch):
    seen = []

    def note(values):
        seen.append(values.nbytes)
        return (values[:, 0],)

    values = xr.DataArray(np.zeros((50, 100)), dims=("time", "neuron"))
    along_time(note, values)
    assert seen == [values.nbytes]  # what fits is taken whole
    monkeypatch.setattr("catalog.schema.blocks.STRETCH_BYTES", 9000)
    for one in (values, values.chunk(time=24)):
        seen.clear()
        along_time(note, one)
        assert 4000 < max(seen) <= 9000


def test_no_more_than_a_block_is_computed_at_once():
    computed, reduced = [], []

    def note(block):
        computed.append(len(block))
        return block

    lazy = da.zeros((50, 100), chunks=(8, 100)).map_blocks(note, meta=np.ones((0, 0)))

    def reduce(values):
        reduced.append(sum(computed))
        return (values[:, 0],)

    along_time(reduce, xr.DataArray(lazy, dims=("time", "neuron")))
    assert reduced == [8, 16, 24, 32, 40, 48, 50]  # each block is reduced before the next is asked for


def test_conforming_does_not_compute():
    def fail(block):
        raise RuntimeError("computed")

    lazy = da.zeros((4, 3), chunks=(2, 3)).map_blocks(fail, dtype=float, meta=np.ones((0, 0)))
    values = {
        "time": np.arange(4.0), "direction": lazy[..., None], "log_norm": lazy, "output_ratio": lazy,
        "activation": lazy[..., None], "residual": np.zeros((4, 1)), "loss": np.zeros(4),
        "gradient_norm": np.zeros(4), "log_init_scale": 0.0,
    }  # fmt: skip
    trajectory = validate("trajectory", conform("trajectory", values))
    assert trajectory["activation"].dtype == np.int8
    assert [str(name) for name, v in trajectory.variables.items() if v.chunks is not None] == list(LAZY)
    assert is_lazy(as_type(lazy, "int8"))
    assert not is_lazy(as_type([1, 2], "int8"))
    groups = {"/": xr.Dataset(), "trajectory": trajectory}
    assert [path for path, _ in lazy_variables(groups)] == [f"trajectory/{name}" for name in LAZY]
    assert "trajectory/direction/zarr.json" in encode(groups)


# What it costs

PEAK = """
import resource, sys
import dask.array as da, numpy as np, xarray as xr
from catalog.publication import publish
from catalog.schema import conform

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def tree(samples, neurons):
    def noise(*shape):
        shape = (samples, neurons, *shape)
        return da.random.default_rng(0).standard_normal(shape, chunks=(1, *shape[1:]))
    values = {
        "time": np.arange(float(samples)), "direction": noise(8),
        "log_norm": noise(), "output_ratio": noise(), "activation": (noise(2) > 0) + 1,
        "residual": np.zeros((samples, 2)), "loss": np.zeros(samples),
        "gradient_norm": np.zeros(samples), "log_init_scale": 0.0,
    }
    return xr.DataTree.from_dict({"trajectory": conform("trajectory", values)})

nothing = {"summary": {}, "configuration": {}, "provenance": {}}
root = __import__("pathlib").Path(sys.argv[1])
publish(root, "small-0", tree(2, 100), **nothing)
before = peak()
large = tree(30, 200_000)
publish(root, "large-0", large, **nothing)
print(sum(v.nbytes for v in large["trajectory"].data_vars.values()) / 2**20, peak() - before)
"""


@pytest.mark.slow  # tests/pipeline/test_general_runs.py publishes such a run too, after all stages
def test_the_whole_is_never_in_memory(tmp_path):
    """30 samples of 200,000 neurons, 469 MiB: 115 MiB more than a small run takes, and 120 with 60 samples.

    Some 25 MiB would do; the rest is what the allocator keeps for each of the threads that compress.
    """
    done = subprocess.run([sys.executable, "-c", PEAK, tmp_path], capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    size, more = map(float, done.stdout.split())
    assert size > 450
    assert more < size / 3
    assert verify(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        "import catalog, catalog.schema.blocks, catalog.publication",
        "import pipeline.cli.shared, pipeline.cli.report",
    ],
)
def test_nobody_waits_for_dask_before_there_are_arrays(words):
    """Importing it takes 0.3 s. xarray does so at the first variable that it makes, whether lazy or not."""
    code = f"import sys; {words}; sys.exit('dask' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=250, cwd=Path(__file__).parents[2])
