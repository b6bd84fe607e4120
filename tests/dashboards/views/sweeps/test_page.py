"""The page without a browser: what it says in the address, what a click leads to, what goes wrong in words."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from invented_cubes import FAILED, MESSAGE, cube_of, plan_of, publish_cube

from catalog import open_catalog
from dashboards.cubes.opened_cube import read_cube
from dashboards.page_context import PageContext
from dashboards.theme import LIGHT
from dashboards.views.sweeps.cube_view import CubeView, shares
from dashboards.views.sweeps.law_view import describe_law
from dashboards.views.sweeps.page import SweepsView, build_page
from pipeline.theory import width_law


class Visitor:
    """Somebody at the page: what was said to them, and their address."""

    def __init__(self, catalog, **query):
        self.said, self.address = [], {}
        self.context = PageContext(catalog, query, LIGHT, self.said.append, write=self.address.update)


@pytest.fixture
def catalog(tmp_path):
    return open_catalog(tmp_path)


@pytest.fixture
def opened(catalog):
    """A visitor's view of the one cube."""
    sweep_id = publish_cube(catalog, plan_of())

    def at(**query):
        visitor = Visitor(catalog, **query)
        visitor.view = CubeView(visitor.context, read_cube(catalog, sweep_id))
        return visitor

    return at


def click(view, row, column):
    view.tapped_cell(SimpleNamespace(x=column + 0.3, y=row - 0.3))


def test_the_address_carries_every_choice_defaults_included(opened):
    visitor = opened()
    assert {key: visitor.context.query[key] for key in ("show", "x", "y", "at.seed", "by")} == {
        "show": "final_excess", "x": "log_init_scale", "y": "width", "at.seed": "all", "by": "median",
    }  # fmt: skip
    assert visitor.said == []


def test_a_link_restores_what_was_shown(opened):
    first = opened(show="t2", x="seed", y="width", **{"at.log_init_scale": "-2"}, cell="7")
    again = opened(**first.context.query)
    assert again.view.controls.shown == first.view.controls.shown
    assert again.view.controls.shown.at == {"log_init_scale": 1}
    assert again.view.cell.number == 7
    assert again.context.query == first.context.query


def test_wild_addresses_are_said_and_clamped(opened):
    visitor = opened(
        show="<script>", x="width", y="width", **{"at.seed": "99"}, by="mean", cell="1e99", theme="dark"
    )
    assert visitor.view.controls.shown.quantity == "final_excess"
    assert visitor.view.cell.number == 23
    assert len(visitor.said) == 5
    assert all("Shown is" in line for line in visitor.said)


def test_choosing_the_other_axis_swaps_them(opened):
    visitor = opened()
    controls = visitor.view.controls
    controls.x.value = "width"
    assert (controls.shown.x, controls.shown.y) == ("width", "log_init_scale")
    controls.y.value = "seed"
    assert controls.shown.at == {"log_init_scale": 0}
    assert controls.sliders["log_init_scale"].visible
    assert not controls.sliders["seed"].visible
    assert visitor.context.query["at.log_init_scale"] == "-3"
    assert "at.seed" not in visitor.context.query


def test_a_slider_changes_the_numbers_and_keeps_the_plots(opened):
    view = opened().view
    plots = view.heat_map.object, view.lines.object
    before = view.linked.cells.data["height"].copy()
    view.controls.sliders["seed"].value = 3
    assert view.heat_map.object is not plots[0]  # one cell a place instead of four: another title
    plots = view.heat_map.object, view.lines.object
    view.controls.sliders["seed"].value = 2
    assert (view.heat_map.object, view.lines.object) == plots
    assert not np.array_equal(before, view.linked.cells.data["height"])


def test_verdicts_are_taken_together_as_shares(opened):
    visitor = opened()
    visitor.view.controls.quantity.value = "verdict_lemma_5"
    assert visitor.context.query["by"] == "share: holds"
    assert "share “holds” over seed of the start" in visitor.view.summary.object


def test_a_quantity_is_found_by_words(opened):
    controls = opened().view.controls
    controls.search.value_input = "kinks"
    offered = [name for group in controls.quantity.groups.values() for name in group.values()]
    assert offered == ["kinks", "final_excess"]  # and the one that is shown
    assert controls.quantity.value == "final_excess"
    assert "1 of" in controls.found.object


def test_where_no_cell_has_a_value_the_page_says_so_in_place_of_empty_axes(opened):
    view = opened(show="end_time", **{"at.seed": "3"}).view
    assert not view.plots.visible
    assert "Select another quantity" in view.nothing.object
    view.controls.sliders["seed"].value = 0
    assert view.plots.visible
    assert all("border" in plot.styles for plot in view.plots)  # cards, in line with what is around them
    assert not view.nothing.visible


def test_a_click_tells_of_the_cell_and_a_second_one_opens_its_run(opened):
    visitor = opened(**{"at.seed": "2"})
    view = visitor.view
    click(view, 1, 0)
    number = view.cell.number
    assert view.cube.place(number) == {"log_init_scale": 0, "width": 1, "seed": 2}
    assert visitor.context.query["cell"] == str(number)
    assert "½ |θ|² − minimum at the end" in view.cell.account.object
    assert view.linked.lines.selected.indices == [1]
    assert view.cell.leading.value == ""
    click(view, 1, 0)
    assert view.cell.leading.value.startswith("flow?preset=orthogonal&")
    assert "init.log10_scale=-3" in view.cell.leading.value
    assert "init.seed=2" in view.cell.leading.value


def test_a_click_on_a_line_finds_its_cell(opened):
    view = opened(show="t2", x="log_init_scale", y="seed").view
    view.tapped_line(SimpleNamespace(x=-2.0, y=3.02))
    assert view.cube.place(view.cell.number) == {"log_init_scale": 1, "width": 0, "seed": 2}
    view.cell.number = None
    view.tapped_line(SimpleNamespace(x=-2.5, y=2.5))
    assert view.cell.number is None


def test_a_failed_cell_tells_why(opened):
    view = opened(**{"at.seed": "1"}).view
    click(view, 1, 2)
    assert view.cell.number == FAILED
    assert MESSAGE.replace("<", "&lt;").replace(">", "&gt;") in view.cell.account.object
    assert "<table>" not in view.cell.account.object


def test_a_cell_is_chosen_by_keyboard_too(opened):
    view = opened().view
    click(view, 0, 0)
    view.cell.choices["seed"].value = 3
    assert view.cube.place(view.cell.number) == {"log_init_scale": 0, "width": 0, "seed": 3}


def test_every_widget_has_a_name(opened):
    view = opened().view
    controls = view.controls
    for widget in (
        controls.quantity, controls.x, controls.y, controls.measure, *controls.sliders.values(), view.file,
        *view.cell.choices.values(), view.cell.leading,
    ):  # fmt: skip
        assert widget.label


def test_an_empty_catalog_says_how_to_make_a_sweep_and_shows_the_first_one(catalog):
    view = SweepsView(Visitor(catalog).context)
    assert "reluflow sweep scale-width-seed" in view.place[0].object
    sweep_id = publish_cube(catalog, plan_of())
    view.known.request(None)
    assert view.chosen.value == sweep_id
    assert len(view.place[0]) > 1


def test_a_sweep_that_appears_is_named_and_disturbs_nothing(catalog):
    first = publish_cube(catalog, plan_of())
    visitor = Visitor(catalog)
    view = SweepsView(visitor.context)
    shown = view.place[0]
    second = publish_cube(catalog, plan_of({"init.seed": [0, 1]}, name="another"))
    view.known.request(None)
    assert (view.chosen.value, view.place[0]) == (first, shown)
    assert second in view.chosen.options
    assert second in visitor.said[-1]
    view.chosen.value = second
    assert visitor.context.query["sweep"] == second
    assert "width" not in json.dumps(visitor.context.query)
    catalog.sweeps.remove(second)
    view.known.request(None)
    assert view.chosen.value == first
    assert "removed" in visitor.said[-1]


def test_a_damaged_sweep_is_a_sentence(catalog):
    cube = cube_of(plan_of())
    del cube.attrs["failures"]
    sweep_id = publish_cube(catalog, plan_of(), cube)
    visitor = Visitor(catalog, sweep=sweep_id)
    build_page(visitor.context)
    assert "reluflow verify" in visitor.said[-1]


def test_a_law_of_the_theory_is_shown_as_its_figure(catalog):
    law = width_law(points=(2, 4), widths=(2, 4, 8), seeds=1)
    tree = xr.DataTree.from_dict({"width": law})
    tree.attrs["title"] = "A <law>"
    catalog.sweeps.publish("width-0123456789ab", tree, summary={}, configuration={}, provenance={})
    view = SweepsView(Visitor(catalog).context)
    words, figure, _, told = view.place[0]
    assert "A &lt;law&gt;" in words.object
    assert "theory?theme=light" in words.object
    assert figure.object.startswith("<svg")
    sentences = describe_law(law)
    assert sentences
    assert all(sentence in figure.alt_text for sentence in sentences)
    assert told.object.count("<li>") == len(sentences)


def test_a_cube_with_one_axis(catalog):
    publish_cube(catalog, plan_of({"init.seed": [0, 1, 2]}))
    visitor = Visitor(catalog)
    view = SweepsView(visitor.context).shown
    assert view.controls.shown.y is None
    click(view, 0, 2)
    assert view.cell.number == 2


def test_shares_of_an_axis():
    np.testing.assert_allclose(shares(np.array([1.0, 10.0, 100.0]), (1.0, 100.0), True), [0, 0.5, 1])
    np.testing.assert_allclose(shares(np.array([1.0, 3.0]), (1.0, 1.0), False), [0, 2])
