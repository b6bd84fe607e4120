"""The learned function as the piecewise linear function that it is, against its own values."""

import numpy as np
import pytest
import xarray as xr
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.phases.kinks
from pipeline import load_config
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.network.one_input import kinks
from pipeline.phases import find_clusters, find_plateaus, learned_function
from pipeline.phases.kinks import (
    LARGEST,
    first_of_each,
    groups_of,
    merged_kinks,
    numbers_of_kinks,
)


def described(name: str, **overrides) -> tuple[xr.Dataset, xr.Dataset, xr.Dataset]:
    config = load_config(name, {key.replace("__", "."): value for key, value in overrides.items()})
    data = generate_data(config.data)
    trajectory = simulate(data, initialise(data, config.init), slope=config.flow.slope)
    clusters = find_clusters(data, trajectory, find_plateaus(data, trajectory))
    return data, trajectory, learned_function(data, trajectory, clusters)


def values_at(trajectory, sample, place, leak):
    weight = np.exp(trajectory["log_norm"].values[sample])[:, None] * trajectory["direction"].values[sample]
    inner = weight @ np.stack([place, np.ones_like(place)])
    output = np.exp(trajectory["log_norm"].values[sample]) * trajectory["output_ratio"].values[sample]
    return output @ np.where(inner > 0, inner, leak * inner)


@pytest.mark.parametrize("leak", [0.0, 0.3, -0.2])
def test_slopes_are_those_of_the_function(leak):
    """Kinks far apart: the slope on each side by differences; merging none."""
    rng = np.random.default_rng(0)
    slope, kink = rng.normal(size=9), np.arange(9.0) ** 2
    output = rng.normal(size=9)
    found = merged_kinks(slope, -slope * kink, output, leak, 0.1)

    def h(x):
        inner = slope * (x - kink)
        return float(output @ np.where(inner > 0, inner, leak * inner))

    np.testing.assert_allclose(found.position, kink, atol=1e-12)
    for i, at in enumerate(kink):
        assert found.left[i] == pytest.approx((h(at) - h(at - 0.4)) / 0.4, abs=1e-9)
        assert found.right[i] == pytest.approx((h(at + 0.4) - h(at)) / 0.4, abs=1e-9)
        assert found.change[i] == pytest.approx(found.right[i] - found.left[i], abs=1e-9)


def test_close_kinks_are_one_and_a_continuum_is_not():
    assert first_of_each(np.array([0, 0.5, 1.0, 1.6, 5]), 1.0).tolist() == [0, 3, 4]
    line = np.linspace(0, 1, 10_001)
    assert len(first_of_each(line, 0.01)) == pytest.approx(100, abs=2)
    ones = np.ones(3)
    found = merged_kinks(ones, np.array([-1.0, -1.001, 2.0]), np.array([1.0, 3.0, -1.0]), 0.0, 0.01)
    assert found.neurons.tolist() == [1, 2]
    np.testing.assert_allclose(found.position, [-2, 1.00075])
    np.testing.assert_allclose(found.change, [-1, 4])
    three = np.array([[1.0, 1.0, 1.0], [-1.0, -1.001, 2.0], [1.0, 3.0, -1.0]])[:, None]
    assert numbers_of_kinks(*three, (0, 2), 0.01, 0.01).tolist() == [1]  # the other is outside
    many = merged_kinks(np.ones(500), np.arange(500.0), np.arange(1.0, 501), 0.0, 0.1)
    assert len(many.position) == LARGEST
    assert many.change.min() == 401


@pytest.mark.parametrize("nothing", [np.zeros(0), np.zeros(3)])
def test_a_function_without_a_kink(nothing):
    assert len(merged_kinks(nothing, nothing + 1, nothing + 1, 0.0, 0.1).position) == 0
    rows = np.stack([nothing, nothing])
    assert numbers_of_kinks(rows, rows + 1, rows + 1, (0, 1), 0.1, 0.01).tolist() == [0, 0]


def number_of_kinks(slope, offset, output, window, width, share):
    """The plain count at one instant."""
    position, weight = kinks(slope, offset), output * np.abs(slope)
    inside = np.flatnonzero((position >= window[0] - width) & (position <= window[1] + width) & (weight != 0))
    inside = inside[np.argsort(position[inside], kind="stable")]
    first = first_of_each(position[inside], width)
    changes = np.abs(np.add.reduceat(weight[inside], first)) if len(first) else np.zeros(0)
    return int(np.sum(changes >= share * np.abs(weight).sum()))


@settings(max_examples=amount(80, 200))
@given(st.integers(1, 12), st.integers(0, 12), st.floats(0.0, 2.0), st.integers(0, 2**32 - 1))
def test_all_instants_at_once_are_each_by_itself(instants, neurons, width, seed):
    """Few values, so that kinks coincide, lie on the window's borders, or do not exist."""
    rng = np.random.default_rng(seed)
    slope, offset, output = rng.choice([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5], (3, instants, neurons))
    options = (-1.5, 2.0), width, rng.choice([0.01, 0.2])
    found = numbers_of_kinks(slope, offset, output, *options)
    assert found.tolist() == [number_of_kinks(*row, *options) for row in zip(slope, offset, output, strict=True)]


@pytest.mark.parametrize("name", ["orthogonal", "non-orthogonal", "leaky"])
def test_the_kinks_say_all_of_the_function(name):
    """From the slopes and one value h is drawn again, at the end."""
    _, trajectory, found = described(name)
    last = found.isel(instant=-1)
    there = np.isfinite(last["kink_position"].values)
    position, change = last["kink_position"].values[there], last["slope_change"].values[there]
    assert (np.diff(position) > 0).all()
    place, leak = np.linspace(-3, 4, 50), trajectory.attrs["slope"]
    h = values_at(trajectory, -1, place, leak)
    bent = np.maximum(place[:, None] - position, 0.0) @ change
    far = values_at(trajectory, -1, np.array([-1e4, -1e4 + 1]), leak)
    drawn = bent + np.diff(far)[0] * place
    np.testing.assert_allclose(drawn - drawn[0], h - h[0], atol=2e-3)


def test_the_papers_function_has_two_kinks():
    for scale in (-6, -1000):
        _, trajectory, found = described("orthogonal", init__log10_scale=scale)
        count = found["number_of_kinks"].values
        assert (count[-1], count[trajectory["time"].values.searchsorted(20 if scale == -6 else 3000)]) == (2, 1)
        last = found.isel(instant=-1)
        large = np.abs(last["slope_change"].values) > 0.01
        # By hand: neurons along x_2 and x_1 have their kinks at the other point.
        np.testing.assert_allclose(last["kink_position"].values[large], [-0.5, 2.0], atol=2e-3)
        np.testing.assert_allclose(last["slope_change"].values[large], [0.4, -0.4], atol=2e-3)
        np.testing.assert_allclose(last["slope_left"].values[large], [0.4, 0.8], atol=2e-3)
        assert found["merged_directions"].values[-1] == 2


def test_more_dimensions_have_directions_alone():
    _, _, found = described("orthonormal", init__width=30)
    assert set(found.data_vars) == {"instant_time", "moment", "plateau", "merged_directions"}


def test_a_run_in_blocks_gives_the_same():
    data, trajectory, found = described("orthogonal")
    clusters = find_clusters(data, trajectory, find_plateaus(data, trajectory))
    xr.testing.assert_equal(learned_function(data, trajectory.chunk(time=70), clusters), found)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(5, 60))
def test_a_wide_network_s_kinks_are_counted_alike(seed, instants, neurons):
    """Instant by instant as all at once: equal positions, neurons without a kink or weight among them."""
    generator = np.random.default_rng(seed)
    slope, offset, output = np.round(
        generator.standard_normal((3, instants, neurons)), int(generator.integers(0, 3))
    )
    options = ((-1.0, 1.0), 0.02, float(generator.choice([0.0, 0.01, 0.1])))
    expected = numbers_of_kinks(slope, offset, output, *options)
    before = pipeline.phases.kinks.WIDE
    try:
        pipeline.phases.kinks.WIDE = 0
        found = numbers_of_kinks(slope, offset, output, *options)
    finally:
        pipeline.phases.kinks.WIDE = before
    assert found.tolist() == expected.tolist()


@given(
    seed=st.integers(0, 10**6), number=st.integers(0, 300), log_width=st.floats(-3, 1), on_a_grid=st.booleans(),
    cells=st.sampled_from([2**16, 0]),
)  # fmt: skip
def test_positions_in_cells_are_grouped_as_in_order(seed, number, log_width, on_a_grid, cells):
    width = 10.0**log_width
    low, high = -1.0 - width, 1.0 + width
    position = np.random.default_rng(seed).uniform(low, high, number)
    if on_a_grid:  # coincident positions, and some exactly a width apart
        position = np.clip(np.round(position / width * 2.0) * width / 2.0, low, high)
    ordered = np.sort(position)
    edges = ordered[first_of_each(ordered, width)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.phases.kinks, "CELLS", cells)
        group, groups = groups_of(position, low, high, width)
    assert groups == len(edges)
    assert group.tolist() == (edges.searchsorted(position, side="right") - 1).tolist()
