"""The columns of the heat map and the lines: colours, hatches, heights, and the cells taken together."""

import numpy as np
import pytest
from bokeh.palettes import Viridis256
from invented_cubes import MESSAGE, plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.section import SectionChoice, cut_section
from dashboards.plots.section_columns import (
    FAILED_HATCH,
    GAPS_CELLS_LIMIT,
    HATCHES,
    LABELS,
    NEGATIVE_HATCH,
    POINTS_LIMIT,
    ROUNDED,
    band_columns,
    cell_columns,
    hatched_columns,
    line_colors,
    line_columns,
    luminance,
    point_columns,
)
from dashboards.theme import DARK, LIGHT


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    return read_cube(catalog, publish_cube(catalog, plan_of()))


@pytest.fixture
def numbers(cube):
    return cut_section(cube, SectionChoice("final_excess", "seed", "log_init_scale", {"width": 1}, "median"))


def test_colours_follow_the_logarithm_over_the_whole_cube(cube, numbers):
    color = cell_columns(numbers, LIGHT)["color"]
    values = numbers["value"].values.ravel()
    low, high = numbers.attrs["limits"]
    assert high == 32 * 1e-2
    assert low == 4e-6
    for value, one in zip(values, color, strict=True):
        if np.isfinite(value):
            share = np.log(value / low) / np.log(high / low)
            assert abs(Viridis256.index(one) - 255 * share) <= 1
        else:
            assert one == LIGHT.panel


def test_a_failed_cell_is_hatched_and_no_number(numbers):
    columns, hatched = cell_columns(numbers, LIGHT), hatched_columns(numbers, LIGHT)
    assert (hatched["x"].tolist(), hatched["y"].tolist(), hatched["hatch"]) == ([1.0], [2.0], [FAILED_HATCH])
    place = 2 * 4 + 1
    assert (columns["said"][place], columns["more"][place]) == ("failed", MESSAGE)
    assert np.isnan(columns["height"][place])


def test_labels_have_a_hatch_beside_their_colour(cube):
    cut = cut_section(cube, SectionChoice("verdict_lemma_5", "seed", "width", {"log_init_scale": 0}, "median"))
    assert cell_columns(cut, DARK)["color"][:4] == [LABELS[0], LABELS[1], LABELS[2], LABELS[0]]
    assert hatched_columns(cut, DARK)["hatch"][:2] == [HATCHES[1], HATCHES[2]]
    many = cut.isel(seed=np.zeros(GAPS_CELLS_LIMIT, dtype=int))
    assert hatched_columns(many, DARK)["hatch"] == []
    heights = cell_columns(cut, DARK)["height"]
    assert heights[0] != heights[4]
    assert np.all(np.abs(heights - cut["value"].values.ravel()) < 0.5)


def test_negative_numbers_are_drawn_by_magnitude_and_dotted(numbers):
    numbers["value"][0, 0] *= -1
    numbers.attrs["negative"] = True
    assert hatched_columns(numbers, LIGHT)["hatch"] == [NEGATIVE_HATCH, FAILED_HATCH]
    assert cell_columns(numbers, LIGHT)["height"][0] == -float(numbers["value"][0, 0])


def test_lines_and_bands_are_the_rows(cube):
    cut = cut_section(cube, SectionChoice("t2", "log_init_scale", "width", {"seed": None}, "median"))
    lines, bands = line_columns(cut, LIGHT), band_columns(cut, LIGHT)
    np.testing.assert_array_equal(lines["ys"], cut["value"])
    assert lines["xs"][0].tolist() == [-3, -2, -1]
    np.testing.assert_allclose(bands["ys"][0], [1, 1, 1, 3, 3, 3])
    one = cut_section(cube, SectionChoice("t2", "log_init_scale", "width", {"seed": 0}, "median"))
    assert [len(xs) for xs in band_columns(one, LIGHT)["xs"]] == [0, 0]


def test_every_seed_is_a_point(cube):
    cut = cut_section(cube, SectionChoice("t2", "log_init_scale", "width", {"seed": None}, "median"))
    points = point_columns(cut, LIGHT)
    assert sorted(points["height"].tolist()) == sorted([1, 2, 3, 4] * 5 + [1, 3, 4])  # one cell failed
    assert len(points["color"]) == len(points["at"]) == 23
    one = cut_section(cube, SectionChoice("t2", "log_init_scale", "width", {"seed": 0}, "median"))
    assert len(point_columns(one, LIGHT)["at"]) == 0
    many = cut.isel(log_init_scale=np.zeros(POINTS_LIMIT, dtype=int))
    assert len(point_columns(many, LIGHT)["at"]) == 0


def test_verdicts_are_no_line(cube):
    """A line between categories goes through values that do not exist."""
    cut = cut_section(cube, SectionChoice("verdict_lemma_5", "seed", "width", {"log_init_scale": 0}, "median"))
    assert all(np.isnan(line).all() for line in line_columns(cut, LIGHT)["ys"])
    assert np.isfinite(cell_columns(cut, LIGHT)["height"]).all()
    most = SectionChoice("verdict_lemma_5", "log_init_scale", "width", {"seed": None}, "most frequent")
    assert cell_columns(cut_section(cube, most), LIGHT)["more"][0] == "2 × holds, 1 × fails, 1 × not applicable"


def test_rounding_has_one_colour_and_one_height(numbers):
    numbers["value"][0, :2] = [3e-13, -8e-13]
    numbers["rounded"][0, :2] = True
    numbers.attrs["rounding"] = 1e-11
    columns = cell_columns(numbers, LIGHT)
    assert columns["color"][:2] == [ROUNDED, ROUNDED]
    assert columns["height"][:2].tolist() == [numbers.attrs["limits"][0]] * 2
    assert columns["said"][1] == "≈ 0 (−8\xa0×\xa010⁻¹³)"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_can_be_seen_on_the_page(theme):
    paper = luminance(theme.panel)
    for color in line_colors(9, theme):
        assert abs(luminance(color) - paper) > 0.15
    assert len(set(line_colors(9, theme))) == 9
    assert len(line_colors(1, theme)) == 1
