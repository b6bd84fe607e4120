"""A section against plain loops over the cells."""

import itertools

import numpy as np
import pytest
from invented_cubes import FAILED, cube_of, excess, plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import SweptKey, read_cube
from dashboards.cubes.section import FAILED as STATE_FAILED
from dashboards.cubes.section import (
    HAS_VALUE,
    NO_VALUE,
    SectionChoice,
    cut_section,
    list_aggregates,
    place_values,
    quantile,
)


def opened(tmp_path, plan=None, cube=None):
    catalog, plan = open_catalog(tmp_path), plan or plan_of()
    return read_cube(catalog, publish_cube(catalog, plan, cube))


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("catalog"))


SCALES, WIDTHS, SEEDS = (-3, -2, -1), (4, 8), range(4)


def at(scale, width, seed):
    if (scale, width, seed) == (-1, 8, 1):
        return np.nan
    return excess({"init.log10_scale": scale, "init.width": width, "init.seed": seed})


def lower_median(values):
    return np.nanquantile(values, 0.5, method="inverted_cdf")


@pytest.mark.parametrize(
    "measure, take", [("median", lower_median), ("lowest", np.nanmin), ("highest", np.nanmax)]
)
def test_numbers_taken_together(cube, measure, take):
    cut = cut_section(cube, SectionChoice("final_excess", "log_init_scale", "width", {"seed": None}, measure))
    expected = [[take([at(scale, width, seed) for seed in SEEDS]) for scale in SCALES] for width in WIDTHS]
    np.testing.assert_allclose(cut["value"], expected, rtol=1e-12)
    quartiles = np.nanquantile([at(-1, 8, seed) for seed in SEEDS], [0.25, 0.75], method="inverted_cdf")
    np.testing.assert_allclose([cut["low"][1, 2], cut["high"][1, 2]], quartiles, rtol=1e-12)
    assert cut["failed"].values.tolist() == [[0, 0, 0], [0, 0, 1]]
    assert cut["message"].values[1, 2] == "MemoryError: <no> room"
    assert (cut["state"] == HAS_VALUE).all()
    for row, column in itertools.product(range(2), range(3)):
        number = int(cut["number"][row, column])
        distances = [
            abs(at(SCALES[column], WIDTHS[row], seed) - float(cut["value"][row, column])) for seed in SEEDS
        ]
        assert cube.place(number) == {
            "log_init_scale": column, "width": row, "seed": int(np.nanargmin(distances)),
        }  # fmt: skip


def test_one_value_of_each_other_axis(cube):
    cut = cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))
    assert cut["value"].dims == ("log_init_scale", "seed")
    expected = [[at(scale, 8, seed) for seed in SEEDS] for scale in SCALES]
    np.testing.assert_array_equal(cut["value"], expected)
    assert cut["state"].values[2, 1] == STATE_FAILED
    assert cut["number"].values[2, 1] == FAILED
    assert np.isnan(cut["low"]).all()


def test_what_a_cell_does_not_have_is_no_failure(cube):
    cut = cut_section(cube, SectionChoice("end_time", "seed", "width", {"log_init_scale": 0}, "median"))
    assert cut["state"].values.tolist() == [[HAS_VALUE] * 3 + [NO_VALUE]] * 2


def test_a_share_leaves_out_what_does_not_apply_and_what_failed(cube):
    quantity = cube.quantities["verdict_lemma_5"]
    assert list_aggregates(quantity) == ("share: holds", "share: fails", "most frequent")
    cut = cut_section(
        cube, SectionChoice("verdict_lemma_5", "log_init_scale", "width", {"seed": None}, "share: holds")
    )
    # Of the seeds' holds, fails, not applicable, holds: 2 of 3; where seed 1 (fails) failed, 2 of 2.
    np.testing.assert_allclose(cut["value"], [[2 / 3] * 3, [2 / 3, 2 / 3, 1]])
    assert (cut.attrs["kind"], cut.attrs["limits"]) == ("share", (0.0, 1.0))
    most = cut_section(
        cube, SectionChoice("verdict_lemma_5", "log_init_scale", "width", {"seed": None}, "most frequent")
    )
    assert (most["value"] == 1).all()


def test_counts_without_a_value_are_not_minus_one(cube):
    cut = cut_section(cube, SectionChoice("kinks", "seed", "width", {"log_init_scale": 2}, "median"))
    np.testing.assert_array_equal(cut["value"], [[2, 3, 4, 5], [2, np.nan, 4, 5]])


def test_where_all_failed_there_is_no_number_and_no_warning(tmp_path):
    plan = plan_of()
    cube = opened(tmp_path, plan, cube_of(plan, failed=(4, 5, 6, 7)))
    cut = cut_section(cube, SectionChoice("final_excess", "log_init_scale", "width", {"seed": None}, "median"))
    assert np.isnan(cut["value"].values[1, 2])
    assert cut["state"].values[1, 2] == STATE_FAILED
    assert int(cut["number"][1, 2]) == 4


def test_a_cube_with_one_axis_is_one_row(tmp_path):
    cube = opened(tmp_path, plan_of({"init.seed": [3, 1, 2]}), None)
    cut = cut_section(cube, SectionChoice("t2", "seed", None, {}, "median"))
    np.testing.assert_array_equal(cut["value"], [[2.0, 3.0, 4.0]])


def test_a_median_of_two_modes_is_one_of_the_cells():
    results = np.array([[0.0, 0.0, 1.0, 1.0], [np.nan, 3.0, np.nan, 1.0], [np.nan] * 4])
    np.testing.assert_array_equal(quantile(results, 0.5), [0.0, 1.0, np.nan])
    np.testing.assert_array_equal(quantile(results, 1.0), [1.0, 3.0, np.nan])
    assert np.isin(quantile(results[:1], 0.25), results[0]).all()


def test_values_below_rounding_are_said_to_be(cube):
    cut = cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))
    assert not cut["rounded"].any()
    assert cut["each"].dims == ("log_init_scale", "seed", "cell")


def test_positions_of_an_axis(cube):
    assert place_values(cube.by_dim["log_init_scale"])[1] == "linear"
    at, scale = place_values(cube.by_dim["width"])
    assert (at.tolist(), scale) == ([4, 8], "linear")
    swept = plan_of({"init.width": [4, 8, 16, 32]}).spec.axes[0]
    assert place_values(SweptKey("width", "init.width", "width", swept.values))[1] == "log"
    assert place_values(SweptKey("start", "init.start", "start", ("balanced", "given")))[1] == "evenly"
