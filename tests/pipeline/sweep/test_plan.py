"""Which run each cell is: what ``reluflow run`` would name it; what is refused, and how far."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.sweep.plan
from catalog.layout import SCHEMA_VERSION
from pipeline import RequestError, load_config
from pipeline.sweep import SweepSpec
from pipeline.sweep.grid import axis
from pipeline.sweep.plan import make_plan, position


def test_cells_are_the_runs_of_the_command_line(request_of):
    grid = {"init.log10_scale": [-2, -3.5], "flow.slope": {"start": 0, "stop": 0.2, "num": 3}, "init.seed": [7, 1]}
    plan = make_plan(request_of(grid))
    expected = [
        load_config(
            "orthogonal",
            {"init.width": 6, "flow.samples": 20, "init.log10_scale": a, "flow.slope": b, "init.seed": c},
        ).run_id(SCHEMA_VERSION)
        for a, b, c in product((-2, -3.5), (0, 0.1, 0.2), (7, 1))
    ]
    assert list(plan.run_ids) == expected
    assert plan.config(5).run_id(SCHEMA_VERSION) == expected[5]
    assert plan.values(5) == {"init.log10_scale": -2, "flow.slope": 0.2, "init.seed": 1}


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_positions_count_as_numpy_does(shape, data):
    number = data.draw(st.integers(0, int(np.prod(shape)) - 1))
    assert position(number, tuple(shape)) == tuple(int(i) for i in np.unravel_index(number, shape))


@pytest.mark.parametrize(
    "grid",
    [
        {"data.y": [[-1.0, 1.0], [-2.0, 1.0]]},
        {"init.start": ["balanced", "unbalanced"]},
        {"init.per_sqrt_width": [True, False]},
        {"data.bias": [True, False]},
        {"analysis.epsilon": [0.05, 0.1]},
        {"flow.method": ["exact", "scipy:RK45"], "flow.end_time": [1.0, 2]},
        {"data.kind": ["orthonormal"], "data.x": [None], "data.seed": {"count": 3}},
    ],
)
def test_any_key_may_be_swept(request_of, grid):
    settings = {"data.x": None, "data.y": None, "data.bias": False} if "data.kind" in grid else {}
    grid = {key: values for key, values in grid.items() if key != "data.x"}
    plan = make_plan(request_of(grid, settings=settings))
    assert plan.refusals == {}
    assert len(set(plan.run_ids)) == len(plan.run_ids)


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        ({"init.widht": [1, 2]}, "init.widht is not a known key (did you mean 'width'?)"),
        ({"init.width": [6, 0], "init.seed": [0, 1]}, "init.width = 0: at least 1 is allowed"),
        ({"init.seed": [0, 1], "init.width": [6, 2.5]}, "init.width = 2.5: a whole number is allowed"),
        ({"flow.method": ["exact", "euler"]}, "flow.method = 'euler': allowed is"),
        ({"data.y": [[1.0, -1.0], [1.0]], "init.seed": [0, 1]}, "data.y has 1 label for 2 points"),
        ({"init.seed": [float("nan")]}, "init.seed = nan"),
        ({"name": ["a"]}, "name = 'a': not allowed"),
        ({"data.file_sha256": ["a"]}, "data.file_sha256 = 'a': not allowed"),
    ],
)
def test_a_value_that_is_refused_everywhere_is_a_wrong_request(request_of, grid, line):
    with pytest.raises(RequestError) as refusal:
        make_plan(request_of(grid))
    assert line in str(refusal.value)


def test_a_value_that_is_refused_in_combination_is_a_failed_cell(request_of):
    grid = {"data.y": [[-1.0, 1.0], [1.0, 2.0, 3.0]], "data.x": [[[1.0], [2.0]], [[1.0], [2.0], [3.0]]]}
    plan = make_plan(request_of(grid))
    assert [run_id is None for run_id in plan.run_ids] == [False, True, True, False]
    assert plan.refusals[1] == "data.y has 2 labels for 3 points: allowed is one label for each point"
    assert plan.sweep_id.startswith("small-")


def test_the_sweeps_name(request_of):
    """The same grid, however it is written, has the same name; anything else another."""
    names = [
        make_plan(request_of(grid, **more)).sweep_id
        for grid, more in (
            ({"init.log10_scale": [-2, -3]}, {}),
            ({"init.log10_scale": [-3, -2]}, {}),
            ({"init.log10_scale": [-2, -4]}, {}),
            ({"init.log10_scale": [-2, -3]}, {"trajectories": True}),
            ({"init.log10_scale": [-2, -3]}, {"settings": {"init.width": 7}}),
            ({"init.log10_scale": [-2, -3]}, {"base": "leaky"}),
            ({"init.log10_scale": [-2, -3]}, {"name": "other"}),
            ({"init.log10_scale": [-2, -3], "init.seed": [0]}, {}),
        )
    ]
    assert len(set(names)) == len(names)
    same = ({"init.log10_scale": [-2.0, -3.0]}, {"init.log10_scale": {"start": -2, "stop": -3, "num": 2}})
    assert {make_plan(request_of(grid, title="T")).sweep_id for grid in same} == {names[0]}


def test_data_sets(request_of):
    plan = make_plan(
        request_of({"init.seed": [0, 1], "data.y": [[-1.0, 1.0], [-1.0, 2.0]], "flow.slope": [0, 0.1]})
    )
    assert [plan.data_set(number) for number in range(8)] == [(0, 0), (0, 1), (1, 0), (1, 1)] * 2


def test_a_key_that_does_not_matter_makes_one_run_of_several_cells(request_of):
    plan = make_plan(request_of({"data.delta": [0.0], "init.seed": [0, 1]}))
    assert sorted(plan.numbers().values()) == [[0], [1]]


def test_naming_says_how_far_it_is(monkeypatch):
    monkeypatch.setattr(pipeline.sweep.plan, "TOLD_EVERY", 4)
    told = []
    make_plan(SweepSpec("mine", "orthogonal", (axis("init.seed", {"count": 10}),)), lambda *n: told.append(n))
    assert told == [(0, 10), (4, 10), (8, 10)]
