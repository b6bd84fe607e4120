"""One name for one run: the readable stem, and a hash of everything that determines the run."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.layout import is_run_id
from pipeline.configuration import AnalysisConfig, DataConfig, FlowConfig, InitConfig, load_config, run_name

MINE = """
title = "mine"
[data]
x = [[1.0, 0.0], [0.0, 2.0]]
y = [1.0, -1.0]
[init]
width = 5
"""


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
    "data.names": ["u", "v"],
    "data.bias": True,
    "data.file": None,
    "data.file_sha256": None,
    "data.points": None,
    "data.dimension": None,
    "data.positive": None,
    "data.delta": None,
    "data.teacher_width": None,
    "data.seed": None,
    "data.noise": None,
    "data.spread": None,
    "data.function": None,
    "data.digits": None,
    "data.test": {"x": [[1.0, 1.0]], "y": [2.0]},
    "init.width": 6,
    "init.log10_scale": -6.000000000000001,
    "init.per_sqrt_width": False,
    "init.seed": 1,
    "init.start": "unbalanced",
    "init.log10_output_scale": None,
    "init.distribution": "sphere",
    "init.antisymmetric": None,
    "init.from_run": None,
    "init.from_time": None,
    "init.w": None,
    "init.a": None,
    "init.file": None,
    "init.file_sha256": None,
    "flow.method": "gradient_descent",
    "flow.tolerance": 1.0000000000000002e-6,
    "flow.end_time": 10.0,
    "flow.samples": 401,
    "flow.slope": 5e-324,
    "flow.output_speed": 1.0000000000000002,
    "flow.step_size": 1.0000000000000002e-3,
    "analysis.epsilon": 0.06,
    "analysis.free_bias": True,
    "analysis.output_bias": True,
    "analysis.skip": True,
    "analysis.penalty": [0.1],
}
"""Another value of each key; None where it can't stand beside the others."""


def test_every_key_is_part_of_the_name(written):
    tables = {"data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig}
    assert set(OTHER) == {f"{table}.{key}" for table, model in tables.items() for key in model.model_fields}
    path = written(MINE)
    names = [load_config(path, {key: value}).run_id("1.0") for key, value in OTHER.items() if value is not None]
    names += [load_config(path).run_id("1.0"), load_config(path).run_id("1.1")]
    drawn = {"kind": "orthonormal", "points": 3}
    nearly, teacher = drawn | {"kind": "nearly_orthonormal"}, drawn | {"kind": "gaussian_teacher", "dimension": 5}
    for data in (
        drawn, drawn | {"points": 4}, drawn | {"dimension": 5}, drawn | {"positive": 1}, drawn | {"seed": 1},
        nearly, nearly | {"delta": 0.1}, teacher, teacher | {"kind": "linear_teacher"},
        teacher | {"teacher_width": 5}, teacher | {"noise": 0.1}, teacher | {"test": {"points": 3}},
        teacher | {"test": {"points": 3, "seed": 1}}, teacher | {"kind": "one_neuron"},
        teacher | {"kind": "one_neuron", "spread": 0.1}, {"kind": "line", "points": 3},
        {"kind": "line", "points": 3, "function": "step"}, {"kind": "digits"},
        {"kind": "digits", "digits": [3, 8]},
    ):  # fmt: skip
        names.append(load_config(path, {"data": data}).run_id("1.0"))
    given_start = {"start": "given", "w": [[1, 2], [3, 4]], "a": [1, 2]}
    for init in (
        given_start,
        given_start | {"w": [[1, 2], [3, 5]]},
        given_start | {"a": [1, 0]},
        {"start": "dominated"},
        {"start": "dominated", "log10_output_scale": -1},
        {"start": "torch"},
        {"from_run": "x"},
        {"from_run": "x", "from_time": 1},
        {"antisymmetric": True, "width": 4},
    ):
        names.append(load_config(path, {"init": init}).run_id("1.0"))
    assert len(set(names)) == len(names)


RUNS = (
    "high-dimensional-01bbbbb8f08d", "leaky-f54aa2f6aaa9", "nearly-orthogonal-8f96b580e3fd",
    "non-orthogonal-large-f61d10a9a976", "non-orthogonal-8703d1ebe701", "orthogonal-large-cf0e36214cc2",
    "orthogonal-e6442ac0de8f", "orthonormal-20ee24c7e740", "small-width-c40dbd7ced5e", "unbalanced-226bcf46f061",
)  # fmt: skip
"""The presets' runs as they are called since schema 1.1."""


def test_runs_keep_the_names_that_they_had_before_keys_were_added():
    for run_id in RUNS:
        assert load_config(run_id.rpartition("-")[0]).run_id("1.1") == run_id


@pytest.mark.parametrize(
    ("text", "table", "content", "other"),
    [
        ('[data]\nfile = "numbers.csv"\n', "data", b"1,0,1\n0,1,-1\n", b"1,0,1\n0,1,-2\n"),
        (
            '[data]\nx = [1]\ny = [1]\n[init]\nstart = "given"\nfile = "numbers.toml"\n',
            "init",
            b"w = [1, 2]\na = [1, 2]\n",
            b"w = [1, 2]\na = [1, 3]\n",
        ),
    ],
)
def test_a_file_counts_by_its_content(written, tmp_path, text, table, content, other):
    name = "numbers.csv" if table == "data" else "numbers.toml"
    path = written(text)
    (tmp_path / name).write_bytes(content)
    config = load_config(path)
    assert Path(getattr(config, table).file).is_absolute()
    assert config.resolved()[table]["file"] == name  # a folder's name is nobody's business
    shutil.copytree(tmp_path, tmp_path / "moved")
    assert load_config(tmp_path / "moved" / "mine.toml").run_id("1.0") == config.run_id("1.0")
    renamed = (tmp_path / name).with_stem("renamed")
    renamed.write_bytes(content)
    assert load_config(path, {f"{table}.file": str(renamed)}).run_id("1.0") == config.run_id("1.0")
    (tmp_path / name).write_bytes(other)
    assert load_config(path).run_id("1.0") != config.run_id("1.0")


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
