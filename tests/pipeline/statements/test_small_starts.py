"""The rows of small starts on any data: they hold where they should, and fail where a side is changed."""

import numpy as np
import pytest

from pipeline import check_small_start, load_config, run, statement_rows
from pipeline.statements.small_starts import CLAIMS


@pytest.fixture(scope="module")
def deep():
    """A run on data without the assumptions, at 1e-1000: all its groups."""
    config = load_config("small-width", {"init.log10_scale": -1000, "flow.samples": 200})
    return {name: node.to_dataset() for name, node in run(config).children.items()}


def sides(groups):
    names = {"plateaus": "plateaus", "comparison": "minimal_norm", "limit": "jumps", "alignment": "alignment"}
    return {side: groups[group] for side, group in names.items()} | {"trajectory": groups["trajectory"]}


def verdicts(found):
    return {name: row.verdict for name, (_, row) in check_small_start(**found).items()}


def test_they_hold_on_data_that_no_lemma_speaks_of(deep):
    assert set(verdicts(sides(deep)).values()) == {"holds"}
    claim, row = check_small_start(**sides(deep))["limit_norm"]
    assert "ends where the limit does" in claim
    assert "the limit is 1.1 above it" in row.reason


def test_a_run_has_them_among_its_statements(deep):
    rows = statement_rows(deep["statements"])
    assert list(rows)[-len(CLAIMS) :] == list(CLAIMS)
    for name, (claim, row) in check_small_start(**sides(deep)).items():
        assert rows[name][0] == claim
        assert rows[name][1].margin == row.margin
        assert rows[name][1].reason == row.reason


@pytest.mark.parametrize(
    ("row", "group", "name", "change"),
    [
        ("extremal_alignment", "alignment", "cosine", lambda values: values - 0.02),
        ("first_escape", "limit", "measured_tau", lambda values: 1.01 * values),
        ("saddle_losses", "limit", "measured_loss", lambda values: values + 1e-2),
        ("jump_times", "limit", "measured_tau", lambda values: 1.03 * values),
        ("jump_times", "limit", "measured_tau", lambda values: values.where(values < values[-1])),
        ("stationary_plateaus", "plateaus", "stationary_gradient", lambda values: values + 1e-3),
        ("stationary_plateaus", "plateaus", "stationary_gradient", lambda values: np.nan * values),
        ("limit_norm", "comparison", "half_squared_norm", lambda values: 1.02 * values),
        ("least_norm", "comparison", "half_squared_norm", lambda values: 0.7 * values),
    ],
)
def test_each_fails_where_its_measured_side_is_another(deep, row, group, name, change):
    found = sides(deep)
    changed = {**found, group: found[group].assign({name: change(found[group][name])})}
    assert verdicts(changed)[row] == "fails"


def test_a_passage_is_no_plateau_that_lacks_its_point(deep):
    """No stationary point is near it; it is told from a plateau by how long it takes."""
    plateaus, longest = deep["plateaus"], float(deep["jumps"]["passage"].max())
    lost = np.where(np.arange(plateaus.sizes["plateau_number"]) == 1, np.nan, plateaus["stationary_gradient"])
    for length, verdict in ((0.9 * longest, "holds"), (1.1 * longest, "fails")):
        end = plateaus["start"].values + length
        changed = plateaus.assign(stationary_gradient=("plateau_number", lost), end=("plateau_number", end))
        assert verdicts(sides(deep) | {"plateaus": changed})["stationary_plateaus"] == verdict


def test_a_plateau_that_is_too_short_for_this_lambda_is_named_and_not_held_against_the_run(deep):
    limit = deep["jumps"].assign(measured_loss=deep["jumps"]["measured_loss"] + [0, 0, 0.1, 0, 0])
    short = limit.assign(wait=limit["wait"] * [1, 1, 0, 1, 1])
    assert verdicts(sides(deep) | {"limit": limit})["saddle_losses"] == "fails"
    _, row = check_small_start(**(sides(deep) | {"limit": short}))["saddle_losses"]
    assert row.verdict == "holds"
    assert "too short to be seen at this lambda: plateau 2" in row.reason


def test_the_last_plateau_of_a_limit_that_was_cut_is_not_held_against_the_run(deep):
    """The run goes on to lower losses there; the jumps until then count."""
    cut = deep["jumps"].isel(limit_plateau=slice(0, 3)).assign_attrs(reason="the flow from this saddle takes long")
    cut = cut.assign(
        wait=cut["wait"].where(cut["limit_plateau"] < 2), measured_loss=cut["measured_loss"] * [1, 1, 0]
    )
    found = verdicts(sides(deep) | {"limit": cut})
    assert (found["saddle_losses"], found["jump_times"], found["limit_norm"]) == (
        "holds",
        "holds",
        "not_applicable",
    )
    whole = cut.assign_attrs(reason="all labels are fitted")
    assert verdicts(sides(deep) | {"limit": whole})["saddle_losses"] == "fails"


def test_without_a_limit_the_reason_is_said_and_two_rows_remain(deep):
    found = verdicts(sides(deep) | {"limit": None, "alignment": None, "reason": "there is none"})
    assert [name for name, verdict in found.items() if verdict == "holds"] == ["stationary_plateaus", "least_norm"]


def test_the_certificate_bounds_a_run_that_has_not_fitted_yet(deep):
    """<q, h> and not <q, y>: at the first sample h is 0, and so is the bound."""
    begun = deep["trajectory"].isel(time=slice(0, 1))
    small = deep["minimal_norm"].isel(time=slice(0, 1))
    _, row = check_small_start(**(sides(deep) | {"trajectory": begun, "comparison": small}))["least_norm"]
    assert row.verdict == "holds"
    assert abs(row.bound) < 1e-6
    assert row.reason.endswith("for the function at this end, which does not fit")


def test_directions_between_coarse_samples_are_not_held_against_the_neurons(deep):
    """Of 20 samples the last before the loss moves is long before the neurons have aligned."""
    turned = deep["alignment"].assign(cosine=deep["alignment"]["cosine"] - 0.02)
    early = turned.assign(aligned_at=0.0)
    found = {**sides(deep), "alignment": early, "trajectory": deep["trajectory"].isel(time=[0, -1])}
    _, row = check_small_start(**found)["extremal_alignment"]
    assert row.verdict == "not_applicable"
    assert "of 2 samples the last of the alignment is t = 0" in row.reason


def test_a_neuron_without_a_direction_is_told_and_not_counted(deep):
    cosine = deep["alignment"]["cosine"].copy()
    cosine[0] = np.nan
    _, row = check_small_start(**sides(deep) | {"alignment": deep["alignment"].assign(cosine=cosine)})[
        "extremal_alignment"
    ]
    assert (row.verdict, row.measured) == ("holds", 1.0)
    assert row.reason.startswith(f"{len(cosine) - 1} of {len(cosine) - 1} neurons")
    assert row.reason.endswith("w of 1 more comes to 0, as predicted, and has no direction there")


def test_a_limit_that_does_not_fit_is_not_held_beside_the_least_norm_of_a_fit(deep):
    limit = deep["jumps"].assign_attrs(reason="no neuron grows")
    _, row = check_small_start(**sides(deep) | {"limit": limit})["limit_norm"]
    assert row.reason.endswith("it does not fit the data")
