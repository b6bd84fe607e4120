"""The lines: one a value of y, named, within the cube's range."""

import pytest
from bokeh.models import Legend
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.section import SectionChoice, cut_section
from dashboards.plots.linked_sources import LinkedSources
from dashboards.plots.section_lines import axis_label, create_cell_lines, vertical_range
from dashboards.theme import LIGHT


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    return read_cube(catalog, publish_cube(catalog, plan_of()))


def drawn(cube, shown):
    cut, linked = cut_section(cube, shown), LinkedSources()
    linked.show(cut, LIGHT)
    return create_cell_lines(cut, linked, LIGHT)


def test_lines_are_named_and_keep_the_cubes_range(cube):
    plot = drawn(cube, SectionChoice("final_excess", "width", "log_init_scale", {"seed": 0}, "median"))
    assert [item.label.value for item in plot.select_one(Legend).items] == ["−3", "−2", "−1"]
    assert plot.y_range.start < 4e-6 < 0.32 < plot.y_range.end
    assert plot.yaxis[0].axis_label == "½ |θ|² − minimum at the end"


def test_labels_are_words_on_the_axis(cube):
    shown = SectionChoice("verdict_lemma_5", "seed", "width", {"log_init_scale": 0}, "median")
    assert vertical_range(cut_section(cube, shown)) == (0.5, 3.5)
    plot = drawn(cube, shown)
    assert plot.yaxis[0].major_label_overrides[2] == "fails"
    assert plot.ygrid[0].ticker.ticks == [0.5, 1.5, 2.5, 3.5]  # between the words
    assert [item.renderers[0].name for item in plot.select_one(Legend).items] == ["cells", "cells"]
    assert [item.index for item in plot.select_one(Legend).items] == [0, 4]


def test_a_share_is_named_as_one(cube):
    shown = SectionChoice("verdict_lemma_5", "log_init_scale", "width", {"seed": None}, "share: holds")
    assert axis_label(cut_section(cube, shown)) == "Lemma 5: share of the cells"
