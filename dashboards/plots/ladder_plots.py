"""Runs at smaller and smaller lambda: exponents beside the paper's, and the constants of the times."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

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
SMALL_START = -0.5
"""log10 of the scale up to which the excess is drawn: a large start has one many times that of all others."""
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


def has_limit(law: xr.Dataset) -> bool:
    """Whether the excess can be held to that of the limit lambda -> 0; ladders of older versions have none."""
    return "limit_deviation" in law and isfinite(float(law["limit_excess"]))


def create_excess_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw the excess over the minimum norm at each lambda below 1, and that of the limit as a line.

    Parameters
    ----------
    law
        Of :func:`pipeline.ladder_law`, with a limit (:func:`has_limit`).
    theme
        The colours of the page.
    """
    law, limit = law.isel(rung=law["rung"].values <= SMALL_START), float(law["limit_excess"])
    excess = law["excess"].values
    dashed = hv.Curve(([0.5, 2e3], [limit, limit]), label="limit λ → 0").opts(
        color=theme.ink, line_dash="dashed", line_width=1.5
    )
    values = np.append(excess, limit)
    margin = 0.08 * float(np.ptp(values)) or 0.1
    return _over_scales(
        [*_measured(law, excess, "measured"), dashed], theme, ylabel="excess of ½|θ|²",
        ylim=(values.min() - margin, values.max() + margin),
    )  # fmt: skip


def create_deviation_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw how far the norm is from the limit's, down to where that is rounding, and the power of its fall.

    Parameters
    ----------
    law
        Of :func:`pipeline.ladder_law`, with a limit (:func:`has_limit`).
    theme
        The colours of the page.
    """
    law = law.isel(rung=law["rung"].values <= SMALL_START)
    size, power, error = (
        abs(law["limit_deviation"].values),
        float(law["limit_exponent"]),
        float(law["limit_error"]),
    )
    clear = law.isel(rung=size > error)
    drawn = _measured(clear, size[size > error], "distance from the limit")
    if isfinite(power):
        last = clear["rung"].values[-3:]
        fall = size[size > error][-1] * 10.0 ** (power * (last - last[-1]))
        drawn.append(
            hv.Curve((-last, fall), label=f"λ^{power:.3f}").opts(
                color=theme.ink, line_dash="dashed", line_width=1.5
            )
        )
    return _over_scales(
        drawn, theme, ylabel="distance from the limit's ½|θ|²", logy=True,
        ylim=(0.5 * error, 3.0 * max(size.max(), error)),
    )  # fmt: skip


def _measured(law: xr.Dataset, values: np.ndarray, label: str) -> list[Any]:
    """Draw values over the scales of a ladder, as a line with markers."""
    points, color = (-law["rung"].values, values), ROLES["positive"].color
    marks = hv.Points(points, label=label).opts(
        color=color, marker="circle", size=6, tools=["hover"],
        hover_tooltips=[("scale", "10^-@x{%g}"), (label, "@y{%.6g}")], hover_formatters=PRINTF_FORMATTERS,
    )  # fmt: skip
    return [hv.Curve(points, label=label).opts(color=color, line_width=1.5), marks]


def _over_scales(drawn: list[Any], theme: Theme, **options: Any) -> hv.Overlay:
    """Lay plots over each other whose x is -log10 of the scale."""
    return style_overlay(
        hv.Overlay(drawn), theme, logx=True, xlim=(0.4, 1.4e3),
        xticks=[(10**n, power_text(-(10**n))) for n in range(4)], xlabel="scale", height=300,
        legend_position="top", show_grid=True, **options,
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
    """Tabulate some scales: the constants, or what the limit says, the number of plateaus, the excess."""
    constants = {"constant_t2": ("t₂|D₊|/(−ln λ)", ".6g"), "constant_t3": ("t₃|D₋|/(−ln λ)", ".6g")}
    of_limit = {"limit_deviation": ("excess less the limit's", ".2g")}
    # Where no statement applies the constants have no limit.
    general = has_limit(law) and not measured_statements(law)
    columns = {
        **({} if general else constants), "plateaus": ("plateaus", "g"), "excess": ("excess of ½|θ|²", ".3g"),
        **(of_limit if general else {}), "hull_difference": ("|h − h*| between the data", ".2g"),
    }  # fmt: skip
    rows = [
        [Cell(power_text(int(scale))), *(number_cell(float(at[key]), form) for key, (_, form) in columns.items())]
        for scale, at in ((scale, law.sel(rung=scale)) for scale in TABLE_SCALES if scale in law["rung"].values)
    ]
    heads = ("scale", *(head for head, _ in columns.values()))
    return Table("How the runs end at smaller and smaller λ, and the constants of the times", heads, rows)


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
    said = f"At the smallest λ the excess over the minimum norm is {last:.3g}, {last / minimum:.3g} of that norm."
    return f"{said}{_describe_limit(law) if has_limit(law) else ''}"


def _describe_limit(law: xr.Dataset) -> str:
    """Describe what the limit says of the excess, and how the runs tend to it."""
    there, start, power = (float(law[f"limit_{name}"]) for name in ("excess", "from", "exponent"))
    said = f" In the limit λ → 0 it is {there:.3g}"
    if not isfinite(start):
        return f"{said}; at the smallest λ the norm is not yet within 0.1 % of the limit's."
    fall = f", and its distance falls as λ^{power:.3g}" if isfinite(power) else ""
    return f"{said}: from the scale 10^{start:g} on the norm is within 0.1 % of the limit's{fall}."
