"""The page 'sweeps' in a real browser: pointing, clicking, downloading, and sweeps that appear."""

import csv
import re

import pytest
from invented_cubes import cube_of, plan_of, publish_cube

from catalog import open_catalog

PLOT = ".bk-Canvas"


@pytest.fixture
def page(served, browser, tmp_path):
    """The page with one sweep; its console must stay empty of errors and warnings."""
    catalog = open_catalog(tmp_path / "catalog")
    publish_cube(catalog, plan_of())
    opened, complaints = browser.new_page(viewport={"width": 1280, "height": 800}), []
    opened.set_default_timeout(60_000)
    opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{served(tmp_path / 'catalog')}/sweeps")
    opened.wait_for_selector(PLOT)
    opened.wait_for_timeout(1_000)
    yield opened
    assert complaints == []
    opened.close()


def place(page, column, row, columns=3, rows=2):
    """Where a cell of the heat map is on the screen; its frame as Bokeh says it."""
    box = page.evaluate(
        """() => { for (const view of Object.values(Bokeh.index)) for (const one of view.find?.length
             ? [] : [view]) {} const find = (view) => view.frame && view.model.name == "heat map" ? view
             : (view.child_views ?? []).map(find).find(Boolean);
           const view = Object.values(Bokeh.index).map(find).find(Boolean);
           const {x, y} = view.canvas_view.el.getBoundingClientRect(), {bbox} = view.frame;
           return [x + bbox.left, y + bbox.top, bbox.width, bbox.height] }"""
    )
    return box[0] + (column + 0.5) / columns * box[2], box[1] + (rows - row - 0.5) / rows * box[3]


def colour_at(page, x, y):
    """The colour on the screen."""
    from io import BytesIO

    import numpy as np
    from matplotlib.image import imread

    shot = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 2, "height": 2})
    return np.round(255 * imread(BytesIO(shot), format="png")[0, 0, :3]).astype(int).tolist()


def test_the_cells_are_painted_and_pointing_tells_of_them(page):
    colours = [colour_at(page, *place(page, column, 0)) for column in range(3)]
    assert len({tuple(colour) for colour in colours}) == 3
    page.mouse.move(*place(page, 1, 1))
    page.get_by_text("half of 4 within").wait_for()


def test_a_click_tells_of_the_cell_and_a_second_one_opens_its_run(page):
    page.mouse.click(*place(page, 0, 1))
    page.get_by_role("link", name="Open the run").wait_for()
    assert "cell=" in page.url
    page.mouse.click(*place(page, 0, 1))
    page.wait_for_url("**/flow?**")
    assert "init.width=8" in page.url
    assert "init.log10_scale=-3" in page.url
    page.go_back()
    page.get_by_role("link", name="Open the run").wait_for()


def test_the_file_is_what_is_shown(page):
    with page.expect_download() as download:
        page.get_by_text("Download what is shown").click()
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert {row["cells"] for row in rows} == {"4"}
    assert float(rows[0]["value"]) == pytest.approx(4e-6 * 2.5)


def test_a_slider_changes_the_picture(page):
    before = colour_at(page, *place(page, 2, 0))
    page.get_by_label("Quantity").select_option(label="t₂, first sign fitted")
    page.get_by_text(re.compile("first sign fitted: median")).first.wait_for()
    page.wait_for_timeout(1_000)
    assert colour_at(page, *place(page, 2, 0)) != before


def test_a_sweep_appears_while_the_page_is_open(page, tmp_path):
    plan = plan_of({"init.seed": [0, 1]}, name="another")
    sweep_id = publish_cube(open_catalog(tmp_path / "catalog"), plan, cube_of(plan))
    page.get_by_text(f"New: the sweep {sweep_id}").wait_for(timeout=60_000)


def test_a_phone_shows_it_without_scrolling_sideways(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
