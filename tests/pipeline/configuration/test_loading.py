"""What a run is: presets and files, overridden key by key, and one name for one run."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.layout import is_run_id
from pipeline.configuration import (
    AnalysisConfig,
    DataConfig,
    FlowConfig,
    InitConfig,
    RunConfig,
    load_config,
    parse_override,
    presets,
    run_name,
)
from pipeline.errors import RequestError

MINE = """
title = "mine"
[data]
x = [[1.0, 0.0], [0.0, 2.0]]
y = [1.0, -1.0]
[init]
width = 5
"""


# Presets and files


def test_the_presets():
    assert set(presets()) >= {"orthogonal", "orthogonal-large", "orthonormal"}
    for name, path in presets().items():
        config = load_config(name)
        assert config == load_config(path) == load_config(str(path))
        assert config.name == name
        assert config.title
        assert is_run_id(config.run_id("1.0"))
    paper = load_config("orthogonal")
    assert paper.data.x == [[-0.5], [2.0]]
    assert paper.data.y == [-1.0, 1.0]
    assert paper.data.bias
    assert (paper.init.width, paper.init.log10_scale, paper.init.per_sqrt_width) == (60, -6.0, True)


def test_a_file_that_says_little_has_the_defaults(written):
    config = load_config(written("[data]\nx = [1, 2]\ny = [1, 2]"))
    assert config.data.x == [[1.0], [2.0]]  # one number is a point
    assert (config.init, config.flow, config.analysis) == (InitConfig(), FlowConfig(), AnalysisConfig())
    assert config.name == "mine"


def test_a_configuration_can_not_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load_config("orthogonal").init.width = 3


def test_a_resolved_configuration_is_a_configuration_again(written):
    config = load_config(written(MINE))
    assert RunConfig.model_validate(config.resolved()) == config


# Overrides


def test_overrides_of_every_shape():
    config = load_config(
        "orthogonal",
        {
            "init.width": 100,
            "init.log10_scale": -1000,
            "data.x": [[1, 2, 3], [3, 0, -1]],
            "data.y": [1, -2],
            "data.bias": False,
            "flow.end_time": 2.5,
            "analysis": {"epsilon": 0.1},
            "title": "another",
        },
    )
    assert config.init.width == 100
    assert config.init.log10_scale == -1000.0
    assert config.init.seed == load_config("orthogonal").init.seed
    assert config.data.x == [[1.0, 2.0, 3.0], [3.0, 0.0, -1.0]]
    assert config.data.y == [1.0, -2.0]
    assert (config.flow.end_time, config.analysis.epsilon, config.title) == (2.5, 0.1, "another")


def test_overrides_from_a_notebook_or_a_sweep():
    """NumPy's numbers and arrays, tuples, and whole floats where a whole number is asked for."""
    given_back = {"init.width": np.int64(7), "init.log10_scale": np.float64(-3), "flow.samples": 50.0}
    config = load_config("orthogonal", given_back | {"data.x": np.eye(2), "data.y": (1, -1)})
    assert config == load_config(
        "orthogonal",
        {
            "init.width": 7,
            "init.log10_scale": -3,
            "flow.samples": 50,
            "data.x": [[1, 0], [0, 1]],
            "data.y": [1, -1],
        },
    )
    assert type(config.flow.samples) is int


def test_overrides_are_left_as_they_were():
    overrides = {"init": {"width": 3}, "init.width": 4}
    assert load_config("orthogonal", overrides).init.width == 4
    assert overrides == {"init": {"width": 3}, "init.width": 4}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("init.width=100", "init.width", 100),
        (" init.width = 100 ", "init.width", 100),
        ("init.log10_scale=-1000", "init.log10_scale", -1000),
        ("flow.tolerance=1e-9", "flow.tolerance", 1e-9),
        ("init.start=balanced", "init.start", "balanced"),
        ('init.start="balanced"', "init.start", "balanced"),
        ("data.bias=false", "data.bias", False),
        ("data.x=[[1, -2], [3.5, 4]]", "data.x", [[1, -2], [3.5, 4]]),
        ("data.file=a folder/mine.csv", "data.file", "a folder/mine.csv"),
        ("title=a = b", "title", "a = b"),
        ("data.x=[1,", "data.x", "[1,"),
        ("init.width=", "init.width", ""),
        ("flow.end_time=1\nfoo = 3", "flow.end_time", "1\nfoo = 3"),
        ("data.x=" + "[" * 5000, "data.x", "[" * 5000),
    ],
)
def test_parse_override(text, key, value):
    assert parse_override(text) == (key, value)


@pytest.mark.parametrize("text", ["init.width", "", "=3", " = 3"])
def test_no_override(text):
    with pytest.raises(RequestError, match=r"^--set .*: allowed is key=value, for instance init\.width=100$"):
        parse_override(text)


# A run's name


def test_equal_configurations_have_one_name(written, tmp_path):
    config = load_config(written(MINE))
    (tmp_path / "elsewhere").mkdir()
    spelled = "[init]\nseed = 0\nwidth = 5.0\n[data]\ny = [1, -1]\nkind = 'points'\nx = [[1, 0], [0, 2]]\n"
    same = load_config(written("title = 'other'\ndescription = 'words'\n" + spelled, "elsewhere/mine.toml"))
    assert same.run_id("1.0") == config.run_id("1.0")
    assert load_config(written(MINE), {"init.seed": 0, "title": ""}).run_id("1.0") == config.run_id("1.0")
    assert config.run_id("1.0").startswith("mine-")
    # The stem is the readable part alone: the hash is of what determines the run.
    assert load_config(written(MINE, "yours.toml")).run_id("1.0") == config.run_id("1.0").replace("mine", "yours")


OTHER = {
    "data.kind": None,
    "data.x": [[1.0, 0.0], [0.0, 2.0000000000000004]],
    "data.y": [1.0, 1.0],
    "data.bias": True,
    "data.file": None,
    "data.file_sha256": None,
    "data.points": None,
    "data.dimension": None,
    "data.positive": None,
    "data.seed": 1,
    "init.width": 6,
    "init.log10_scale": -6.000000000000001,
    "init.per_sqrt_width": False,
    "init.seed": 1,
    "init.start": None,
    "flow.method": None,
    "flow.tolerance": 1.0000000000000002e-6,
    "flow.end_time": 10.0,
    "flow.samples": 401,
    "analysis.epsilon": 0.06,
}
"""Another value of each key; None where there is but one, or where it can't stand beside the others."""


def test_every_key_is_part_of_the_name(written):
    tables = {"data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig}
    assert set(OTHER) == {f"{table}.{key}" for table, model in tables.items() for key in model.model_fields}
    path = written(MINE)
    names = [load_config(path, {key: value}).run_id("1.0") for key, value in OTHER.items() if value is not None]
    names += [load_config(path).run_id("1.0"), load_config(path).run_id("1.1")]
    drawn = {"kind": "orthonormal", "points": 3}
    for data in (drawn, drawn | {"points": 4}, drawn | {"dimension": 5}, drawn | {"positive": 1}):
        names.append(load_config(path, {"data": data}).run_id("1.0"))
    assert len(set(names)) == len(names)


def test_a_data_file_counts_by_its_content(written, tmp_path):
    text = '[data]\nfile = "points.csv"\n'
    path = written(text, points_csv=b"1,0,1\n0,1,-1\n")
    config = load_config(path)
    assert Path(config.data.file).is_absolute()
    assert config.resolved()["data"]["file"] == "points.csv"  # a folder's name is nobody's business
    shutil.copytree(tmp_path, tmp_path / "moved")
    assert load_config(tmp_path / "moved" / "mine.toml").run_id("1.0") == config.run_id("1.0")
    (tmp_path / "renamed.csv").write_bytes((tmp_path / "points.csv").read_bytes())
    renamed = load_config(path, {"data.file": str(tmp_path / "renamed.csv")})
    assert renamed.run_id("1.0") == config.run_id("1.0")
    (tmp_path / "points.csv").write_bytes(b"1,0,1\n0,1,-2\n")
    assert load_config(path).run_id("1.0") != config.run_id("1.0")


def test_where_a_data_file_is_looked_for(written, tmp_path, monkeypatch):
    """Beside the file that names it; what is said on the command line is where one is."""
    path = written('[data]\nfile = "points.csv"\n', points_csv=b"1,0,1\n")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "other.csv").write_bytes(b"1,0,2\n")
    monkeypatch.chdir(tmp_path / "here")
    assert load_config(path).data.file == str(tmp_path / "points.csv")
    assert load_config("../mine.toml").data.file == str(tmp_path / "points.csv")
    assert load_config(path, {"data.file": "other.csv"}).data.file == str(tmp_path / "here" / "other.csv")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("orthogonal", "orthogonal"),
        ("v1.2+dev_3-x", "v1.2+dev_3-x"),
        ("my data (1)", "my-data-1"),
        ("données", "données"),
        ("donne\u0301es", "données"),  # as macOS spells it
        ("-rf", "rf"),
        ("...", "run"),
        ("???", "run"),
        ("a\nb\0c", "a-b-c"),
        (os.fsdecode(b"caf\xe9"), "caf"),
    ],
)
def test_a_run_is_named_by_its_file(stem, name):
    assert run_name(stem) == name


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_stem_names_a_run(stem):
    assert is_run_id(f"{run_name(stem)}-0123456789ab")
    assert run_name(run_name(stem)) == run_name(stem)


def test_a_file_with_an_odd_name(written):
    assert is_run_id(load_config(written(MINE, "my data (1).toml")).run_id("1.0"))
    assert is_run_id(load_config(written(MINE, "ä" * 120 + ".toml")).run_id("1.0"))
