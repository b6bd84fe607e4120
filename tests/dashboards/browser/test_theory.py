"""The page of the theory in a real browser."""

import pytest

from catalog import open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

WAIT = 60_000
"""Milliseconds: a loaded machine takes its time."""


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    return serve(tmp_path_factory.mktemp("catalog"))


@pytest.fixture
def opened(visit, address):
    """Opens a page and waits until it is whole."""

    def opened(query="", width=1280):
        page = visit(f"{address}/theory{query}", width=width, height=900, ready="")
        page.get_by_role("heading", name="The ladder of").wait_for(timeout=WAIT)
        return page

    return opened


def test_the_form_the_filter_and_the_link_that_restores_them(opened):
    page = opened()
    page.get_by_label("log₁₀ of the scale", exact=True).fill("-1000")
    page.get_by_label("log₁₀ of the scale", exact=True).press("Enter")
    page.wait_for_timeout(500)  # Panel waits 50 ms for more digits, but not with a click: no hand is as quick
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("λ = 1.3 × 10⁻¹⁰⁰¹").wait_for(timeout=WAIT)
    page.get_by_role("heading", name="The ladder of").wait_for(timeout=WAIT)
    page.get_by_role("button", name="holds").click()
    page.wait_for_url("**verdict=holds**", timeout=WAIT)
    rows = page.get_by_role("table", name="The paper's statements").get_by_role("row")
    shown = rows.all_inner_texts()
    assert 10 < len(shown) <= 26  # the head, the 18 of the paper, the 7 on any data
    assert all("✓ holds" in row for row in shown[1:])
    again = opened(f"?{page.url.partition('?')[2]}")
    assert again.get_by_text("λ = 1.3 × 10⁻¹⁰⁰¹").count() == 1
    table = again.get_by_role("table", name="The paper's statements")
    assert table.get_by_role("row").all_inner_texts() == shown


def test_the_ladder_is_computed_behind_the_page(opened):
    page = opened("?preset=orthogonal&init.width=8")
    page.get_by_role("button", name="Compute it").click()
    page.get_by_role("status").filter(has_text="of 26 runs").wait_for()
    page.get_by_role("table", name="The measured exponent").wait_for(timeout=3 * WAIT)
    assert page.get_by_text("Kept as ladder-").count() == 1
    # Whoever comes next has it at once.
    assert (
        opened("?preset=orthogonal&init.width=8").get_by_role("table", name="The measured exponent").count() == 1
    )


def test_a_run_that_appears_is_offered_by_itself(visit, serve, tmp_path):
    page = visit(f"{serve(tmp_path)}/theory?preset=orthogonal&init.width=4", ready=".bk-Figure")
    page.get_by_label("Run or preset").select_option("leaky")
    run(load_config("orthonormal", {"init.width": 4, "flow.samples": 10}), open_catalog(tmp_path))
    page.locator("option", has_text="orthonormal-").wait_for(state="attached")
    assert page.get_by_label("Run or preset").input_value() == "leaky"


def test_the_contents_lead_to_the_cards(opened):
    page = opened("?preset=orthogonal&init.width=8")
    heading = page.get_by_role("heading", name="Neurons", exact=True)
    heading.wait_for()
    assert heading.bounding_box()["y"] > 900
    page.get_by_role("button", name="Neurons", exact=True).click()
    for _ in range(100):
        if heading.bounding_box()["y"] < 200:
            break
        page.wait_for_timeout(50)
    assert 0 <= heading.bounding_box()["y"] < 200
