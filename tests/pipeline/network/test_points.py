"""A stage takes any dataset of x(point, coord) and y(point), of any types, in any order of dimensions."""

import numpy as np
import pytest
import xarray as xr

from pipeline import (
    check_statements,
    compare,
    find_clusters,
    find_plateaus,
    generate_data,
    hessian_spectra,
    initialise,
    label_phases,
    learned_function,
    load_config,
    minimal_norm,
    simulate,
    statement_times,
)  # fmt: skip
from pipeline.figures import FIGURES
from pipeline.inputs.errors import RequestError
from pipeline.minimal_norm import bias_coordinate
from pipeline.network.points import describe_points, largest_cosine, take_points

CONFIG = load_config("orthogonal", {"init.width": 6, "init.seed": 4})
X, Y = np.array([[-0.5, 1.0], [2.0, 1.0]]), np.array([-1.0, 1.0])


def bare(x=X, y=Y, dims=("point", "coord"), **coords):
    """What a user writes: no attributes, no derived variables."""
    return xr.Dataset({"x": (dims, x), "y": ("point", y)}, coords)


GIVEN = {
    "two arrays": bare(),
    "the order of the dimensions": bare(X.T, Y, ("coord", "point")),
    "not contiguous": bare(np.asfortranarray(X)),
    "float32": bare(X.astype("f4"), Y.astype("f4")),
    "integer labels": bare(X, Y.astype("i1")),
    "names on the coordinate": bare(coord=["x", "bias"]),
    "points with names of their own": bare(point=[7, 3]),
    "more variables": bare().assign(
        z=("point", [1.0, 2.0]), day=("point", np.array(["2020-01-01"] * 2, "M8[ns]"))
    ),
}


def every_stage(data):
    """All stages in a row, each given the same data set."""
    init = initialise(data, CONFIG.init)
    times = statement_times(data, float(init["log_init_scale"]))
    trajectory = simulate(data, init, samples=30, including=times)
    plateaus = find_plateaus(data, trajectory)
    phases = label_phases(data, trajectory)
    clusters = find_clusters(data, trajectory, plateaus)
    comparison = compare(trajectory, minimal_norm(data), data)
    return {
        "initial": init,
        "trajectory": trajectory,
        "plateaus": plateaus,
        "phases": phases,
        "clusters": clusters,
        "function": learned_function(data, trajectory, clusters),
        "minimal_norm": comparison,
        "statements": check_statements(data, trajectory, phases, comparison),
        "spectra": hessian_spectra(data, trajectory),
    }


@pytest.fixture(scope="module")
def usual():
    return every_stage(generate_data(CONFIG.data))


@pytest.mark.parametrize("given", GIVEN)
def test_every_stage_computes_what_it_needs(usual, given):
    found = every_stage(GIVEN[given])
    # Over one input with a bias a few things more are said: the names have to tell.
    named = given == "names on the coordinate"
    for group, dataset in found.items():
        for name in dataset.variables:
            xr.testing.assert_equal(
                dataset[name].drop_vars("coord", errors="ignore"),
                usual[group][name].drop_vars("coord", errors="ignore"),
            )
        assert not named or set(dataset.variables) == set(usual[group].variables)


def test_the_figures_take_it_too(usual):
    groups = {name: usual[name] for name in ("trajectory", "plateaus", "phases", "minimal_norm")}
    for draw in FIGURES.values():
        draw(xr.DataTree.from_dict({"data": bare(coord=["x", "bias"])} | groups))


def test_a_trajectory_may_be_turned_too(usual):
    data = generate_data(CONFIG.data)
    turned = usual["trajectory"].transpose("coord", "point", "neuron", "time")
    assert label_phases(data, turned).identical(usual["phases"])
    assert compare(turned, minimal_norm(data), data).identical(usual["minimal_norm"])
    assert find_plateaus(data, turned).identical(usual["plateaus"])
    init = usual["initial"].transpose().astype("f4").drop_vars(("neuron", "coord"))
    found = simulate(data, init, samples=5)
    np.testing.assert_allclose(found["loss"][-1], usual["trajectory"]["loss"][-1], atol=1e-12)


def test_one_coordinate_needs_no_dimension():
    data = take_points(xr.Dataset({"x": ("point", [1, 2]), "y": ("point", [1, 2])}))
    assert data["x"].values.tolist() == [[1.0], [2.0]]
    assert data["coord"].attrs["labels"] == "x"


def test_what_the_stages_make_is_taken_as_it_is():
    data = generate_data(CONFIG.data)
    assert take_points(data) is data
    assert describe_points(data) is data


def test_a_part_of_a_data_set_is_described_anew():
    """``isel`` keeps D_+ of the whole."""
    whole = generate_data(load_config("orthonormal").data)
    part = whole.isel(point=[0, 2])
    alone = bare(part["x"].values, part["y"].values)
    assert describe_points(part).drop_attrs().identical(describe_points(alone).drop_attrs())
    assert float(minimal_norm(part)["value"]) == float(minimal_norm(alone)["value"])
    # A point that asks for 0 has no share in D_+ and D_-.
    moved = bare([[1, 0], [0, 1]], [1, 0]).pipe(describe_points)
    moved["x"][1] = [1, 1]
    assert float(describe_points(moved)["largest_cosine"]) == pytest.approx(np.sqrt(0.5))


def test_the_names_follow_their_coordinates():
    data = generate_data(CONFIG.data)
    turned = take_points(data.isel(coord=[1, 0]))
    assert turned["coord"].attrs["labels"] == "bias x"
    assert bias_coordinate(data.isel(coord=[1, 0])) == 0
    assert take_points(data.isel(coord=[1]))["coord"].attrs["labels"] == "bias"
    assert take_points(data.isel(coord=[0]))["coord"].attrs["labels"] == "x"
    assert take_points(bare(coord=["the height", ""]))["coord"].attrs["labels"] == "the_height x2"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (bare().drop_vars("y"), "data/y is missing: allowed is a dataset of x(point, coord) and y(point)"),
        (bare().drop_vars("y").assign(y=("other", Y)), "data/y has dims ('other',): allowed is ('point',)"),
        (bare().assign(y=bare()["x"]), "data/y has dims ('point', 'coord'): allowed is ('point',)"),
        (bare(y=np.array(["a", "b"])), "data/y is <U1: real numbers are allowed"),
        (bare(y=np.array([True, False])), "data/y is bool: real numbers are allowed"),
        (bare(X * 1j), "data/x is complex128: real numbers are allowed"),
        (bare([[1, np.nan], [1, 1]]), "data.x[0][1] = nan: a finite number is allowed"),
        (bare(y=[1, 1e-200]), "data.y[1] is of the size 1e-200: 1e-150 to 1e+150 is allowed"),
        (
            bare(X[:0], Y[:0]),
            "data.x has the shape (0, 2): at least one point of one coordinate is allowed",
        ),
    ],
)  # fmt: skip
def test_one_line_names_the_variable(data, line):
    for stage in (take_points, lambda d: initialise(d, CONFIG.init), minimal_norm):
        with pytest.raises(RequestError) as caught:
            stage(data)
        assert str(caught.value) == line


def test_other_datasets_are_named_too(usual):
    data = generate_data(CONFIG.data)
    for broken, line in (
        (usual["trajectory"].drop_vars("residual"), "trajectory/residual is missing"),
        (usual["trajectory"].drop_vars("time"), "trajectory/time is missing"),
        (usual["trajectory"].rename(neuron="unit"), r"trajectory/direction has dims \('time', 'unit', 'coord'\)"),
        (usual["trajectory"].assign(loss=usual["trajectory"]["loss"] * 1j), "trajectory/loss is complex128"),
    ):
        with pytest.raises(ValueError, match=line):
            label_phases(data, broken)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 23])
@pytest.mark.parametrize("tile", [(3, 5), (4, 4), (5, 3), (1, 1), (100, 100)])
def test_the_largest_cosine_in_tiles_is_that_of_all_products(monkeypatch, n, tile):
    """Of 180,000 points all products at once are 260 gigabytes."""
    x = np.random.default_rng(n).standard_normal((n, 3))
    whole = largest_cosine(x)
    monkeypatch.setattr("pipeline.network.points.WHOLE", 0)
    monkeypatch.setattr("pipeline.network.points.TILE", tile)
    assert largest_cosine(x) == pytest.approx(whole, abs=1e-15)
    if n > 1:
        x[-1] = -2.0 * x[0]
        assert largest_cosine(x) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("d", [2, 5])
def test_the_largest_cosine_by_neighbours_is_that_of_all_products(monkeypatch, d):
    """Of 100,000 points all products take minutes; opposite points and zero vectors count as they do there."""
    g = np.random.default_rng(d)
    x = g.standard_normal((300, d)) * g.uniform(0.1, 10.0, (300, 1))
    x[7], x[8] = 0.0, 0.0
    x[50] = -3.0 * x[60] + 1e-3 * g.standard_normal(d)
    whole = largest_cosine(x)
    monkeypatch.setattr("pipeline.network.points.MANY", 100)
    monkeypatch.setattr("pipeline.network.points._largest_in_tiles", None)
    assert abs(largest_cosine(x) - whole) < 1e-15
