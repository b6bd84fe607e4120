"""The heat map: axes in words, a bar or a legend that explains every colour and hatch."""

import pytest
from bokeh.models import ColorBar, Legend, LogColorMapper
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.section import SectionChoice, cut_section
from dashboards.plots.linked_sources import LinkedSources
from dashboards.plots.section_heat_map import colour_bar, columns_of, create_heat_map
from dashboards.plots.tick_labels import TICK_LABELS_LIMIT, label_ticks
from dashboards.theme import DARK, LIGHT


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    return read_cube(catalog, publish_cube(catalog, plan_of()))


def drawn(create, cube, shown, theme=LIGHT, **more):
    cut, linked = cut_section(cube, shown), LinkedSources()
    linked.show(cut, theme)
    return create(cut, linked, theme, **more)


def entries(plot):
    return [item.label.value for legend in plot.select(Legend) for item in legend.items]


def test_numbers_have_a_bar_with_title_and_the_cubes_limits(cube):
    shown = SectionChoice("final_excess", "log_init_scale", "width", {"seed": None}, "median")
    plot = drawn(create_heat_map, cube, shown, failures=True)
    (bar,) = plot.select(ColorBar)
    assert bar.title == "½ |θ|² − minimum at the end\nmedian over seed of the start"
    assert isinstance(bar.color_mapper, LogColorMapper)
    assert (bar.color_mapper.low, bar.color_mapper.high) == (4e-6, 0.32)
    assert entries(plot) == ["failed"]
    assert plot.xaxis[0].major_label_overrides == {0.0: "−3", 1.0: "−2", 2.0: "−1"}
    assert (plot.xaxis[0].axis_label, plot.yaxis[0].axis_label) == (
        "log₁₀ of the initial scale",
        "width m (neurons)",
    )


def test_units_and_close_colours_stand_in_the_title(cube):
    shown = SectionChoice("t2", "log_init_scale", "width", {"seed": None}, "median")
    cut, linked = cut_section(cube, shown), LinkedSources()
    cut.attrs |= {"units": "s", "color_limits": (2.0, 3.0)}
    linked.show(cut, LIGHT)
    title = create_heat_map(cut, linked, LIGHT).select_one(ColorBar).title
    assert title.endswith("[s]\ncolours end at 5 % and 95 %")


def test_labels_have_a_legend(cube):
    shown = SectionChoice("verdict_lemma_5", "seed", "width", {"log_init_scale": 0}, "median")
    plot = drawn(create_heat_map, cube, shown, DARK, failures=True)
    assert not list(plot.select(ColorBar))
    assert entries(plot) == ["holds", "fails", "not applicable", "failed"]
    assert plot.background_fill_color == DARK.panel


def test_a_quantity_that_is_the_same_everywhere_has_no_scale(cube):
    """Else the bar showed a range around the value that no cell has."""
    shown = SectionChoice("wall_seconds", "log_init_scale", "width", {"seed": None}, "median")
    plot = drawn(create_heat_map, cube, shown)
    assert not list(plot.select(ColorBar))
    assert entries(plot) == ["0.5 in every cell"]


def test_rounding_is_in_the_legend(cube):
    shown = SectionChoice("final_excess", "log_init_scale", "width", {"seed": None}, "median")
    cut, linked = cut_section(cube, shown), LinkedSources()
    cut["rounded"][0, 0], cut.attrs["rounding"] = True, 1.3e-11
    linked.show(cut, LIGHT)
    assert entries(create_heat_map(cut, linked, LIGHT)) == ["0 up to rounding, at most 10⁻¹¹"]


def test_a_long_axis_is_not_crowded(cube):
    plot = drawn(create_heat_map, cube, SectionChoice("t2", "seed", "width", {"log_init_scale": 0}, "median"))
    label_ticks(plot.xaxis[0], range(100), [f"{i / 7:.4f}" for i in range(100)], across=True)
    assert len(plot.xaxis[0].ticker.ticks) <= TICK_LABELS_LIMIT
    assert plot.xaxis[0].major_label_orientation == 0.7


def test_a_legend_fits_a_phone():
    assert columns_of(["4", "8", "16", "32", "64", "128"]) == 5
    assert columns_of(["closed form for orthogonal inputs"]) == 1


def test_a_bar_s_title_fits_a_phone(cube):
    shown = SectionChoice("final_excess", "log_init_scale", "width", {"seed": None}, "median")
    cut = cut_section(cube, shown)
    cut.attrs |= {"negative": True, "units": "1"}
    lines = colour_bar(cut, LIGHT).title.split("\n")
    assert " ".join(lines[1:]) == "median over seed of the start, magnitude [1]"
    assert max(map(len, lines)) <= 34
