"""The timeline: bars where the phases are, lines where the times are, in either unit."""

import holoviews as hv
import numpy as np
import pytest

from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.timeline_plot import create_timeline_plot, create_timeline_table, describe_timeline, limits
from pipeline.figures import intervals, measured_times, phase_order, predicted_times


def texts(table):
    return [[cell if isinstance(cell, str) else cell.text for cell in row] for row in table.rows]


def times(plot, label):
    """Where the vertical lines of a label stand."""
    (curve,) = [element for element in plot.values() if isinstance(element, hv.Curve) and element.label == label]
    return curve.dimension_values(0)[::3]


def test_bars_and_lines_stand_where_the_run_says(paper, theme):
    plot = create_timeline_plot(paper, theme)
    bars = [
        tuple(bar)[:4]
        for element in plot.values()
        if isinstance(element, hv.Rectangles)
        for bar in element.data.values
    ]
    found = {(bar[0], bar[2]) for bar in bars}
    assert found == {(part.start, part.end) for part in intervals(paper, "phase")}
    np.testing.assert_array_equal(times(plot, "measured"), measured_times(paper))
    np.testing.assert_array_equal(times(plot, "predicted by the paper"), predicted_times(paper))


def test_the_other_unit_divides_by_the_logarithm(paper, theme):
    scaled = create_timeline_plot(paper, theme, "scaled")
    escape = -float(paper["trajectory"]["log_init_scale"])
    np.testing.assert_allclose(times(scaled, "measured"), np.array(measured_times(paper)) / escape, rtol=1e-12)
    # In that unit the limits are 1/|D|, whatever lambda.
    sizes = [np.linalg.norm(paper["data"][f"growth_{sign}"]) for sign in ("positive", "negative")]
    np.testing.assert_allclose(list(limits(paper, escape)), 1 / np.array(sizes), rtol=1e-12)


def test_the_figure_has_the_pages_colours_hatches_and_the_limits(paper, theme):
    drawn = render_figure(create_timeline_plot(paper, theme))
    assert drawn.background_fill_color == drawn.border_fill_color == theme.panel
    patterns = {getattr(renderer.glyph, "hatch_pattern", None) for renderer in drawn.renderers}
    assert patterns >= {"|", "/", "\\", "-"}
    (above,) = drawn.above
    assert list(above.major_label_overrides.values()) == ["1/|D₊|", "1/|D₋|"]


def test_limits_that_are_near_share_a_name(oblique):
    assert len(limits(oblique, 1.0)) == 1
    assert "1/|D₊|, 1/|D₋|" in limits(oblique, 1.0).values()


def test_the_table_tells_both_units(paper):
    rows = texts(create_timeline_table(paper))
    measured, predicted = measured_times(paper), predicted_times(paper)
    assert len(rows) == 4
    assert rows[1][4] == f"{measured[1] / predicted[1]:.3f}"
    assert rows[2][6] == "1.789"  # 1/|D_-| = 4/sqrt(5)
    assert rows[3][2:] == ["–"] * 5


@pytest.mark.parametrize("unit", ["t", "scaled"])
def test_a_large_start_has_no_prediction(large, theme, unit):
    plot = create_timeline_plot(large, theme, unit)
    assert len(times(plot, "predicted by the paper")) == 0
    assert render_figure(plot).above == []
    assert {row[5] for row in texts(create_timeline_table(large))} == {"–"}


def test_the_timeline_in_words(paper):
    said = describe_timeline(paper)
    assert said.startswith("Timeline of the phases: alignment from t = 0 to ")
    assert all(phase.replace("_", " ").split()[0] in said for phase in phase_order(paper))
