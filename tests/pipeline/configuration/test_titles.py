"""A preset's name and title hold only while its data do; keys can be unset; files of points are configurations."""

import numpy as np
import pytest
import xarray as xr

from catalog.layout import SCHEMA_VERSION, is_run_id, preset_of
from pipeline.configuration import load_config, override, parse_override, presets
from pipeline.configuration.titles import NAMES
from pipeline.data import generate_data
from pipeline.inputs.errors import RequestError
from pipeline.sweep.grid import axis
from pipeline.sweep.plan import make_plan
from pipeline.sweep.spec import SweepSpec

IDENTIFIERS = {
    "digits": "7ccba301b311",
    "high-dimensional": "7aa477ce158e",
    "leaky": "204895b91478",
    "nearly-orthogonal": "491a6771edbf",
    "non-orthogonal": "c8c1d9fc2eba",
    "non-orthogonal-large": "694dca8c5253",
    "orthogonal": "a17b6cb15bd5",
    "orthogonal-large": "43d865b3109d",
    "orthonormal": "f634edb01c53",
    "small-width": "1191d21d5727",
    "student": "820e35b22d12",
    "teacher-student": "dd4e689f5e7e",
    "unbalanced": "4d2cb6ba389c",
}
"""The runs of the presets as they are, as catalogs have them."""
OTHER_POINTS = {"data.x": [[1.0], [3.0]], "data.y": [1.0, 1.0]}


def test_the_presets_are_named_as_they_always_were():
    assert {name: load_config(name).run_id(SCHEMA_VERSION) for name in presets()} == {
        name: f"{name}-{digits}" for name, digits in IDENTIFIERS.items()
    }
    assert not set(NAMES.values()) & set(presets())


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize("changes", [{"init.width": 7}, {"flow.samples": 20}, {"analysis.epsilon": 0.1}])
def test_what_keeps_the_data_keeps_the_name(name, changes):
    for config in (load_config(name, changes), override(load_config(name), changes)):
        assert (config.name, config.title) == (name, load_config(name).title)


def test_the_same_data_said_again_are_the_preset_s():
    again = load_config("orthogonal", {"data.x": np.array([[-0.5], [2.0]]), "data.y": [-1, 1], "data.bias": True})
    assert again == load_config("orthogonal")


CHANGED = {
    "orthogonal": (OTHER_POINTS, "points", "2 points in 1 dimension, with a bias"),
    "leaky": ({"data.bias": False}, "points", "2 points in 1 dimension"),
    "orthonormal": ({"data.seed": 3}, "orthonormal-points", "4 orthonormal points in 4 dimensions"),
    "nearly-orthogonal": (
        {"data.delta": 0.1},
        "nearly-orthonormal-points",
        "4 nearly orthonormal points (delta = 0.1) in 4 dimensions",
    ),
    "high-dimensional": (
        {"data.points": 40},
        "gaussian-teacher",
        "40 Gaussian points in 150 dimensions, labelled by a teacher of 6 neurons",
    ),
}


@pytest.mark.parametrize("preset", CHANGED)
def test_other_data_have_a_name_and_a_title_of_their_own(preset):
    changes, name, title = CHANGED[preset]
    for config in (load_config(preset, changes), override(load_config(preset), changes)):
        assert (config.name, config.title) == (name, title)
        assert config.description == f"The settings of the preset {preset!r}, on other data."
        assert preset_of(config.run_id(SCHEMA_VERSION)) == name
        assert is_run_id(config.run_id(SCHEMA_VERSION))


def test_the_cells_of_a_sweep_have_its_base_s_name_and_titles_of_their_own():
    axes = (axis("data.y", [[-1.0, 1.0], [-1.0, 1.5]]),)
    plan = make_plan(SweepSpec("small", "orthogonal", axes))
    assert {preset_of(run_id) for run_id in plan.run_ids} == {"orthogonal"}
    titles = [plan.config(number).title for number in range(2)]
    assert titles == [load_config("orthogonal").title, "2 points in 1 dimension, with a bias"]


def test_a_title_that_is_said_stays():
    config = load_config("orthogonal", OTHER_POINTS | {"title": "Mine"})
    assert (config.name, config.title) == ("points", "Mine")
    assert override(load_config("orthogonal"), OTHER_POINTS | {"title": "Mine"}) == config


def test_a_file_of_one_s_own_keeps_its_name(written):
    path = written("title = 'mine'\n[data]\nx = [1, 2]\ny = [1, 2]\n", "orthogonal.toml")
    config = load_config(path, OTHER_POINTS)
    assert (config.name, config.title) == ("orthogonal", "mine")
    assert override(load_config(path), OTHER_POINTS) == config


def test_a_key_is_unset(written):
    written("", data_csv=b"x,y\n1,2\n3,4\n")
    path = str(written("").with_name("data.csv"))
    for changes in (
        {"data.file": path, "data.x": None, "data.y": None},
        dict(map(parse_override, (f"data.file={path}", "data.x=", "data.y="))),
    ):
        for config in (load_config("orthogonal", changes), override(load_config("orthogonal"), changes)):
            assert generate_data(config.data)["x"].values.tolist() == [[1.0, 1.0], [3.0, 1.0]]
            assert (config.name, config.title) == ("points", "The points of data.csv, with a bias")
    given = {"init.start": "given", "init.w": [[1, 2], [3, 4]], "init.a": [1, 2], "init.width": None}
    assert load_config("orthogonal", given).init.width == 2
    assert override(load_config("orthogonal"), given) == load_config("orthogonal", given)
    assert load_config("orthogonal", {"init.width": 100, "flow": None, "init": None}).init.width == 60
    assert load_config("orthogonal", {"title": None}).title == ""


def test_a_key_that_is_not_known_can_not_be_unset():
    for changes in ({"init.widht": None}, {"width": None}, {"init.width.more": None}):
        for make in (load_config, lambda name, changes: override(load_config(name), changes)):
            with pytest.raises(RequestError, match="is not a known key"):
                make("orthogonal", changes)
    with pytest.raises(RequestError, match=r"^data\.x is missing"):
        load_config("orthogonal", {"data.x": None})


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("width", "'init.width'"),
        ("slope", "'flow.slope'"),
        ("seed", "'data.seed' or 'init.seed'"),
        ("data.width", "'init.width'"),
        ("flow.epsilon", "'analysis.epsilon'"),
        ("log10scale", "'init.log10_scale'"),
        ("init.widht", "'width'"),
        ("tilte", "'title'"),
    ],
)
def test_a_misplaced_key_is_found_across_tables(key, hint):
    with pytest.raises(RequestError) as refused:
        load_config("orthogonal", {key: 1})
    assert f"{key} is not a known key (did you mean {hint}?): allowed are " in str(refused.value)


def test_a_file_of_points_is_a_configuration(written, monkeypatch):
    path = written("x1,x2,y\n1,0,1\n0,1,-1\n", "my points.csv")
    config = load_config(path, {"data.bias": True, "init.width": 3})
    assert (config.name, config.title) == ("my-points", "The points of my points.csv")
    assert generate_data(config.data)["x"].values.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]
    monkeypatch.chdir(path.parent)
    assert load_config("my points.csv", {"data.bias": True, "init.width": 3}) == config
    np.savez(path.with_name("some.npz"), x=[[1.0]], y=[2.0])
    assert generate_data(load_config("some.npz").data)["y"].values.tolist() == [2.0]


def test_a_sweep_is_no_run(written):
    path = written('base = "orthogonal"\n[grid]\n"init.seed" = [1, 2]\n')
    with pytest.raises(RequestError, match="is a sweep, it has a grid: allowed is a run; `reluflow sweep"):
        load_config(path)
    with pytest.raises(RequestError, match=r"^scale-width-seed is a sweep: allowed is a run"):
        load_config("scale-width-seed")


def test_an_override_from_xarray():
    config = load_config("orthogonal", {"init.width": xr.DataArray(7), "data.y": xr.DataArray([1.0, -2.0])})
    assert (config.init.width, config.data.y) == (7, [1.0, -2.0])
