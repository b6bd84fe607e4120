"""What a run stores of its small start, and what it leaves out."""

import json

import numpy as np
import pytest

from catalog.schema import decode
from pipeline import limit_process, load_config, predict_alignment, run, tangent_kernel_spectrum
from pipeline.cli.start_report import limit_lines
from pipeline.stationary import FrozenFlow
from pipeline.workflow import small_start
from pipeline.workflow.computation import follow, prepare, start_of
from pipeline.workflow.results import every_result
from pipeline.workflow.summary import summarise

GROUPS = {"alignment", "jumps", "kernel"}


@pytest.fixture(scope="module")
def config():
    return load_config("non-orthogonal", {"flow.samples": 150})


@pytest.fixture(scope="module")
def groups(config):
    return {name: node.to_dataset() for name, node in run(config).children.items()}


def test_what_is_stored_is_what_the_stages_say(config, groups):
    data = prepare(config)
    init = start_of(config, data)
    predicted, limit = predict_alignment(data, init), limit_process(data, init)
    assert np.allclose(groups["alignment"]["value"], predicted["value"], rtol=0, atol=1e-12)
    assert (groups["alignment"]["partner"].values == predicted["partner"].values).all()
    assert set(decode(groups["alignment"]["kind"])) == {"maximum", "minimum"}
    assert np.allclose(groups["jumps"]["loss"], limit["loss"])
    assert np.allclose(groups["jumps"]["tau"], limit["time"])
    # The first neuron to escape is one of the largest rate.
    fastest = predicted["direction"].values[int(np.argmax(np.abs(predicted["value"].values)))]
    assert np.allclose(groups["jumps"]["escaping_direction"].values[1], fastest, atol=1e-6)


def test_the_start_s_frozen_flow_is_followed_once(config, monkeypatch):
    """The limit begins with it, and the neurons' partners are where it ends."""
    widths = []
    real = FrozenFlow.follow
    monkeypatch.setattr(
        FrozenFlow, "follow", lambda flow, start: widths.append(len(start.ratio)) or real(flow, start)
    )
    found = run(config)
    assert widths[0] == config.init.width
    assert len(widths) == len(found["jumps"]["loss"])  # one a plateau, none for the partners


def test_the_kernel_s_rates_are_beside_the_measured_one(groups):
    kernel, at = groups["kernel"], groups["trajectory"].sel(time=groups["kernel"]["time"])
    assert kernel.sizes["time"] == small_start.KERNEL_SAMPLES[1]
    assert np.allclose(kernel["slowest_rate"], 2 * kernel["eigenvalue"][:, -1])
    assert np.allclose(kernel["measured_rate"], at["gradient_norm"] ** 2 / at["loss"], rtol=1e-9)
    rate, fastest = kernel["measured_rate"].values, 2 * kernel["eigenvalue"].values[:, 0]
    assert (rate >= kernel["slowest_rate"].values * (1 - 1e-6)).all()
    assert (rate <= fastest * (1 + 1e-6)).all()


def test_a_plateau_has_the_limit_s_beside_it_and_one_that_is_too_short_is_none(groups):
    """At 1e-6 the saddle of loss 0.038 is not seen: the run's second plateau is the limit's third."""
    plateaus = groups["plateaus"]
    assert plateaus["limit_number"].values.tolist() == [0, 2]
    assert np.allclose(plateaus["limit_loss"], plateaus["stationary_loss"], atol=1e-9)
    assert float(plateaus["limit_start"][1]) == pytest.approx(109.4, abs=0.1)


def test_a_plateau_of_another_loss_has_no_partner(groups):
    other = groups["plateaus"].assign(stationary_loss=("plateau_number", [0.087, 0.05]))
    found = small_start.with_partners(other, groups["jumps"], float(groups["trajectory"]["log_init_scale"]))
    assert found["limit_number"].values.tolist() == [0, small_start.NO_PARTNER]
    assert np.isnan(found["limit_loss"][1])


def test_the_summary_lists_the_directions_to_which_neurons_go(groups):
    summary = summarise(groups)
    rows = json.loads(summary["direction_table"])
    assert sum(row["positive"] + row["negative"] for row in rows) == (groups["alignment"]["partner"] >= 0).sum()
    assert [row["rate"] for row in rows] == sorted((row["rate"] for row in rows), reverse=True)
    assert summary["limit_plateaus"] == 4
    assert summary["slowest_rate"] == pytest.approx(0.0343, abs=1e-4)
    assert not any(every_result()[name].in_cubes for name in ("limit_plateaus", "statements.first_escape"))


def test_a_large_start_has_no_limit_and_says_why():
    tree = run(load_config("orthogonal-large", {"flow.samples": 20}))
    assert GROUPS & set(tree.children) == {"kernel"}
    reasons = tree["statements"]["verdict"].attrs["reasons"]
    assert sum("the start is not small" in reason for reason in reasons) == 5


def test_what_would_take_seconds_is_left_out_in_one_line(config, groups, monkeypatch):
    monkeypatch.setattr(small_start, "PRODUCTS_LIMIT", 299)
    monkeypatch.setattr(small_start, "KERNEL_POINTS_LIMIT", 4)
    data = prepare(config)
    trajectory = groups["trajectory"]
    assert "n m = 300: a run predicts" in small_start.not_predicted(data, trajectory)
    assert small_start.kernel_samples(data, trajectory) == 0
    left = small_start.with_small_start({name: groups[name] for name in groups.keys() - GROUPS})
    assert not GROUPS & left.keys()


def test_cells_of_a_sweep_do_without(config):
    found, _ = follow(config, prepare(config))
    assert not GROUPS & found.keys()
    assert found["statements"].sizes["statement"] == 18


def test_eigenvalues_of_all_samples_and_of_some_agree(config, groups):
    data, trajectory = prepare(config), groups["trajectory"].isel(time=slice(None, None, 30))
    some, whole = (tangent_kernel_spectrum(data, trajectory, samples=samples) for samples in (3, None))
    assert some.sizes["time"] == 3
    assert np.allclose(some["eigenvalue"], whole["eigenvalue"].sel(time=some["time"]))


def test_a_limit_that_takes_long_is_told_as_one_that_was_cut(monkeypatch):
    monkeypatch.setattr(small_start, "LIMIT_WORK", 5e3)
    summary = summarise(run(load_config("small-width", {"flow.samples": 20})))
    rows = json.loads(summary["limit_table"])
    assert 1 < len(rows) < 5
    assert {row["followed"] for row in rows} == {0}
    (said, *_) = limit_lines(summary, set())
    assert "it was followed no further (reluflow theory limit); there 1/2 |theta|^2 = " in said
