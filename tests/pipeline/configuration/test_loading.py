"""What a run is: presets and files, overridden key by key."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.configuration import (
    METHODS,
    AnalysisConfig,
    FlowConfig,
    InitConfig,
    RunConfig,
    load_config,
    parse_override,
)
from pipeline.inputs.errors import RequestError

MINE = """
title = "mine"
[data]
x = [[1.0, 0.0], [0.0, 2.0]]
y = [1.0, -1.0]
[init]
width = 5
"""


# Presets and files


def test_a_file_that_says_little_has_the_defaults(written):
    config = load_config(written("[data]\nx = [1, 2]\ny = [1, 2]"))
    assert config.data.x == [[1.0], [2.0]]  # one number is a point
    assert (config.init, config.flow, config.analysis) == (InitConfig(), FlowConfig(), AnalysisConfig())
    assert config.name == "mine"


def test_a_configuration_can_not_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load_config("orthogonal").init.width = 3


@pytest.mark.parametrize(
    "text",
    [
        MINE,
        '[data]\nkind = "nearly_orthonormal"\npoints = 3\npositive = 1\ndelta = 0.25\nseed = 7',
        '[data]\nkind = "gaussian_teacher"\npoints = 3\ndimension = 2\n[flow]\nslope = -0.5\nstep_size = 1',
        '[data]\nx = [1, 2]\ny = [1, 2]\n[init]\nstart = "given"\nw = [[1, 2], [3, 4]]\na = [0, 1]',
        '[data]\nx = [1, 2]\ny = [1, 2]\n[init]\nstart = "unbalanced"\nseed = 3',
    ],
)
def test_a_resolved_configuration_is_a_configuration_again(written, text):
    """Which spells out every default, also those of keys that mean nothing beside the others."""
    config = load_config(written(text))
    assert RunConfig.model_validate(config.resolved()) == config


def test_every_method_can_be_asked_for():
    """The exact method first, then those for reference."""
    assert METHODS == (
        "exact", "gradient_descent", "gradient_descent:balanced",
        "scipy:RK45", "scipy:DOP853", "scipy:LSODA", "scipy:Radau", "scipy:BDF",
        "diffrax:Tsit5", "diffrax:Dopri8", "diffrax:Kvaerno5",
    )  # fmt: skip
    for method in METHODS:
        assert load_config("orthogonal", {"flow.method": method}).flow.method == method
    defaults = load_config("orthogonal").flow
    assert (defaults.method, defaults.slope, defaults.step_size) == ("exact", 0.0, 1e-3)
    for slope in (-1000, -1, 0, 1e-300, 1, 1000):
        assert load_config("orthogonal", {"flow.slope": slope}).flow.slope == slope


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
        ("flow.method=scipy:RK45", "flow.method", "scipy:RK45"),
        ("init.start=balanced", "init.start", "balanced"),
        ('init.start="balanced"', "init.start", "balanced"),
        ("data.bias=false", "data.bias", False),
        ("data.x=[[1, -2], [3.5, 4]]", "data.x", [[1, -2], [3.5, 4]]),
        ("data.file=a folder/mine.csv", "data.file", "a folder/mine.csv"),
        ("title=a = b", "title", "a = b"),
        ("data.x=[1,", "data.x", "[1,"),
        ("init.width=", "init.width", None),
        ("data.x = ", "data.x", None),
        ('title=""', "title", ""),
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


# Files


@pytest.mark.parametrize(("table", "start"), [("data", ""), ("init", 'start = "given"\n')])
def test_where_a_file_is_looked_for(written, tmp_path, monkeypatch, table, start):
    """Beside the file that names it; what is said on the command line is where one is."""
    text = "" if table == "data" else "[data]\nx = [1]\ny = [1]\n"
    numbers = b"x = [1]\ny = [1]\n" if table == "data" else b"w = [1]\na = [1]\n"
    path = written(f'{text}[{table}]\n{start}file = "numbers.toml"\n', numbers_toml=numbers)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "other.toml").write_bytes(numbers)
    monkeypatch.chdir(tmp_path / "here")

    def found(name, overrides=None):
        return Path(getattr(load_config(name, overrides), table).file)

    assert found(path) == found("../mine.toml") == tmp_path / "numbers.toml"
    assert found(path, {f"{table}.file": "other.toml"}) == tmp_path / "here" / "other.toml"
    monkeypatch.setenv("HOME", str(tmp_path / "here"))
    assert found(path, {f"{table}.file": "~/other.toml"}) == tmp_path / "here" / "other.toml"
    path.write_text(
        text + f'[{table}]\n{start}file = "~/other.toml"\n', encoding="utf-8-sig"
    )  # as Notepad saves it
    assert found(path) == tmp_path / "here" / "other.toml"
