"""Where a statement says nothing, its reason names what is missing."""

import numpy as np
import pytest

from pipeline.statements import check_statements, statement_rows

ALWAYS = {"lemma_1", "eq_8"}

E = np.eye(4)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"flow": {"slope": 0.1}}, "leaky (slope 0.1)"),
        ({"name": "non-orthogonal"}, "assumption 1 fails: the inputs are not orthogonal (largest cosine"),
        ({"x": E[:3], "y": [1, 0, -0.5]}, "assumption 2 fails: label y[1] is 0"),
        ({"x": E[:2], "y": [1, -1]}, "assumption 2 fails: |D_+| = |D_-| = 0.5"),
        ({"x": E[:2], "y": [1, 2]}, "no labels of the sign -"),
        ({"name": "small-width"}, "assumption 3 fails: no neuron starts in S_{+,1} or in S_{-,1}"),
        ({"start": "unbalanced"}, "the start is not balanced"),
        ({"log10_scale": 2.0}, "lambda = 7.07 is not below 1"),
    ],
)
def test_an_assumption_that_fails(make_run, given, reason):
    name = given.pop("name", "orthonormal")
    if given.get("start") == "unbalanced":
        given |= {"log10_scale": -3.0}
    rows = make_run(name, **given).rows()
    for row, found in rows.items():
        if row not in ALWAYS:
            assert found.verdict == "not_applicable", row
            assert reason in found.reason
            assert np.isnan([found.measured, found.bound, found.margin, found.at]).all()
    assert rows["lemma_1"].verdict == "holds"


def test_a_minimum_that_is_not_known(usual):
    unknown = usual.minimum.assign(value=np.nan).assign_attrs(method="not known: a reason")
    rows = usual.replaced(minimum=unknown).rows()
    for name in ("lemma_5", "theorem_1_bias", "eq_8"):
        assert rows[name].reason == "the minimum norm is not known: a reason"


def test_points_of_unequal_lengths(make_run):
    """D_+ and v_+ differ: what is said of a direction at t2 does not apply, what is said of heights does."""
    run = make_run(x=np.diag([0.6, 1.5, 1.0, 1.0]), y=[1.0, 1.2, -0.5, -0.4], log10_scale=-400.0)
    rows = run.rows()
    assert {name for name, row in rows.items() if row.verdict == "not_applicable"} == {"logistic_ode", "lemma_3_i"}
    assert (
        "the points of sign + are not equally long: the neurons turn from D_+ to v_+" in rows["lemma_3_i"].reason
    )
    assert {row.verdict for row in rows.values()} == {"holds", "not_applicable"}


def test_an_empty_interval(make_run):
    """Fact 1 needs r > (1 + 3 epsilon)/(1 - epsilon) = 1.2105."""
    rows = make_run(x=E[:2], y=[1.2, -1.0], log10_scale=-100.0).rows()
    assert rows["fact_1"].reason == "its interval is empty: r = 1.2, and above 1.211 is needed"
    assert rows["lemma_2_i"].verdict == "holds"


@pytest.mark.parametrize(
    ("end", "missing"),
    [
        (2.0, "the run ends at t = 2, before t1 = 3.572"),
        (20.0, "the run ends at t = 20, before the bound 50.49 of t2"),
        (55.0, "the run ends at t = 55, within the interval [50.49, 67.86]"),
        (65.0, "the run ends at t = 65 before the flow has come to rest"),
    ],
)
def test_a_run_that_ends_too_early(make_run, end, missing):
    rows = make_run(flow={"end_time": end}).rows()
    assert missing in {row.reason for row in rows.values()}
    assert "fails" not in {row.verdict for row in rows.values()} - {"lemma_5"} or end > 50


def test_a_trajectory_without_the_instants(make_run):
    run = make_run(flow={"including": (), "samples": 3})
    assert run.rows()["lemma_2_i"].reason == "no sample within 1% of t1 = 3.572"
    assert "no sample in [50.49, 67.86]" in run.rows()["fact_1"].reason


def test_epsilon_is_an_option(usual):
    with pytest.raises(ValueError, match="epsilon = 1"):
        usual.rows(epsilon=1.0)
    log_scale = float(usual.trajectory["log_init_scale"])
    assert usual.rows(epsilon=0.1)["proposition_1"].bound == pytest.approx(0.1 / 20 * log_scale)


def test_the_labels_of_the_table(usual):
    table = check_statements(usual.data, usual.trajectory, usual.phases, usual.minimum)
    assert table.attrs == {"epsilon": 0.05, "fitted_first": "positive"}
    assert table.sizes == {"statement": 18}
    claims = {name: claim for name, (claim, _) in statement_rows(table).items()}
    assert claims["lemma_2_iii"] == "at t1: every |w_j| <= 2 c lambda^(1 - r epsilon)"
    assert all(row.reason for _, row in statement_rows(table).values())
    with pytest.raises(ValueError, match="phases/role is missing"):
        check_statements(usual.data, usual.trajectory, usual.phases.drop_vars("role"), usual.minimum)
