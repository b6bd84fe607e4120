"""A figure that is given other numbers is the one that HoloViews would draw of them."""

import numpy as np
import pytest

from dashboards.plots.column_sources import columns_equal
from dashboards.plots.holoviews_style import looks_of, render_figure
from dashboards.plots.neuron_plots import LinesPlot
from dashboards.plots.slice_plots import Axis, Lines
from dashboards.theme import LIGHT


def plot_of(*rows, start=0.0):
    groups = [Lines(f"line {k}", np.array([row]), np.array([k]), "#0072B2") for k, row in enumerate(rows)]
    return LinesPlot(start + np.arange(3.0), groups, (Axis("t"), Axis("a number")))


FIRST = plot_of([1.0, 2.0, 4.0], [0.5, np.nan, -1.0])


@pytest.mark.parametrize(
    "other",
    [
        plot_of([3.0, -2.0, 8.0], [1.0, 1.0, 1.0], start=5.0),
        plot_of([-7.0, -7.0, -7.0], [np.nan, np.nan, -7.0]),
        plot_of([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    ],
)
def test_other_numbers_are_drawn_as_holoviews_draws_them(other):
    given, drawn = (render_figure(plot.overlay(LIGHT)) for plot in (FIRST, other))
    assert FIRST.looks == other.looks
    other.give(given)
    assert looks_of(given) == looks_of(drawn)
    for ours, new in zip(given.renderers, drawn.renderers, strict=True):
        assert ours.data_source.data.keys() == new.data_source.data.keys()
        assert all(
            columns_equal(column, new.data_source.data[name]) for name, column in ours.data_source.data.items()
        )
    for ours, new in ((given.x_range, drawn.x_range), (given.y_range, drawn.y_range)):
        assert (ours.start, ours.end) == pytest.approx((new.start, new.end), rel=1e-6, abs=1e-6)


def test_other_labels_or_colours_are_other_looks():
    assert plot_of([1.0, 2.0, 4.0]).looks != FIRST.looks
    assert LinesPlot(FIRST.places, FIRST.groups, (Axis("t / s"), Axis("a number"))).looks != FIRST.looks
