"""The catalog page in a browser: found, chosen, compared, taken away; runs that appear meanwhile."""

import io
import zipfile
from pathlib import Path

import pytest

from catalog import open_catalog
from pipeline import load_config, run

ROW = ".tabulator-row"
ROWS = """Bokeh.index.find_one(Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .find((model) => model.type.endsWith("DataTabulator"))).tabulator.getRows().length"""


@pytest.fixture(scope="module")
def address(serve, small_catalog) -> str:
    return serve(Path(small_catalog.place.url)) + "/catalog"


def names(page):
    return [row.inner_text().split()[0] for row in page.locator(ROW).all()]


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
        page.get_by_text(f"Chosen: {names(page)[0]}").filter(has_text=names(page)[row]).wait_for()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Side by side").wait_for()
    page.locator(".bk-Figure").first.wait_for()
    assert "compare=" in page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Export chosen").click()
    content = Path(download.value.path()).read_bytes()
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    again = visit(page.url, ready=".bk-Figure")
    again.get_by_text("Configuration, where it differs").wait_for()


def test_verifying_says_what_was_found(visit, serve, damaged_catalog):
    page = visit(serve(Path(damaged_catalog.place.url)) + "/catalog", ready=ROW)
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
