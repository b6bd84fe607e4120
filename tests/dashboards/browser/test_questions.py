"""Twenty questions, each answered on the pages by the clicks that the manual names.

The answers are taken from the runs' own variables, and looked for in what a visitor reads.
"""

import re
from pathlib import Path

import numpy as np
import pytest
from served import REPOSITORY

from catalog import decode, open_catalog
from pipeline import load_config, run

pytestmark = pytest.mark.slow

SMALL = {"init.width": 12, "flow.samples": 60}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Two runs of the paper's experiment, at two scales."""
    catalog = open_catalog(tmp_path_factory.mktemp("questions"))
    for scale in (-6.0, -2.0):
        run(load_config("orthogonal", SMALL | {"init.log10_scale": scale}), catalog)
    return catalog


@pytest.fixture(scope="module")
def runs(catalog):
    """The identifiers of the two runs, the one of the small scale first."""
    frame = catalog.frame().sort_values("init.log10_scale")
    return list(frame.index)


@pytest.fixture(scope="module")
def tree(catalog, runs):
    return catalog[runs[0]].load()


@pytest.fixture(scope="module")
def address(serve, catalog):
    return serve(catalog.storage.url)


@pytest.fixture
def read(visit, address, runs):
    """Opens a page, clicks, and waits until the page says all of the words."""

    def read(where, *clicks, says):
        page = visit(
            f"{address}/{where.format(run=runs[0], other=runs[1])}", ready="main .bk-panel-models-layout-Column"
        )
        for click in clicks:
            click(page)
        for words in says:
            page.get_by_text(words).first.wait_for(timeout=60_000)
        return page

    return read


def fill(label, text):
    def click(page):
        field = page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")

    return click


def choose(label, option):
    def click(page):
        field = page.get_by_label(label, exact=True)
        found = field.locator("option").filter(has_text=option).first
        found.wait_for(state="attached")
        field.select_option(value=found.get_attribute("value"))

    return click


def press(name):
    return lambda page: page.get_by_role("button", name=name).first.click()


def listed(numbers):
    """How the Flow page lists selected neurons."""
    return f"Selected: {', '.join(map(str, numbers))}."


def states(tree, time):
    """The states of all neurons at the sample nearest to a time, and the sample."""
    frame = int(np.argmin(np.abs(tree["trajectory/time"].values - time)))
    return decode(tree["trajectory/activation"].isel(time=frame)), frame


def flow_at(tree, time):
    """The address of the Flow page at a time."""
    return f"flow?run={{run}}&t={time:.6g}"


def test_which_neurons_were_active_at_point_1_when_the_first_saddle_was_left(read, tree):
    left = float(tree["plateaus/end"][0])
    on, _ = states(tree, left)
    answer = listed(np.flatnonzero(on[:, 1] == "on").tolist())
    read(flow_at(tree, left), fill("Select neurons", "on_1"), says=[answer])


def test_how_did_neuron_7_turn(read, tree):
    first, last = (tree["trajectory/direction"].isel(neuron=7, time=i).values for i in (0, -1))
    angle = np.degrees(np.arccos(np.clip(first @ last, -1, 1)))
    read("flow?run={run}", fill("Select neurons", "7"), says=["turned from start to end by", f"{angle:.1f}°"])


def test_which_runs_end_with_one_kink(read, catalog, runs):
    kinks = catalog.frame()["kinks"]
    most = int(kinks.iloc[0])
    found = [run_id for run_id in runs if kinks[run_id] == most]
    said = f"{len(found)} of 2 runs" if len(found) < 2 else "2 runs"
    page = read("catalog", fill("Only runs where", f"kinks == {most}"), says=[said])
    for run_id in found:
        page.get_by_role("link", name=run_id).first.wait_for()


def test_when_does_alignment_end_and_what_does_the_paper_say(read, tree):
    measured, predicted = (float(tree[f"phases/{name}"]) for name in ("t1", "t1_predicted"))
    page = read("flow?run={run}", says=["The ends of the phases"])
    cells = page.get_by_role("table", name="The ends of the phases").get_by_role("row").nth(1).inner_text().split()
    assert cells == ["t₁", f"{measured:#.3g}", f"{predicted:#.3g}"]


def test_which_neurons_slide_now(read, tree):
    sliding = (decode(tree["trajectory/activation"]) == "sliding").any(axis=2)
    frame = int(np.argmax(sliding.sum(axis=1)))
    found = np.flatnonzero(sliding[frame]).tolist()
    answer = listed(found) if found else "No neuron is selected at this time"
    time = float(tree["trajectory/time"][frame])
    read(flow_at(tree, time), choose("By a property", "sliding now"), says=[answer])


def test_how_large_are_the_residuals_at_t_10(read, tree):
    frame = states(tree, 10.0)[1]
    first = float(tree["trajectory/residual"][frame, 0])
    page = read(flow_at(tree, 10.0), says=["residuals"])
    page.get_by_text(re.compile(re.escape(f"{first:.4g}".replace("-", "−")))).first.wait_for()


def test_which_statements_fail(read, tree):
    verdicts = decode(tree["statements/verdict"])
    page = read("theory?run={run}", press("fails"), says=["The paper's statements"])
    page.wait_for_url("**verdict=fails**")
    rows = page.get_by_role("table", name="The paper's statements").get_by_role("row").count() - 1
    assert rows == int((verdicts == "fails").sum())


def test_how_close_is_the_end_to_the_minimum_norm(read, tree):
    end = float(tree["trajectory/time"][-1])
    least = float(tree["minimal_norm/value"])
    read(flow_at(tree, end), says=["least ½ |θ|²", f"{least:.7g}"])


def test_which_neurons_end_in_the_largest_cluster(read, tree):
    from dashboards.neurons.columns import NeuronColumns

    groups = {name: tree[name].to_dataset() for name in ("data", "trajectory", "phases")}
    found = np.flatnonzero(NeuronColumns(groups, 0)["end_cluster"] == 0).tolist()
    read("flow?run={run}&t=0", fill("Select neurons", "end_cluster == 0"), says=[listed(found)])


def test_when_did_a_neuron_cross_a_boundary_and_of_which_point(read, tree):
    words = decode(tree["trajectory/activation"])
    change = np.argwhere(words[1:] != words[:-1])[0]
    frame, neuron, point = (int(one) for one in change)
    old, new = words[frame, neuron, point], words[frame + 1, neuron, point]
    said = {"sliding": f"begins to slide along the boundary of point {point}"}
    answer = said.get(new, f"crosses the boundary of point {point}: {old} → {new}")
    read("flow?run={run}", fill("Select neurons", str(neuron)), says=[answer])


def test_how_fast_does_the_flow_escape_from_the_second_plateau(read, tree):
    rate = float(tree["plateaus/escape_rate"][1])
    read(
        "explore?run={run}", choose("Variable", "escape_rate"), press("Some values as a table"),
        says=[f"{rate:.5g}"],
    )  # fmt: skip


def test_how_do_the_losses_of_two_runs_compare_between_t_2_and_8(read, catalog, runs):
    page = read(
        "explore?runs={run},{other}&show=trajectory/loss&window=2,8", choose("Scale of values", "log"), says=runs
    )
    page.wait_for_url("**scale=log**")
    assert page.get_by_text("Shown is loss L over time t").count() == 2


def test_which_neurons_are_off_everywhere_at_the_end(read, tree):
    on = decode(tree["trajectory/activation"].isel(time=-1)) == "on"
    found = np.flatnonzero(~on.any(axis=1)).tolist()
    read("flow?run={run}&t=0", fill("Select neurons", "end_active == 0"), says=[listed(found)])


def test_which_role_has_neuron_3(read, tree):
    role = str(decode(tree["phases/role"])[3])
    names = {"positive": "S₊,₁", "negative": "S₋,₁", "other": "other neurons"}
    page = read("flow?run={run}", fill("Select neurons", "3"), says=["The life of a neuron", "sign of a"])
    page.locator("dd", has_text=names[role]).first.wait_for()


def test_how_many_kinks_has_the_function_over_time(read, tree):
    kinks = tree["function/number_of_kinks"].values
    read(
        "explore?run={run}", choose("Variable", "number_of_kinks"), says=[f"from {kinks.min()} to {kinks.max()}."]
    )


def test_does_an_output_weight_change_its_sign(read, tree):
    ratio = tree["trajectory/output_ratio"].values
    read(
        "explore?run={run}", choose("Variable", "output_ratio"), fill("Select neurons", "sign > 0"),
        says=[f"from {ratio.min():.4g} to {ratio.max():.4g}".replace("-", "−"), "Selected: "],
    )  # fmt: skip


def test_which_scale_has_the_run_and_how_did_it_end(read, tree):
    read("flow?run={run}", says=["converged", "The residual fell below 10⁻¹²"])


def test_where_are_the_kinks_at_the_end(read, tree):
    positions = tree["function/kink_position"].isel(instant=-1).values
    last = float(positions[np.isfinite(positions)][0])
    read(
        "explore?run={run}", choose("Variable", "kink_position"), choose("Along x", "kink"),
        press("Some values as a table"), says=[f"{last:.5g}"],
    )  # fmt: skip


def test_which_statement_has_the_least_margin(read, tree):
    page = read("theory?run={run}", choose("Sorted by", "margin, least first"), says=["The paper's statements"])
    page.wait_for_url("**sort=margin**")


def test_in_what_do_two_runs_differ(read, runs):
    page = read("catalog?compare={run},{other}", says=["init.log10_scale"])
    assert page.get_by_text("Side by side").count() or page.get_by_text(runs[0]).count()


def test_every_question_of_the_manual_is_one_of_these():
    manual = (Path(REPOSITORY) / "docs" / "dashboard.md").read_text()
    table = manual[manual.index("## Twenty questions") :].split("\n## ")[0]
    asked = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(asked) == len([name for name in globals() if name.startswith("test_")]) - 1 == 20
