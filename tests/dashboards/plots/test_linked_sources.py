"""What is pinned in both plots of a section."""

import pytest
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.cubes.section import SectionChoice, cut_section
from dashboards.plots.linked_sources import EMPTY, LinkedSources
from dashboards.theme import LIGHT


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    return read_cube(catalog, publish_cube(catalog, plan_of()))


def test_a_pinned_place_is_marked_in_both_plots_and_stays_with_the_next_section(cube):
    linked = LinkedSources()
    first = cut_section(cube, SectionChoice("final_excess", "log_init_scale", "width", {"seed": 0}, "median"))
    linked.show(first, LIGHT)
    linked.pin(1, 2)
    assert linked.pinned.data["x"] == [2.0]
    assert linked.pinned.data["height"] == [0.08]
    assert linked.lines.selected.indices == linked.bands.selected.indices == [1]
    linked.show(
        cut_section(cube, SectionChoice("final_excess", "log_init_scale", "width", {"seed": 3}, "median")), LIGHT
    )
    assert linked.pinned.data["height"] == [0.32]
    linked.pin(None, None)
    assert linked.pinned.data == EMPTY
    assert linked.lines.selected.indices == []
