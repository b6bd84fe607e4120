"""Figures of Matplotlib on a dark page."""

from dashboards.plots.svg_colors import recolor_svg
from dashboards.theme import DARK, LIGHT

SVG = (
    '<svg width="1"><path style="fill: #ffffff"/><path style="stroke: #000000; fill: #0072b2"/>'
    "<text>t</text></svg>"
)


def test_a_figure_is_no_white_slab_on_a_dark_page():
    dark = recolor_svg(SVG, DARK)
    assert f"fill: {DARK.panel}" in dark
    assert f"stroke: {DARK.ink}; fill: {DARK.accent}" in dark
    assert dark.startswith(f'<svg fill="{DARK.ink}" ')  # of texts, whose black is not written
    assert recolor_svg(SVG, LIGHT) == SVG
