"""The Flow page in a real browser."""

import json

import pytest
from flow_page import FRAME, LOSS, agrees, loss_of, place, query

pytestmark = pytest.mark.slow


def drag(page, start, stop):
    """Take hold at one point and go to another, in steps as of a hand; it is not let go."""
    (left, top), (right, bottom) = place(page, *start), place(page, *stop)
    page.mouse.move(left, top)
    page.mouse.down()
    for step in range(1, 16):
        page.mouse.move(left + (right - left) * step / 15, top + (bottom - top) * step / 15)
        page.wait_for_timeout(30)


def test_the_flow_follows_a_point_that_is_dragged(served, visit):
    page = visit(f"{served}/flow")
    loss_of(page)
    page.wait_for_function("new URL(location).searchParams.has('data.x')")
    drag(page, (2.0, 1.0), (2.5, 1.4))
    page.wait_for_function(f"({LOSS})().loss[0] > 0.7")  # (1 + 1.4^2)/4, the button still down
    page.mouse.up()
    page.wait_for_function("new URL(location).searchParams.get('data.x').includes('2.5')")
    said = {key: json.loads(query(page)[key]) for key in ("data.x", "data.y")}
    assert said["data.x"][0] == [-0.5]
    assert said["data.y"] == [-1.0, pytest.approx(1.4, abs=0.01)]
    assert agrees(loss_of(page), **said)


def test_a_drag_beside_the_points_moves_nothing(served, visit):
    page = visit(f"{served}/flow")
    before = loss_of(page)
    page.wait_for_function("new URL(location).searchParams.has('data.x')")
    drag(page, (1.0, -1.0), (1.5, -1.3))
    page.mouse.up()
    page.wait_for_timeout(500)
    assert loss_of(page) == before
    assert json.loads(query(page)["data.x"]) == [[-0.5], [2.0]]


def test_a_link_restores_everything(served, visit):
    keys = {
        "preset": "orthogonal", "init.log10_scale": "-3.5", "init.width": "30", "init.seed": "4", "t": "9",
        "clock": "scaled", "loss": "log", "select": "[1,2]", "theme": "dark", "flow.slope": "0.0",
    }  # fmt: skip
    page = visit(f"{served}/flow?" + "&".join(f"{key}={value}" for key, value in keys.items()))
    page.wait_for_function("new URL(location).searchParams.has('data.x')")
    said = query(page)
    for key in set(keys) - {"t", "select"}:
        assert said[key] == keys[key], key
    assert sorted(json.loads(said["select"])) == [1, 2]
    assert abs(float(said["t"]) - 9) < 0.5
    again = visit(page.url)
    again.wait_for_function("new URL(location).searchParams.has('data.x')")
    assert query(again) == said
    last = visit(f"{served}/flow?t=40")  # drawn with the page, as the server has the run by now
    last.wait_for_function("new URL(location).searchParams.has('data.x')")
    assert int(last.locator("input[type=range]").input_value()) == last.evaluate(FRAME) > 100


def test_gradient_descent_beside_the_flow(served, visit):
    page = visit(f"{served}/flow?t=25")
    loss_of(page)
    page.wait_for_function("new URL(location).searchParams.has('data.x')")
    page.get_by_label("Beside the run").select_option("gradient descent, step 0.1")
    page.get_by_text("gradient descent, step 0.1: L = ").wait_for()
    page.wait_for_function("new URL(location).searchParams.get('beside') === 'descent-0.1'")
    linked = visit(page.url)
    linked.get_by_text("gradient descent, step 0.1: L = ").wait_for()


def test_the_player_plays_and_stops(served, visit):
    page = visit(f"{served}/flow?t=0")
    loss_of(page)
    page.wait_for_function("new URL(location).searchParams.has('data.x')")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"({FRAME})() > 10")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    stopped = page.evaluate(FRAME)
    page.wait_for_timeout(1500)
    assert page.evaluate(FRAME) == stopped


def test_a_wild_address_ends_in_a_sentence(served, visit):
    """What is said of every other one: tests/dashboards/views/flow/test_page.py."""
    page = visit(f"{served}/flow?clock=sundial&data.y=<script>alert(1)</script>")
    page.get_by_role("status").get_by_text("data.y").wait_for()
    page.get_by_role("status").get_by_text("clock = 'sundial' is not known").wait_for()
    loss_of(page)


def test_a_run_is_saved_and_opens(serve, tmp_path, visit):
    address = serve(tmp_path / "catalog")
    page = visit(f"{address}/flow?init.width=8")
    loss_of(page)
    page.get_by_role("button", name="Save as a run").click()
    link = page.get_by_role("link", name="orthogonal-")
    link.wait_for()
    opened = visit(f"{address}/{link.get_attribute('href')}")
    opened.locator("b", has_text="Run orthogonal-").wait_for()
    assert agrees(loss_of(opened), **{"init.width": 8})


def test_two_people_at_once(served, visit):
    one, other = visit(f"{served}/flow?init.seed=1"), visit(f"{served}/flow?init.seed=2")
    assert agrees(loss_of(one), **{"init.seed": 1})
    assert agrees(loss_of(other), **{"init.seed": 2})
