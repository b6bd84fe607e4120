"""Each page in a browser, opened once: it is whole, it is drawn, and its console is empty; lambda is moved once.

What visitors do besides is tested in the files beside this one, by `make test-all`: a page takes the browser
and its server seconds of processor time. What the pages say and draw is tested without a browser, in the
folders around.
"""

import pytest
from flow_page import agrees, colours, loss_of, slider
from invented_cubes import plan_of, publish_cube
from page_looks import CUT, FAMILIES

from catalog import open_catalog
from dashboards.exports.animation_frames import read_frames
from dashboards.exports.standalone_page import write_standalone_page
from pipeline import load_config, run

SMALL = {"init.width": 12, "flow.samples": 40}
PAGES = {
    "catalog?compare={run},{other}": (".bk-Figure >> nth=1", 2),
    "theory?run={run}": ("h2:has-text('The ladder of')", 3),
    "sweeps?sweep={sweep}": (".bk-Figure", 1),
    "explore?runs={run},{other}&show=trajectory/activation&select=[3]": (".bk-Figure >> nth=1", 2),
}
"""Of each: what one sees when it is whole, and how many figures at least."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Two runs and a sweep."""
    catalog = open_catalog(tmp_path_factory.mktemp("every-page"))
    for scale in (-6.0, -2.0):
        run(load_config("orthogonal", SMALL | {"init.log10_scale": scale}), catalog)
    publish_cube(catalog, plan_of())
    return catalog


@pytest.fixture(scope="module")
def address(serve, catalog):
    return serve(catalog.storage.url)


def drawn(page):
    """The figures that are seen, each of them more than a frame."""
    figures = [figure for figure in page.locator(".bk-Figure").all() if figure.is_visible()]
    for figure in figures:
        figure.scroll_into_view_if_needed()
        page.wait_for_function("element => element.getBoundingClientRect().width > 0", arg=figure.element_handle())
        assert colours(figure) > 10
    return len(figures)


UNNAMED = """() => {
  const found = []
  const walk = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.shadowRoot) {
      walk(element.shadowRoot)
    }
    const acts = element.matches("button, select, input, [role=button], [role=slider]")
    const named = element.ariaLabel || element.textContent.trim() && !element.matches("select, [role=slider]")
      || element.title || element.labels?.length || element.getAttribute("aria-labelledby")
    if (acts && !named && element.offsetWidth > 0) {
      found.push(element.outerHTML.slice(0, 120))
    }
  })
  walk(document)
  return found
}"""
"""The buttons and fields that have no name for a screen reader."""


REFUSED_BY_AXE = """() => {
  const found = []
  let last = 0
  const walk = (root) => root.querySelectorAll("*").forEach((element) => {
    const { width, height } = element.getBoundingClientRect()
    if (width > 0 && /^H[1-6]$/.test(element.tagName)) {
      const level = Number(element.tagName[1])
      if (level > last + 1) {
        found.push(`heading-order: ${element.outerHTML}`)
      }
      last = level
    }
    if (element.closest("[role=grid]") && !element.closest("[role=row]") && element.matches("[tabindex], button")
        && !element.matches("[role=grid]")) {
      found.push(`aria-required-children: ${element.outerHTML.slice(0, 120)}`)
    }
    const small = width > 0 && height > 0 && Math.min(width, height) < 24
    if (small && element.matches(".bk-spin-btn, .tabulator-cell a")) {
      found.push(`target-size: ${element.outerHTML.slice(0, 120)}`)
    }
    if (element.shadowRoot) {
      walk(element.shadowRoot)
    }
  })
  walk(document)
  return found
}"""
"""What axe-core 4 has found on these pages, by its rules: it is not installed here, and takes seconds a page."""


def fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")


def test_flow_shows_the_papers_experiment_and_follows_lambda(address, visit):
    page = visit(f"{address}/flow")
    before = loss_of(page)
    assert agrees(before)
    assert page.title() == "Flow · reluflow"
    assert drawn(page) == 5
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(REFUSED_BY_AXE) == []
    assert page.evaluate(CUT) == []
    assert len(page.evaluate(FAMILIES)) == 1
    assert slider(page, "Scale").get_attribute("aria-valuetext") == "−6"
    slider(page, "Scale").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("new URL(location).searchParams.get('init.log10_scale') === '-7.0'")
    found = loss_of(page)
    # The address says what was asked for; the picture follows. If it never does, the test times out.
    while not agrees(found, **{"init.log10_scale": -7.0}):
        page.wait_for_timeout(50)
        found = loss_of(page)
    assert found["t"][-1] > before["t"][-1]
    fits_a_phone(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_fits_a_phone(address, catalog, visit, name):
    there, figures = PAGES[name]
    run_id, other = catalog.run_ids()
    query = name.format(run=run_id, other=other, sweep=catalog.sweeps.run_ids()[0])
    page = visit(f"{address}/{query}", ready=there)
    assert drawn(page) >= figures
    if name.startswith("catalog"):
        assert page.locator(".tabulator-row").count() >= 2
    assert page.get_by_text("unexpected error").count() == 0
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(REFUSED_BY_AXE) == []
    assert page.evaluate(CUT) == []
    assert len(page.evaluate(FAMILIES)) == 1
    fits_a_phone(page)


def test_the_page_without_a_server_shows_the_run_at_its_time(visit, tree, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(write_standalone_page(tree))
    page = visit(path.as_uri(), ready="canvas")
    page.wait_for_function("window.Bokeh?.documents[0]?.get_model_by_name('now') != null")
    frames = read_frames(tree)
    for frame in (len(frames.samples) - 1, len(frames.samples) // 2):
        page.locator("#frame").fill(str(frame))
        shown = page.evaluate(
            "Array.from(Bokeh.documents[0].get_model_by_name('network').renderers[0].data_source.data.y)"
        )
        assert shown == pytest.approx(frames.function[frame].tolist(), abs=1e-6)
    assert "t = " in page.locator("#when").inner_text()
