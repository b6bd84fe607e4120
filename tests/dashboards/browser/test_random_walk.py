"""A browser that walks at random over all pages: no console error, no message of an unexpected error."""

import os
import random
import time

import pytest
from invented_cubes import plan_of, publish_cube

from catalog import open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("RELUFLOW_WALK_SECONDS", "60"))
"""How long it walks; the seed is said when something is found."""
PAGES = ("flow", "theory", "explore", "sweeps", "catalog")
WORDS = (
    "3",
    "17-20",
    "sliding",
    "log_norm > -3",
    "role ==",
    "1e400",
    "<b>",
    "",
    "width == 12",
    "on_1 and sign < 0",
)
"""What it types."""


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("walk"))
    for scale in (-6.0, -2.0):
        run(load_config("orthogonal", {"init.width": 12, "flow.samples": 40, "init.log10_scale": scale}), catalog)
    publish_cube(catalog, plan_of())
    return serve(catalog.storage.url)


def seen(page, selector):
    return [one for one in page.locator(selector).all()[:60] if one.is_visible()]


def select(page, chance):
    found = seen(page, "main select")
    if found:
        field = chance.choice(found)
        values = field.locator("option").evaluate_all("options => options.map((one) => one.value)")
        field.select_option(value=chance.choice(values), timeout=3_000)


def press(page, chance):
    # No long computations, no downloads, no writing: the walk is about the pages.
    quiet = ":not(:has-text('Compute')):not(:has-text('Download')):not(:has-text('Save')):not(:has-text('Export'))"
    found = seen(page, f"main button{quiet}")
    if found:
        chance.choice(found).click(timeout=3_000, no_wait_after=True)


def slide(page, chance):
    found = seen(page, "main .noUi-handle")
    if found:
        chance.choice(found).focus(timeout=3_000)
        for _ in range(chance.randint(1, 6)):
            page.keyboard.press(chance.choice(["ArrowLeft", "ArrowRight", "Home", "End"]))


def type_words(page, chance):
    found = seen(page, "main input[type=text], main input:not([type])")
    if found:
        field = chance.choice(found)
        field.fill(chance.choice(WORDS), timeout=3_000)
        field.press("Enter", timeout=3_000)


def drag(page, chance):
    found = seen(page, ".bk-Figure")
    if found:
        box = chance.choice(found).bounding_box()
        if box is not None:
            x, y = (box[a] + chance.uniform(0.2, 0.8) * box[b] for a, b in (("x", "width"), ("y", "height")))
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + chance.uniform(-120, 120), y + 4, steps=4)
            page.mouse.up()
            chance.choice([page.mouse.click, page.mouse.dblclick])(x, y)


def leave(page, chance):
    page.locator("header nav a").nth(chance.randrange(len(PAGES))).click(no_wait_after=True)
    page.wait_for_timeout(1500)


STEPS = (select, select, press, slide, type_words, drag, leave)


@pytest.mark.timeout(900)
def test_a_random_walk_meets_no_error(visit, address):
    from playwright.sync_api import Error

    seed = random.randrange(10**6)
    chance = random.Random(seed)
    page = visit(f"{address}/flow", ready="main")
    ends, steps = time.monotonic() + SECONDS, []
    while time.monotonic() < ends:
        step = chance.choice(STEPS)
        steps.append(step.__name__)
        try:
            step(page, chance)
        except Error as error:  # what it wanted to click was replaced meanwhile
            steps.append(str(error).splitlines()[0][:60])
        page.wait_for_timeout(chance.randint(50, 700))
        said = page.get_by_text("unexpected error")
        assert said.count() == 0, (seed, page.url, said.first.inner_text(), steps[-12:])
    assert len(steps) > 10
