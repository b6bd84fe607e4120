"""The catalog page in a browser: found, chosen, compared, taken away; runs that appear meanwhile."""

import io
import re
import zipfile
from pathlib import Path

import pytest

from catalog import open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

ROW = ".tabulator-row"
ROWS = """Bokeh.index.find_one(Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .find((model) => model.type.endsWith("DataTabulator"))).tabulator.getRows().length"""


@pytest.fixture(scope="module")
def address(serve, small_catalog) -> str:
    return serve(Path(small_catalog.storage.url)) + "/catalog"


def run_in(text):
    """The name of the run in a text."""
    return re.search(r"[\w.-]+-[0-9a-f]{12}", text)[0]


def names(page):
    return [run_in(row.inner_text()) for row in page.locator(ROW).all()]


def test_runs_are_found_and_the_address_says_so(visit, address):
    page = visit(f"{address}?sort=-width", ready=ROW)
    page.get_by_label("Search").press_sequentially("four")
    page.wait_for_function("location.search.includes('search=four')")
    page.get_by_text("1 of 3 runs").wait_for()
    again = visit(page.url, ready=ROW)
    again.get_by_text("1 of 3 runs").wait_for()
    assert [name.split("-")[0] for name in names(again)] == ["orthonormal"]


def test_a_wrong_condition_is_a_sentence(visit, address):
    page = visit(f"{address}?where=widht%3D%3D60", ready=ROW)
    assert "there is no column 'widht'" in page.get_by_role("alert").inner_text()


def test_two_runs_side_by_side_and_as_a_zip(visit, address):
    page = visit(address, ready=ROW)
    for row in (0, 1):
        page.locator(f"{ROW} input[type=checkbox]").nth(row).check()
        page.get_by_text(f"Selected: {names(page)[0]}").filter(has_text=names(page)[row]).wait_for()
    page.get_by_role("button", name="Compare").click()
    heading = page.get_by_role("heading", name="Side by side")
    heading.wait_for()
    for _ in range(100):  # the page scrolls to it
        if heading.bounding_box()["y"] < 200:
            break
        page.wait_for_timeout(50)
    assert 0 <= heading.bounding_box()["y"] < 200
    page.locator(".bk-Figure").first.wait_for()
    assert "compare=" in page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Export selected").click()
    content = Path(download.value.path()).read_bytes()
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    again = visit(page.url, ready=".bk-Figure")
    again.get_by_text("Configuration, where it differs").wait_for()


def test_verifying_says_what_was_found(visit, serve, damaged_catalog):
    page = visit(serve(Path(damaged_catalog.storage.url)) + "/catalog", ready=ROW)
    page.get_by_text("Damaged: 1 run").wait_for()
    page.get_by_role("button", name="Verify all").click()
    page.get_by_text("Not everything is as it was published").wait_for()
    page.get_by_text("it was published and is gone").first.wait_for()


def test_a_run_that_appears_shows_up_by_itself(visit, serve, tmp_path):
    page = visit(serve(tmp_path) + "/catalog", ready="")
    page.get_by_text("There are no runs in this catalog yet").wait_for()
    run(load_config("orthogonal", {"init.width": 4, "flow.samples": 10}), open_catalog(tmp_path))
    page.locator(ROW).wait_for()
    assert names(page)[0].startswith("orthogonal-")


def test_rows_that_come_while_the_table_is_built_are_shown(visit, address):
    """As when the catalog is read sooner than the browser has made the table; page.js sees to it."""
    page = visit(address, ready=ROW)
    before = page.locator(ROW).count()
    page.evaluate("""() => {
      const models = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
      const view = Bokeh.index.find_one(models.find((model) => model.type.endsWith("DataTabulator")))
      view.render()
      const { source } = view.model
      const columns = Object.entries(source.data instanceof Map ? Object.fromEntries(source.data) : source.data)
      const twice = Object.fromEntries(columns.map(([name, column]) => [name, [...column, ...column]]))
      source.setv({ data: twice }, { sync: false })
    }""")
    page.wait_for_function(f"{2 * before} === {ROWS}")


def test_wild_values_end_in_sentences(visit, address):
    page = visit(f"{address}?compare=../../etc/passwd,%3Cscript%3E&sort=x&time=99&search=%00", ready="")
    page.get_by_text("no run '../../etc/passwd'").first.wait_for()
    page.get_by_text("0 of 3 runs").wait_for()
    assert "passwd" not in page.url
    assert "sort" not in page.url
    page.get_by_label("Search").fill("orthogonal")
    page.get_by_text("2 of 3 runs").wait_for()
    page.get_by_text("no run '../../etc/passwd'").first.wait_for(state="hidden")


@pytest.fixture(scope="module")
def near_zero(serve, small_catalog, tmp_path_factory) -> str:
    """Runs whose excess is small, and one that has none, as a manifest says them."""
    catalog = open_catalog(tmp_path_factory.mktemp("excesses"))
    known = small_catalog.manifest(small_catalog.run_ids()[0])
    tree = small_catalog[known.run_id]
    for number, excess in enumerate((7.45e-4, 0.00339, 0.02, None, -2.37e-13)):
        catalog.publish(
            f"orthogonal-{number:012x}", tree, summary={**known.summary, "final_excess": excess},
            configuration={**known.configuration, "init": {**known.configuration["init"], "width": 12_345}},
            provenance=known.provenance,
        )  # fmt: skip
    return serve(Path(catalog.storage.url)) + "/catalog"


def column(page, heading):
    return [cell.inner_text() for cell in page.locator(f"{ROW} [tabulator-field='{heading}']").all()]


def test_no_number_is_rounded_away_and_sorting_is_by_the_number(visit, near_zero):
    page = visit(f"{near_zero}?sort=excess", ready=ROW)
    page.get_by_text("5 runs.").wait_for()
    assert column(page, "excess") == ["−2.37×10−13", "0.000745", "0.00339", "0.02", "–"]
    assert set(column(page, "width")) == {"12345"}
    page = visit(f"{near_zero}?sort=-excess", ready=ROW)
    page.get_by_text("5 runs.").wait_for()
    assert column(page, "excess")[:2] == ["0.02", "0.00339"]


def focused(page):
    """What has the focus, in whatever shadow root: its text, or its kind."""
    return page.evaluate("""() => {
      let found = document.activeElement
      while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
      if (found.matches("a[aria-label]")) return found.ariaLabel
      return found.innerText?.trim() || found.type || found.tagName
    }""")


def test_the_keyboard_leads_through_the_table_and_out_of_it(visit, near_zero):
    page = visit(f"{near_zero}?sort=excess", ready=ROW)
    page.get_by_text("5 runs.").wait_for()
    page.get_by_role("button", name="Refresh").focus()
    for _ in range(3):  # the card of the columns, and the tick of all runs, are before the heads
        page.keyboard.press("Tab")
    assert focused(page) == "run"
    for heading in ("log₁₀ scale", "width"):  # the loss is a picture, by which nothing is sorted
        page.keyboard.press("ArrowRight")
        assert focused(page) == heading
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=width**")
    runs = [run_in(text) for text in column(page, "run")]
    passed = []
    for _ in range(12):
        page.keyboard.press("Tab")
        passed.append(focused(page))
        if passed[-1] == "Verify all":
            break
    assert passed[:4] == ["checkbox", passed[1], "theory", "explore"]
    assert run_in(passed[1]) == runs[0]
    assert passed[-1] == "Verify all"
    assert len(passed) < 10
    page.locator(f"{ROW} a").first.focus()
    page.keyboard.press("ArrowDown")
    assert run_in(focused(page)) == runs[1]
    page.keyboard.press("End")
    assert run_in(focused(page)) == runs[4]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    page.get_by_text(f"Selected: {runs[4]}").wait_for()


def test_names_take_the_width_that_other_columns_leave(served, visit):
    widths = {}
    for width in (1920, 1280, 390):
        page = visit(f"{served}/catalog", width=width, ready=ROW)
        page.wait_for_timeout(1000)  # new rows bring back the first width for a moment
        widths[width] = page.locator(ROW).first.locator("[tabulator-field=run]").bounding_box()["width"]
        if width == 1920:
            table = page.locator(".tabulator").first.bounding_box()
            last = page.locator(ROW).first.locator("[tabulator-field=created]").bounding_box()
            assert 0 <= table["x"] + table["width"] - last["x"] - last["width"] < 10
    assert widths[1920] > widths[1280] + 300
    assert widths[390] > 200
