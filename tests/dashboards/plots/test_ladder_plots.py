"""The ladder's plots and tables have the cube's numbers."""

import holoviews as hv
import numpy as np
import pytest

from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.ladder_plots import (
    create_constants_plot,
    create_deviation_plot,
    create_excess_plot,
    create_exponents_plot,
    create_exponents_table,
    create_scales_table,
    describe_excess,
    has_limit,
    measured_statements,
)
from pipeline import ladder_law, load_config


@pytest.fixture(scope="module")
def oblique_ladder():
    return ladder_law(load_config("non-orthogonal"), (0.0, -6.0, -8.0, -10.0, -100.0))


def points(plot, label):
    (found,) = [element for element in plot.values() if isinstance(element, hv.Points) and element.label == label]
    return found


def test_a_diamond_for_each_measured_exponent(ladder, theme):
    plot = create_exponents_plot(ladder, theme)
    finite = np.isfinite(ladder["exponent"].values)
    assert finite.sum() > 8
    np.testing.assert_array_equal(points(plot, "measured").dimension_values(0), ladder["exponent"].values[finite])
    np.testing.assert_array_equal(
        points(plot, "the paper's bound").dimension_values(0), ladder["paper_exponent"].values[finite]
    )
    assert render_figure(plot).height > 300


def test_the_constants_are_drawn_where_they_mean_something(ladder, theme):
    plot = create_constants_plot(ladder, theme)
    drawn = points(plot, "t₂|D₊|/(−ln λ)")
    small = ladder["log_init_scale"].values < -2 * np.log(10)
    np.testing.assert_array_equal(drawn.dimension_values(1), ladder["constant_t2"].values[small])
    assert abs(drawn.dimension_values(1)[-1] - 1) < 1e-2  # the paper's limit, at 1e-1000
    render_figure(plot)


def test_tables(ladder):
    exponents = {row[0].text: [cell.text for cell in row[1:]] for row in create_exponents_table(ladder).rows}
    assert exponents["Lemma 2 (i)"][0] == "0.05"
    assert exponents["Eq. (8)"][:2] == ["–", "–"]
    scales = [[cell.text for cell in row] for row in create_scales_table(ladder).rows]
    assert scales[-1][0] == "10⁻¹⁰⁰⁰"
    assert scales[-1][1] == f"{float(ladder['constant_t2'][-1]):.6g}"


def test_the_excess_in_words(ladder):
    assert f"λ^{float(ladder['excess_exponent']):.3f}" in describe_excess(ladder)
    said = describe_excess(ladder.assign(excess_exponent=np.nan))
    assert said.startswith("At the smallest λ the excess")


def test_a_flow_that_comes_to_rest_beside_labels_has_no_excess_but_a_loss(ladder):
    unfitted = ladder.assign(
        excess_exponent=np.nan, excess=ladder["excess"] * 0 - 0.447, final_loss=ladder["final_loss"] * 0 + 0.25
    )
    said = describe_excess(unfitted)
    assert "comes to rest at the loss 0.25" in said
    assert "0.447 below the minimum of all networks that fit the labels (2.42)" in said
    early = unfitted.assign(final_loss=ladder["final_loss"] * 0 + 1e-9)
    assert describe_excess(early).startswith("At the smallest λ the excess")


def test_a_ladder_without_exponents(ladder, theme):
    bare = ladder.assign(exponent=ladder["exponent"] * np.nan, paper_exponent=ladder["exponent"] * np.nan)
    render_figure(create_exponents_plot(bare, theme))
    assert measured_statements(bare) == []
    assert len(measured_statements(ladder)) > 8


def test_of_any_data_the_excess_is_beside_the_limit_s(oblique_ladder, theme):
    law = oblique_ladder
    plot = create_excess_plot(law, theme)
    np.testing.assert_array_equal(points(plot, "measured").dimension_values(1), law["excess"].values[1:])
    (line,) = [each for each in plot.values() if isinstance(each, hv.Curve) and "limit" in each.label]
    assert set(line.dimension_values(1)) == {float(law["limit_excess"])}
    plot = create_deviation_plot(law, theme)
    away = np.abs(law["limit_deviation"].values)
    # At 1e-100 it is rounding.
    np.testing.assert_array_equal(points(plot, "distance from the limit").dimension_values(1), away[1:4])
    render_figure(plot)
    said = describe_excess(law)
    assert (
        "In the limit λ → 0 it is 0.444: from the scale 10^-6 on the norm is within 0.1 % of the limit's" in said
    )
    assert f"falls as λ^{float(law['limit_exponent']):.3g}." in said
    assert create_scales_table(law).columns[1:4] == ("plateaus", "excess of ½|θ|²", "excess less the limit's")


def test_a_ladder_of_an_older_version_has_no_limit(oblique_ladder):
    old = oblique_ladder.drop_vars([name for name in oblique_ladder if str(name).startswith("limit_")])
    assert not has_limit(old)
    assert "In the limit" not in describe_excess(old)
    assert create_scales_table(old).columns[1] == "t₂|D₊|/(−ln λ)"
