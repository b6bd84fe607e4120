"""Runs at smaller and smaller lambda: exponents beside the paper's, and the constants of the times."""

from __future__ import annotations

from math import isfinite, nan

import holoviews as hv
import numpy as np
import xarray as xr

from catalog import decode
from dashboards.html_table import Cell, Table, number_cell
from dashboards.paper_notation import name_statement
from dashboards.plots.holoviews_style import PRINTF_FORMATTERS, style_overlay
from dashboards.theme import Theme
from pipeline.figures import ROLES, power_text

ASYMPTOTIC = -2.0 * np.log(10.0)
"""ln lambda below which the constants are drawn: above it -ln lambda is not a time scale."""
TABLE_SCALES = (0.0, -1.0, -2.0, -4.0, -6.0, -10.0, -20.0, -100.0, -1000.0)
"""log10 of the scales in the table."""
FITTED_LOSS = 1e-6
"""Above this final loss some labels are not fitted; below it the run has only ended early."""
EXPONENT_TICKS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]


def measured_statements(law: xr.Dataset) -> list[int]:
    """List the indices of the statements whose deviation falls with a measured power of lambda."""
    return [i for i, power in enumerate(law["exponent"].values) if isfinite(power) and power > 0]


def create_exponents_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw the exponent p of each statement's deviation ~ lambda^p beside that of the paper's bound.

    Parameters
    ----------
    law
        Of :func:`pipeline.ladder_law`; a statement without a measured exponent has no row.
    theme
        The colours of the page.
    """
    words, measured, paper = decode(law["statement"]), law["exponent"].values, law["paper_exponent"].values
    shown = measured_statements(law)
    place = {i: len(shown) - 1 - row for row, i in enumerate(shown)}
    both = [i for i in shown if isfinite(paper[i])]
    vermilion = ROLES["negative"].color
    tooltips = [("statement", "@statement"), ("exponent", "@x{%.6g}")]
    drawn = [
        hv.Segments([(paper[i], place[i], measured[i], place[i]) for i in both]).opts(color=theme.faint),
        hv.Points(
            [(paper[i], place[i], name_statement(words[i])) for i in both], vdims=["statement"],
            label="the paper's bound",
        ).opts(
            color=theme.panel, line_color=theme.ink, line_width=1.5, marker="circle", size=9, tools=["hover"],
            hover_tooltips=tooltips, hover_formatters=PRINTF_FORMATTERS,
        ),
        hv.Points(
            [(measured[i], place[i], name_statement(words[i])) for i in shown], vdims=["statement"],
            label="measured",
        ).opts(
            color=vermilion, marker="diamond", size=11, tools=["hover"], hover_tooltips=tooltips,
            hover_formatters=PRINTF_FORMATTERS,
        ),
    ]  # fmt: skip
    ends = [*measured[shown], *paper[both]] or [0.01, 1.0]
    return style_overlay(
        hv.Overlay(drawn), theme, logx=True, xlim=(0.7 * min(ends), 1.5 * max(ends)),
        xticks=[(tick, f"{tick:g}") for tick in EXPONENT_TICKS], ylim=(-0.7, max(len(shown), 1) - 0.3),
        yticks=[(place[i], name_statement(words[i])) for i in shown] or [(0, "none")], labelled=["x"],
        height=max(240, 90 + 22 * len(shown)), xlabel="exponent p: deviation ~ λᵖ",
        legend_position="top", show_grid=True,
    )  # fmt: skip


def create_constants_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw t2 |D_+|/(-ln lambda) and t3 |D_-|/(-ln lambda) down to 1e-1000: the paper's limit is 1.

    Parameters
    ----------
    law
        Of :func:`pipeline.ladder_law`.
    theme
        The colours of the page.
    """
    law = law.isel(rung=law["log_init_scale"].values < ASYMPTOTIC)
    tens = -law["log_init_scale"].values / np.log(10.0)
    drawn = []
    for name, label, role, marker in (
        ("constant_t2", "t₂|D₊|/(−ln λ)", "positive", "circle"),
        ("constant_t3", "t₃|D₋|/(−ln λ)", "negative", "square"),
    ):
        color, points = ROLES[role].color, (tens, law[name].values)
        drawn.append(hv.Curve(points, label=label).opts(color=color, line_width=1.5))
        drawn.append(
            hv.Points(points, label=label).opts(
                color=color, marker=marker, size=6, tools=["hover"],
                hover_tooltips=[("λ", "10^-@x{%g}"), ("constant", "@y{%.6g}")],
                hover_formatters=PRINTF_FORMATTERS,
            )
        )  # fmt: skip
    values = np.concatenate([law["constant_t2"].values, law["constant_t3"].values])
    values = np.append(values[np.isfinite(values)], 1.0)
    margin = 0.08 * float(np.ptp(values)) or 0.1
    drawn.append(
        hv.Curve(([1.0, 2e3], [1.0, 1.0]), label="the paper's limit").opts(
            color=theme.ink, line_dash="dashed", line_width=1.5
        )
    )
    return style_overlay(
        hv.Overlay(drawn), theme, logx=True, xlim=(2.0, 1.4e3),
        ylim=(values.min() - margin, values.max() + margin),
        xticks=[(10**n, power_text(-(10**n))) for n in range(1, 4)], xlabel="λ", ylabel="constant", height=300,
        legend_position="top_right", show_grid=True,
    )  # fmt: skip


def create_exponents_table(law: xr.Dataset) -> Table:
    """Tabulate each statement's exponents, from how many scales, and the lambda from which it holds."""
    rows = []
    for i, key in enumerate(decode(law["statement"])):
        at = {name: float(law[name][i]) for name in ("holds_from", "fitted_rungs", "exponent", "paper_exponent")}
        if isfinite(at["holds_from"]) or isfinite(at["exponent"]):
            start = f"10^{at['holds_from']:g}" if isfinite(at["holds_from"]) else "not at the smallest"
            rows.append(
                [
                    Cell(name_statement(key)), number_cell(at["paper_exponent"], ".6g"),
                    number_cell(at["exponent"], ".6g"), number_cell(at["fitted_rungs"] or nan, "g"),
                    Cell(start, css_class="number"),
                ]
            )  # fmt: skip
    heads = ("statement", "the paper's exponent", "measured", "scales fitted", "holds from scale")
    return Table("The measured exponent of each statement beside the paper's", heads, rows)


def create_scales_table(law: xr.Dataset) -> Table:
    """Tabulate some scales: the constants, the number of plateaus, the excess over the minimum norm."""
    columns = {
        "constant_t2": ("t₂|D₊|/(−ln λ)", ".6g"), "constant_t3": ("t₃|D₋|/(−ln λ)", ".6g"),
        "plateaus": ("plateaus", "g"), "excess": ("excess of ½|θ|²", ".3g"),
        "hull_difference": ("|h − h*| between the data", ".2g"),
    }  # fmt: skip
    rows = [
        [Cell(power_text(int(scale))), *(number_cell(float(at[key]), form) for key, (_, form) in columns.items())]
        for scale, at in ((scale, law.sel(rung=scale)) for scale in TABLE_SCALES if scale in law["rung"].values)
    ]
    heads = ("scale", *(head for head, _ in columns.values()))
    return Table("The constants of the times, and how the runs end, at smaller and smaller λ", heads, rows)


def describe_excess(law: xr.Dataset) -> str:
    """Describe the excess over the minimum norm as lambda falls."""
    power, expected = float(law["excess_exponent"]), float(law["expected_excess_exponent"])
    if isfinite(power):
        said = f"The final excess over the minimum norm falls as λ^{power:.4g}"
        idle = f"; idle neurons that are active on some of a sign's points predict λ^{expected:.4g}"
        return f"{said}{idle if isfinite(expected) else ''}."
    last, minimum = float(law["excess"][-1]), float(law["minimum"])
    if last < 0 and (loss := float(law["final_loss"][-1])) > FITTED_LOSS:
        below = f"{-last:.3g} below the minimum of all networks that fit the labels ({minimum:.3g})"
        return f"At the smallest λ the flow comes to rest at the loss {loss:.3g}: its ½|θ|² is {below}."
    return f"At the smallest λ the excess over the minimum norm is {last:.3g}, {last / minimum:.3g} of that norm."
