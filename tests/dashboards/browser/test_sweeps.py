"""The page 'sweeps' in a real browser: pointing, clicking, downloading, and sweeps that appear."""

import csv
from io import BytesIO
from pathlib import Path

import pytest
from invented_cubes import plan_of, publish_cube
from matplotlib.image import imread

from catalog import open_catalog

pytestmark = pytest.mark.slow

PLOT = ".bk-Canvas"


FRAME = """() => {
  const find = (view) => view.frame && view.model.name == "heat map" ? view
    : [...(view.child_views ?? [])].map(find).find(Boolean)
  const view = [...(Bokeh.index.roots ?? Object.values(Bokeh.index))].map(find).find(Boolean)
  const {x, y} = view.canvas_view.el.getBoundingClientRect(), {left, top, width, height} = view.frame.bbox
  return [x + left, y + top, width, height]
}"""
"""Where the heat map's cells are on the screen, as Bokeh says it."""


PAINTED = f"""() => {{
  try {{ return Bokeh.index.roots.every((view) => view.is_idle) && ({FRAME})()[2] > 0 }} catch {{ return false }}
}}"""
"""Whether they are there, and nothing is about to be drawn again."""


BAR_SAYS = """(title) => [...(Bokeh.index.roots ?? Object.values(Bokeh.index))].some(
  (view) => [...view.model.references()].some((model) => model.type == "ColorBar" && model.title == title))"""
"""Whether a picture with this colour bar is there."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("served"))
    publish_cube(catalog, plan_of())
    return catalog


@pytest.fixture(scope="module")
def address(serve, catalog):
    return f"{serve(catalog.storage.url)}/sweeps?sweep={catalog.sweeps.run_ids()[0]}"


@pytest.fixture
def page(address, visit):
    """The page with one sweep."""
    opened = visit(address, ready=PLOT)
    opened.wait_for_function(PAINTED)
    return opened


def place(page, column, row):
    """Where a cell of the heat map of three by two is on the screen."""
    left, top, width, height = page.evaluate(FRAME)
    return left + (column + 0.5) / 3 * width, top + (1.5 - row) / 2 * height


def colour_at(page, x, y):
    """The colour on the screen."""
    shot = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 2, "height": 2})
    return tuple(imread(BytesIO(shot), format="png")[0, 0, :3])


def test_the_cells_are_painted_and_pointing_tells_of_them(page):
    colours = [colour_at(page, *place(page, column, 0)) for column in range(3)]
    assert len(set(colours)) == 3
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


def test_a_double_click_opens_the_run(page):
    page.mouse.dblclick(*place(page, 0, 1))
    page.wait_for_url("**/flow?**")
    assert "init.width=8" in page.url


def test_the_file_is_what_is_shown(page):
    with page.expect_download() as download:
        page.get_by_text("Download what is shown").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 6
    assert {row["cells"] for row in rows} == {"4"}
    assert float(rows[0]["value"]) == pytest.approx(4e-6 * 2)


def test_a_control_changes_the_picture_and_the_address(page):
    before = colour_at(page, *place(page, 0, 0))
    page.get_by_label("Quantity").select_option(label="t₂, first sign fitted")
    page.wait_for_url("**show=t2**")
    page.wait_for_function(BAR_SAYS, arg="t₂, first sign fitted\nmedian over seed of the start")
    for _ in range(100):
        if colour_at(page, *place(page, 0, 0)) != before:
            return
        page.wait_for_timeout(200)
    pytest.fail("the picture has not changed")


def test_a_sweep_appears_while_the_page_is_open(page, catalog):
    plan = plan_of({"init.seed": [0, 1]}, name="another")
    sweep_id = publish_cube(catalog, plan)
    page.get_by_text(f"New sweep: {sweep_id}").wait_for(timeout=60_000)
