"""Reading a cube: its axes in rising order, every cell where it was, damage in one line."""

import json

import pytest
from invented_cubes import FAILED, GRID, MESSAGE, cube_of, excess, plan_of, publish_cube

from catalog import CatalogError, open_catalog
from dashboards.cubes.opened_cube import format_swept_value, read_cube


@pytest.fixture
def cube(tmp_path):
    catalog = open_catalog(tmp_path)
    return read_cube(catalog, publish_cube(catalog, plan_of()))


def test_axes_rise_and_every_cell_keeps_its_number(cube):
    scale = cube.by_dim["log_init_scale"]
    assert scale.values == (-3, -2, -1)
    assert scale.words == ("−3", "−2", "−1")
    assert scale.title == "log₁₀ of the initial scale"
    plan = plan_of()
    for number in range(cube.cells):
        place = cube.place(number)
        assert cube.number(place) == number
        values = {one.key: one.values[place[one.dim]] for one in cube.swept}
        assert values == plan.values(number)
        found = cube.dataset["final_excess"].isel(place).item()
        assert found == excess(values) or number == FAILED
    assert cube.failures == {FAILED: MESSAGE}


def test_quantities_come_in_groups_with_the_papers_names(cube):
    known = cube.quantities
    assert next(iter(known)) == "final_excess"
    assert known["final_excess"].title == "½ |θ|² − minimum at the end"
    assert known["t2"].title == "t₂, first sign fitted"
    assert (known["verdict_lemma_5"].title, known["verdict_lemma_5"].group) == ("Lemma 5", "Verdicts")
    assert known["verdict_lemma_5"].words == ("holds", "fails", "not applicable")
    assert known["status"].words[-1] == "failed"
    assert known["wall_seconds"].units == "s"
    assert {"run_hash", "cell_status", "number"}.isdisjoint(known)


def test_words():
    assert [format_swept_value(value) for value in (-2.5, 64, "balanced", True)] == [
        "−2.5",
        "64",
        "balanced",
        "true",
    ]
    assert len(format_swept_value([[0.1] * 20])) == 24


def test_values_whose_words_are_cut_off_stay_apart(tmp_path):
    catalog = open_catalog(tmp_path)
    labels = [[-1.0, 1.0], [-1.0, 2.0]]
    long = [[[-0.5, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, end]] for end in (0.0, 1.0)]
    cube = read_cube(catalog, publish_cube(catalog, plan_of({"data.y": labels, "data.x": long, **GRID})))
    assert len(set(cube.by_dim["x"].words)) == 2


def test_an_unknown_sweep_is_named(tmp_path):
    with pytest.raises(CatalogError, match="no-such-sweep"):
        read_cube(open_catalog(tmp_path), "no-such-sweep")


def test_a_garbled_cube_ends_in_one_line(tmp_path):
    catalog, plan = open_catalog(tmp_path), plan_of()
    cube = cube_of(plan)
    cube.attrs["grid"] = json.dumps({"init.width": [1]})
    sweep_id = publish_cube(catalog, plan, cube)
    with pytest.raises(CatalogError, match="reluflow verify") as raised:
        read_cube(catalog, sweep_id)
    assert "\n" not in str(raised.value)
