"""Plateaus: bands on the loss, stems where the eigenvalues are."""

import holoviews as hv
import numpy as np

from catalog.schema import variable
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.plateau_plots import (
    create_plateaus_plot,
    create_plateaus_table,
    create_spectra_plot,
    describe_plateaus,
)
from pipeline import hessian_spectra


def spectra_of(tree):
    return hessian_spectra(tree["data"].to_dataset(), tree["trajectory"].to_dataset())


def elements(plot, kind):
    return [element for element in plot.values() if isinstance(element, kind)]


def test_a_band_for_each_plateau(paper, theme):
    plot = create_plateaus_plot(paper, theme)
    (bands,) = elements(plot, hv.Rectangles)
    np.testing.assert_array_equal(bands.dimension_values(0), paper["plateaus"]["start"])
    np.testing.assert_array_equal(bands.dimension_values(2), paper["plateaus"]["end"])
    (curve,) = elements(plot, hv.Curve)
    np.testing.assert_array_equal(curve.dimension_values(1), paper["trajectory"]["loss"])
    assert list(elements(plot, hv.Labels)[0].dimension_values("name")) == ["origin", "plateau 1"]
    assert render_figure(plot).background_fill_color == theme.panel


def test_a_name_only_where_there_is_room(oblique, theme):
    plot = create_plateaus_plot(oblique, theme)
    assert len(elements(plot, hv.Rectangles)[0]) == 4
    assert list(elements(plot, hv.Labels)[0].dimension_values("name")) == ["origin", "plateau 3"]


def test_a_stem_for_each_eigenvalue(paper, theme):
    spectra = spectra_of(paper)
    plot = create_spectra_plot(paper["plateaus"].to_dataset(), spectra, theme)
    negative, zero, positive = elements(plot, hv.Points)
    values = spectra["eigenvalue"].values
    assert sorted(negative.dimension_values(0)) == sorted(values[values < 0])
    assert sorted(positive.dimension_values(0)) == sorted(values[values > 0])
    assert len(zero) == 2
    assert negative.dimension_values("number").sum() == paper["plateaus"]["negative_eigenvalues"].sum()
    markers = {element.opts.get("style").kwargs["marker"] for element in (negative, zero, positive)}
    assert len(markers) == 3  # the cue beside the colour
    render_figure(plot)


def test_an_unknown_stationary_point_has_no_stems(oblique, theme):
    plateaus, spectra = oblique["plateaus"].to_dataset(), spectra_of(oblique)
    (row,) = np.flatnonzero(plateaus["kind"].values == 3)
    plot = create_spectra_plot(plateaus, spectra, theme)
    heights = np.concatenate([points.dimension_values(1) for points in elements(plot, hv.Points)])
    base = len(plateaus["kind"]) - 1 - row
    assert not ((heights > base) & (heights < base + 1)).any()
    assert [cell.text for cell in create_plateaus_table(plateaus, 5).rows[row]][6:] == ["–"] * 4


def test_the_table_has_the_runs_numbers(paper):
    rows = create_plateaus_table(paper["plateaus"].to_dataset(), 2).rows
    assert [cell.text for cell in rows[1]][6:] == ["18", "-0.559", "2.236", "0.559"]
    assert rows[1][2].below.startswith("1 of 2 labels fitted")


def test_the_limits_plateau_is_beside_each_that_has_one(oblique, large):
    """What is no plateau of the limit, the slow passage to its first saddle, has none beside it."""
    plateaus = oblique["plateaus"].to_dataset()
    table = create_plateaus_table(plateaus, 5)
    place = table.columns.index("in the limit λ → 0")
    assert [row[place].text for row in table.rows] == ["origin", "none", "plateau 1", "plateau 2"]
    assert table.rows[3][place].below == "loss 0.0318158, from t = 15,901"
    assert "in the limit λ → 0" not in create_plateaus_table(large["plateaus"].to_dataset(), 2).columns


def test_a_flow_without_plateaus(large, theme):
    plateaus = large["plateaus"].to_dataset()
    assert plateaus.sizes["plateau_number"] == 0
    assert describe_plateaus(plateaus).startswith("The flow has no plateau")
    render_figure(create_plateaus_plot(large, theme))
    render_figure(create_spectra_plot(plateaus, spectra_of(large), theme))


def test_plateaus_in_words(paper):
    said = describe_plateaus(paper["plateaus"].to_dataset())
    assert "plateau 1 from t = " in said
    assert "at loss 0.25, strict saddle, 18 negative eigenvalues" in said


def test_a_kind_that_needs_a_reason_is_told_with_it(paper):
    plateaus = paper["plateaus"].to_dataset().copy(deep=True)
    plateaus["kind"].values[1] = variable("plateaus", "kind").flag("boundary_descent")
    plateaus["kind"].attrs["reasons"] = ["", "neuron 3 on the boundary of point 1 descends"]
    expected = "not a minimum: neuron 3 on the boundary of point 1 descends"
    assert create_plateaus_table(plateaus, 2).rows[1][2].text == expected
    assert f"at loss 0.25, {expected}, 18" in describe_plateaus(plateaus)
