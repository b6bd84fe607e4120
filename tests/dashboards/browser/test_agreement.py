"""On the Flow page every control's value, the address, and what is computed and said agree, whatever is done."""

import json
import re

import pytest
from flow_page import MODELS, agrees, loss_of, query, slider

from catalog import open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

OWN = """
[data]
x = [[-1.0], [0.5], [2.0]]
y = [1.0, -0.5, 0.7]
bias = true
[init]
width = 40
log10_scale = -3.0
seed = 7
[flow]
samples = 100
"""
PLOTS = f"""() => {{
  {MODELS}
  const figure = (text) => models.find((model) => model.type === "Figure" && model.title?.text.startsWith(text))
  const sources = models.filter((model) => model.type === "ColumnDataSource").map(columns)
  const plot = figure("Residuals")
  return {{
    label: plot.below[0].axis_label, end: plot.x_range.end, reset: plot.x_range.reset_end,
    cursor: sources.find((data) => data.t && data.t.length === 1 && Object.keys(data).length === 1).t[0],
    points: sources.find((data) => data.x && data.y && Object.keys(data).length === 2).y,
    neurons: sources.find((data) => data.kink).x.length,
  }}
}}"""
"""What the browser's plots have."""
FOCUSED = """() => {
  let element = document.activeElement
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  return element.textContent || element.value
}"""
"""What the element that has the focus says."""


@pytest.fixture(scope="module")
def published(serve, tmp_path_factory):
    """The dashboard of a catalog with a run of one's own; and that catalog."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.toml").write_text(OWN)
    catalog = open_catalog(folder / "catalog")
    run(load_config(folder / "mine.toml"), catalog)
    return serve(folder / "catalog"), catalog


def rested(page):
    """Wait until all is there that will be: the address and, last of all, the times in words."""
    page.wait_for_function("new URL(location).searchParams.has('theme')")
    page.get_by_text("measured").wait_for()


def address_has(page, key, value):
    page.wait_for_function(f"new URL(location).searchParams.get('{key}') === '{value}'")


def comes_true(page, condition, what):
    """Wait for a condition on what the plots have."""
    for _ in range(300):
        found = page.evaluate(PLOTS)
        if condition(found):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"{what}: {found}")


def said(page):
    """The notices' lines."""
    return page.locator(".notice p")


def test_a_control_that_moves_keeps_all_else_of_a_published_run(published, visit):
    address, catalog = published
    (run_id,) = catalog.run_ids()
    page = visit(f"{address}/flow?run={run_id}")
    rested(page)
    slider(page, "Slope").focus()
    page.keyboard.press("ArrowRight")
    address_has(page, "flow.slope", "0.01")
    assert query(page)["run"] == run_id
    found = page.evaluate(PLOTS)
    assert list(found["points"]) == [1.0, -0.5, 0.7]
    assert found["neurons"] == 40
    page.get_by_role("button", name="Save as a run").click()
    link = page.get_by_role("link", name=re.compile("^mine-"))
    link.wait_for()
    saved = catalog.manifest(link.inner_text()).configuration
    was = catalog.manifest(run_id).configuration
    assert saved == {**was, "flow": {**was["flow"], "slope": 0.01}}
    again = visit(page.url)  # the link leads the other side to the same
    rested(again)
    assert again.evaluate(PLOTS)["neurons"] == 40
    assert query(again) == query(page)


def test_every_click_on_a_clock_changes_the_plots(served, visit):
    page = visit(f"{served}/flow")
    rested(page)
    labels = {
        "t": "time t of the flow",
        "t/(−ln λ)": "t/(−ln λ)",
        "iterations": "gradient-descent iterations (step 10⁻³)",
    }
    ends = {}
    for _ in range(4):
        for name, label in labels.items():
            page.get_by_role("button", name=name, exact=True).click()
            found = comes_true(page, lambda plots, label=label: plots["label"] == label, name)
            assert found["end"] == ends.setdefault(name, found["end"])
    assert ends["iterations"] == pytest.approx(ends["t"] / 2e-3)
    assert said(page).count() == 0


def cell(page, row, column):
    return page.locator(".tabulator-row").nth(row).locator(f".tabulator-cell[tabulator-field={column}]")


def edit(page, row, column, text, key="Enter"):
    field = page.locator(".tabulator-cell input")
    for _ in range(30):  # a click that comes while the rows are built opens no field: then once more
        cell(page, row, column).click()
        page.wait_for_timeout(20)
        if field.count():
            break
        page.wait_for_timeout(500)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    page.keyboard.press(key)


def test_no_edit_of_the_table_is_lost(served, visit):
    page = visit(f"{served}/flow")
    rested(page)
    cell(page, 1, "y").wait_for()
    for number in range(30):
        value = round(0.5 + 0.013 * number, 3)
        edit(page, number % 2, "y", f"{value}")
        if number % 3 == 0:  # the others follow at once
            comes_true(page, lambda plots, at=number % 2, value=value: plots["points"][at] == value, value)
    last = [round(0.5 + 0.013 * number, 3) for number in (28, 29)]
    comes_true(page, lambda plots: list(plots["points"]) == last, last)
    page.wait_for_function(f"new URL(location).searchParams.get('data.y') === '{json.dumps(last)}'")
    assert [float(cell(page, row, "y").inner_text()) for row in range(2)] == last


def test_tab_walks_through_the_table_and_out_of_it(served, visit):
    page = visit(f"{served}/flow")
    rested(page)
    edit(page, 0, "x", "-0.4", key="Tab")
    for value in ("-0.9", "2.1"):
        page.keyboard.press("Control+a")
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Add a point"
    address_has(page, "data.x", "[[-0.4], [2.1]]")
    address_has(page, "data.y", "[-0.9, 1.0]")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED) == "1"  # the field of the last cell


def test_back_and_forward_lead_to_what_the_address_says(served, visit):
    page = visit(f"{served}/catalog", ready=".tabulator-row")
    page.get_by_role("link", name="Flow", exact=True).click()
    rested(page)
    for scale in ("-6.25", "-6.5"):
        slider(page, "Scale").focus()
        page.keyboard.press("ArrowRight")
        address_has(page, "init.log10_scale", scale)
    page.evaluate("history.back()")
    address_has(page, "init.log10_scale", "-6.25")
    page.locator(".bk-input-group", has_text="-6.25").wait_for()
    assert agrees(loss_of(page), **{"init.log10_scale": -6.25})
    page.evaluate("history.forward()")
    page.locator(".bk-input-group", has_text="-6.5").wait_for()
    assert agrees(loss_of(page), **{"init.log10_scale": -6.5})
    for scale in ("-6.25", "-6.0"):
        page.evaluate("history.back()")
        page.locator(".bk-input-group", has_text=f"λ√m: {float(scale):g}").wait_for()
    page.evaluate("history.back()")
    page.wait_for_url("**/catalog*")  # what the page itself wrote into its address is no step


def test_a_seed_that_is_none_is_said_and_put_back_and_any_other_is_taken(served, visit):
    page = visit(f"{served}/flow?init.seed=7")
    rested(page)
    field = page.get_by_label("Seed", exact=True)
    for seed in ("-3", "99999999999999999999999", ""):
        field.fill(seed)
        field.press("Enter")
        said(page).get_by_text("init.seed").wait_for()
        page.wait_for_function("input => input.value === '7'", arg=field.element_handle())
        assert query(page)["init.seed"] == "7"
        page.get_by_role("button", name="Close").click()
        said(page).first.wait_for(state="hidden")
    for seed in ("8", "99999999999"):
        field.fill(seed)
        field.press("Enter")
        address_has(page, "init.seed", seed)
        assert field.input_value() == seed
    assert agrees(loss_of(page), **{"init.seed": 99999999999})


def test_a_slope_of_the_address_is_what_the_slider_says(served, visit):
    page = visit(f"{served}/flow?flow.slope=-0.5")
    rested(page)
    page.locator(".bk-input-group", has_text="Slope of the leaky ReLU: -0.5").wait_for()
    slider(page, "Slope").focus()
    page.keyboard.press("ArrowRight")
    address_has(page, "flow.slope", "0.0")
    page.locator(".bk-input-group", has_text="Slope of the leaky ReLU: 0").wait_for()


def test_an_address_that_cannot_be_computed_shows_the_preset_and_says_so(served, visit):
    """Two labels for one ray through the origin: no flow of the paper's; and neurons that are not there."""
    page = visit(f"{served}/flow?init.log10_scale=50&init.width=9&data.x=[[1e200],[2]]&data.y=[1,2]&select=[999]")
    rested(page)
    said(page).get_by_text("Shown is the preset orthogonal.").wait_for()
    assert query(page)["data.x"] == "[[-0.5], [2.0]]"
    assert agrees(loss_of(page))


def test_notices_go_with_the_next_thing_or_when_they_are_closed(served, visit):
    page = visit(f"{served}/flow?select=[3,999]")
    rested(page)
    said(page).get_by_text("select = 999 is not a neuron of this run: allowed are 0 to 59.").wait_for()
    assert query(page)["select"] == "[3]"
    page.get_by_role("button", name="Close").click()
    said(page).first.wait_for(state="hidden")
    page.goto(f"{served}/flow?clock=moon")
    rested(page)
    said(page).get_by_text("moon").wait_for()
    page.get_by_role("button", name="iterations").click()
    said(page).first.wait_for(state="hidden")


def test_the_plots_and_the_sentence_follow_the_cursor(served, visit):
    page = visit(f"{served}/flow?t=1e9")
    rested(page)
    late = comes_true(page, lambda plots: plots["cursor"] > 0, "a cursor")
    assert late["cursor"] <= late["end"] == late["reset"]
    page.get_by_text("the flow is in the phase 'convergence'").wait_for()
    page.locator(".first").first.click()
    early = comes_true(page, lambda plots: plots["cursor"] == 0 and plots["end"] < late["end"], "the usual end")
    assert early["reset"] == early["end"]
    page.get_by_text("At t = 0 the flow is in the phase 'alignment' and the loss is 0.5.").wait_for()
    assert page.locator("dd").first.inner_text() == "0"
    address_has(page, "t", "0")
