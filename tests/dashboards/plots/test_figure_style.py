"""Every figure looks alike, whether Bokeh or HoloViews has drawn it."""

import holoviews as hv
from bokeh.models.annotations import Legend

from dashboards.plots.figure_style import style_legend, styled_figure
from dashboards.plots.holoviews_style import render_figure, style_overlay
from dashboards.theme import FONT

OF_FIGURES = ("background_fill_color", "border_fill_color", "outline_line_color", "min_border_right")
OF_AXES = (
    "axis_line_color", "major_tick_line_color", "minor_tick_line_color", "major_label_text_color",
    "major_label_text_font", "major_label_text_font_size", "axis_label_text_color", "axis_label_text_font",
    "axis_label_text_font_size", "axis_label_text_font_style",
)  # fmt: skip


def test_both_libraries_figures_have_the_same_looks(theme):
    bokehs = styled_figure(theme, height=200, x_label="x", y_label="y", title="a title")
    other = render_figure(style_overlay(hv.Overlay([hv.Curve([(0, 0), (1, 1)])]), theme, height=200))
    assert [getattr(bokehs, name) for name in OF_FIGURES] == [getattr(other, name) for name in OF_FIGURES]
    for one, two in zip(bokehs.axis, other.axis, strict=True):
        assert [getattr(one, name) for name in OF_AXES] == [getattr(two, name) for name in OF_AXES]
    assert bokehs.background_fill_color == theme.panel
    assert bokehs.xaxis.major_label_text_color == theme.ink
    assert bokehs.title.text_font == FONT
    for drawn in (bokehs, other):
        assert drawn.toolbar.autohide
        assert {grid.grid_line_color for grid in drawn.grid} == {theme.line}


def test_no_theme_of_a_page_changes_a_size(theme):
    """A value that is Bokeh's default is not noted, and Panel's dark theme then puts its own in its place."""
    drawn = styled_figure(theme, height=200, x_label="x", y_label="y")
    other = render_figure(style_overlay(hv.Overlay([hv.Curve([(0, 0), (1, 1)])]), theme, height=200))
    for axis in (*drawn.axis, *other.axis):
        noted = axis.properties_with_values(include_defaults=False)
        assert {"axis_label_text_font_size", "major_label_text_font_size"} <= noted.keys()


def test_what_is_said_goes_before_what_all_have(theme):
    drawn = styled_figure(
        theme, height=200, x_label=None, y_label="y", tools="save", toolbar_location="above", x_range=(2, 3)
    )
    assert (drawn.x_range.start, drawn.x_range.end) == (2, 3)
    assert drawn.toolbar_location == "above"
    assert [type(tool).__name__ for tool in drawn.tools] == ["SaveTool"]


def test_a_legend_has_room_between_its_entries(theme):
    assert style_legend(Legend(items=[], orientation="horizontal"), theme).spacing == 12
    legend = style_legend(Legend(items=[]), theme)
    assert (legend.spacing, legend.label_text_color, legend.border_line_color) == (2, theme.ink, None)
