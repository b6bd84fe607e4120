"""What HoloViews draws belongs to nobody's page until a view puts it there."""

import holoviews as hv
from bokeh.document import Document
from bokeh.io.doc import patch_curdoc
from bokeh.plotting import figure

from dashboards.plots.holoviews_style import render_figure, style_overlay


def line(theme):
    return style_overlay(hv.Overlay([hv.Curve([1, 2, 4])]), theme)


def test_a_page_that_the_event_loop_is_busy_with_meanwhile_is_left_alone(theme):
    page = Document()
    page.add_root(figure(title="somebody's"))
    theme, changes = page.theme, []
    page.on_change(changes.append)
    with patch_curdoc(page):
        drawn = render_figure(line(theme))
    assert page.theme is theme
    assert changes == []
    assert drawn.document is None


def test_a_page_that_is_gone_meanwhile_does_not_matter(theme):
    page = Document()
    with patch_curdoc(page):
        del page
        assert render_figure(line(theme)).renderers
