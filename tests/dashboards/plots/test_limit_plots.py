"""The limit's plot and table have the cube's numbers."""

import holoviews as hv
import numpy as np
import pytest

from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.limit_plots import create_jumps_table, create_staircase_plot
from pipeline import limit_law, load_config


@pytest.fixture(scope="module")
def limit(made_once):
    return made_once("jumps", lambda: limit_law(load_config("small-width")))


def test_the_staircase_and_the_flows_on_it(limit, theme):
    plot = create_staircase_plot(limit, theme)
    curves = {element.label: element for element in plot.values() if isinstance(element, hv.Curve)}
    steps = curves["limit λ → 0"]
    np.testing.assert_array_equal(np.unique(steps.dimension_values(1)), np.sort(limit["loss"].values))
    assert set(limit["time"].values) <= set(steps.dimension_values(0))
    flow = curves["scale 10⁻¹⁰⁰⁰"]
    np.testing.assert_array_equal(flow.dimension_values(1), limit["curve_loss"].sel(scale=-1000.0).values)
    assert render_figure(plot).height == 300


def test_a_row_for_each_jump(limit):
    rows = [[cell.text for cell in row] for row in create_jumps_table(limit).rows]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [row[7] for row in rows] == ["2 of 6", "3 of 6", "4 of 6", "6 of 6"]
    assert rows[0][1] == f"{float(limit['time'][1]):.6g}"
