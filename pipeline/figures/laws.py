"""How the theory's laws are drawn: measured as markers, the paper's as lines and open marks."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from catalog.schema import decode
from pipeline.figures.reading import FloatArray, power_text
from pipeline.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, SMALL, VERMILION, WIDTH, publication

FEWEST_EXPONENTS = 3
"""How many statements must have a measured exponent for them to be the figure."""
WIDE = 10.0
"""The ratio of the largest to the least excess from which its axis is logarithmic."""
SERIES = ((BLUE, "o"), (VERMILION, "s"), (GREEN, "^"), (PURPLE, "D"))
"""A colour and a marker for each n."""


def logarithmic_powers(axes: Axes, which: str) -> None:
    """Label an axis of base-10 logarithms with powers of ten."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(lambda value, _: power_text(round(value)) if abs(value - round(value)) < 1e-6 else "")


@publication
def ladder_figure(law: xr.Dataset) -> Figure:
    """Draw the measured exponents beside the paper's, the times' constants, and the law of the excess.

    Where the paper's statements do not apply: how the runs end.

    Parameters
    ----------
    law
        Of :func:`pipeline.theory.ladder_law`.
    """
    if np.isfinite(law["exponent"].values).sum() < FEWEST_EXPONENTS:
        return _ends(law)
    figure = Figure(figsize=(WIDTH, 6.6), layout="constrained")
    halves: np.ndarray = np.asarray(figure.subfigures(2, 1, height_ratios=(1.25, 1)))
    top, bottom = halves
    _exponents(top.subplots(), law)
    lower = bottom.subplots(1, 2)
    _constants(lower[0], law)
    _excess(lower[1], law)
    figure.suptitle(f"{law.attrs['name']}, ε = {law.attrs['epsilon']:g}", x=0.01, ha="left")
    return figure


def _ends(law: xr.Dataset) -> Figure:
    """Draw the excess over the minimum norm, its distance from the limit's, and how many saddles are visited."""
    limit = "limit_deviation" in law and bool(np.isfinite(law["limit_excess"]))
    figure = Figure(figsize=(WIDTH, 6.2 if limit else 4.6), layout="constrained")
    ratios = (1.6, 1.2, 1) if limit else (1.6, 1)
    above, *between, below = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    law = law.isel(rung=law["log_init_scale"].values < 0)
    tens = -law["log_init_scale"].values / np.log(10.0)
    minimum = float(law["minimum"])
    above.plot(tens, law["excess"].values, "o-", color=BLUE, markersize=4, gid="excess")
    excess = law["excess"].values
    if excess.min() > 0 and excess.max() > WIDE * excess.min():
        above.set_yscale("log")
    else:
        above.axhline(0.0, color=BLACK, linewidth=0.9, linestyle="--")
    if limit:
        there, look = float(law["limit_excess"]), {"color": VERMILION, "linewidth": 0.9, "linestyle": ":"}
        above.axhline(there, **look, label="the limit λ → 0", gid="limit")
        above.legend(loc="best")
        _deviation(between[0], tens, law)
    above.set_ylabel(f"excess of ½|θ|²\nover the minimum, {minimum:.6g}")
    below.plot(tens, law["plateaus"].values, "s-", color=VERMILION, markersize=4, gid="plateaus")
    below.set_ylabel("number of plateaus")
    below.set_ylim(bottom=0.0)
    below.yaxis.get_major_locator().set_params(integer=True)
    below.set_xscale("log")
    shown = [n for n in (1, 10, 100, 1000) if n <= 2 * tens.max()]
    below.set_xticks(shown, [power_text(-n) for n in shown])
    below.minorticks_off()
    below.set_xlabel("λ")
    figure.suptitle(f"{law.attrs['name']}: how the runs end", x=0.01, ha="left")
    return figure


def _deviation(axes: Axes, tens: FloatArray, law: xr.Dataset) -> None:
    """Draw how far the norm is from the limit's, down to where that is rounding, and the power of its fall."""
    size, power = np.abs(law["limit_deviation"].values), float(law["limit_exponent"])
    shown = size > float(law["limit_error"])
    axes.plot(tens[shown], size[shown], "o-", color=BLUE, markersize=4, gid="deviation")
    if np.isfinite(power):
        last = np.flatnonzero(shown)[-3:]
        fall = size[last[-1]] * 10.0 ** (power * (tens[last[-1]] - tens[last]))
        axes.plot(tens[last], fall, color=BLACK, linewidth=0.9, linestyle="--", label=f"~ λ^{power:.3f}")
        axes.legend(loc="best")
    if shown.any():
        axes.set_yscale("log")
    axes.set_ylabel("distance\nfrom the limit's")


def _exponents(axes: Axes, law: xr.Dataset) -> None:
    names, measured, paper = decode(law["statement"]), law["exponent"].values, law["paper_exponent"].values
    shown = [i for i in range(len(names)) if np.isfinite(measured[i])]
    places = np.arange(len(shown))[::-1]
    axes.hlines(places, paper[shown], measured[shown], color=GREY, linewidth=0.8)
    open_mark: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": BLACK}
    axes.plot(paper[shown], places, "o", **open_mark, label="the paper's bound", gid="paper")
    axes.plot(measured[shown], places, "D", color=VERMILION, markersize=5, label="measured", gid="measured")
    axes.set_xscale("log")
    axes.set_xticks([0.003, 0.01, 0.03, 0.1, 0.3, 1.0], ["0.003", "0.01", "0.03", "0.1", "0.3", "1"])
    axes.minorticks_off()
    axes.set_yticks(places, [names[i].replace("_", " ") for i in shown])
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.grid(axis="x", color=GREY, alpha=0.25, linewidth=0.6)
    axes.set_xlabel("exponent p of: deviation ~ λᵖ (larger is better)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)


def _constants(axes: Axes, law: xr.Dataset) -> None:
    law = law.isel(rung=law["log_init_scale"].values < -2.0 * np.log(10.0))
    tens = -law["log_init_scale"].values / np.log(10.0)
    for name, label, (color, marker) in (
        ("constant_t2", "t₂|D₊|/(−ln λ)", SERIES[0]),
        ("constant_t3", "t₃|D₋|/(−ln λ)", SERIES[1]),
    ):
        axes.plot(tens, law[name].values, marker=marker, color=color, markersize=4, label=label, gid=name)
    axes.axhline(1.0, color=BLACK, linewidth=0.9, linestyle="--", label="the paper's limit")
    axes.set_xscale("log")
    axes.set_xticks([1, 10, 100, 1000], [power_text(-n) for n in (1, 10, 100, 1000)])
    axes.minorticks_off()
    axes.set_xlabel("λ")
    axes.set_ylabel("constant")
    _legend_above(axes)


def _excess(axes: Axes, law: xr.Dataset) -> None:
    i = decode(law["statement"]).tolist().index("theorem_1_bias")
    lowest = np.log(3.0 * np.nanmax(law["resolution"].values[:, i]))
    log_excess, log_scale = law["measured"].values[:, i], law["log_init_scale"].values
    clear = np.isfinite(log_excess) & (log_excess > lowest)
    if not clear.any():
        axes.text(0.5, 0.5, "at every scale the excess is rounding", ha="center", transform=axes.transAxes)
        return
    x, y = log_scale[clear] / np.log(10.0), log_excess[clear] / np.log(10.0)
    axes.plot(x, y, "o", color=BLUE, markersize=4.5, label="measured", gid="excess")
    for name, style, said in (
        ("excess_exponent", "-", "fit: λ^{:.3f}"), ("expected_excess_exponent", "--", "idle neurons: λ^{:.3f}")
    ):  # fmt: skip
        power = float(law[name])
        axes.plot(x, y[-1] + power * (x - x[-1]), style, color=BLACK, linewidth=0.9, label=said.format(power))
    axes.invert_xaxis()
    logarithmic_powers(axes, "x")
    logarithmic_powers(axes, "y")
    axes.set_xlabel("λ")
    axes.set_ylabel("excess of the norm")
    _legend_above(axes)


def _legend_above(axes: Axes) -> None:
    """Put the legend where no line can pass under it."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


@publication
def width_figure(law: xr.Dataset) -> Figure:
    """Draw the share of starts that reach the minimum against m, and the width of even odds against n.

    Parameters
    ----------
    law
        Of :func:`pipeline.theory.width_law`.
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    shares, odds = figure.subplots(1, 2, width_ratios=(1.7, 1))
    m = law["width"].values.astype(float)
    fine = law["fine_width"].values
    for n, (color, marker) in zip(law["points"].values, SERIES, strict=False):
        at = law.sel(points=n)
        look: dict[str, Any] = {"color": color, "linestyle": "none", "marker": marker, "clip_on": False}
        shares.plot(fine, at["probability_curve"].values, color=color, linewidth=1.2)
        shares.plot(m, at["assumption_3"].values, **look, markersize=8, markerfacecolor="none")
        shares.plot(m, at["reached"].values, **look, markersize=4, label=f"n = {n}", gid=f"reached-{n}")
    shares.set_xscale("log", base=2)
    shares.set_xticks(m, [f"{value:g}" for value in m])
    shares.set_xlabel("width m")
    shares.set_ylabel("share of the starts")
    shares.set_ylim(-0.04, 1.06)
    handles = [
        *shares.get_legend_handles_labels()[0],
        Line2D([], [], linestyle="none", marker="o", color=BLACK, markersize=4, label="minimum reached"),
        Line2D([], [], linestyle="none", marker="o", color=BLACK, markersize=8, markerfacecolor="none",
               label="assumption 3 holds"),
        Line2D([], [], color=BLACK, linewidth=1.2, label="its probability, exactly"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=SMALL)
    n = law["points"].values.astype(float)
    odds.plot(n, law["even_odds"].values, "o-", color=BLACK, markersize=5, gid="even-odds")
    odds.plot(n, law["even_odds"].values[-1] * 2.0 ** ((n - n[-1]) / 2), "--", color=GREY)
    odds.annotate("~ 2^(n/2)", (n[1], law["even_odds"].values[-1] * 2.0 ** ((n[1] - n[-1]) / 2)),
                  xytext=(8, -10), textcoords="offset points", color=GREY)  # fmt: skip
    odds.set_yscale("log", base=2)
    odds.set_yticks([4, 8, 16, 32], ["4", "8", "16", "32"])
    odds.set_xticks(n, [f"{value:g}" for value in n])
    odds.set_xlabel("points n")
    odds.set_ylabel("width of even odds")
    return figure


@publication
def threshold_figure(law: xr.Dataset) -> Figure:
    """Draw lambda* against m with m^(-1/2), and against n with the fitted exponential.

    Parameters
    ----------
    law
        Of :func:`pipeline.theory.threshold_law`.
    """
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    by_width, by_points = figure.subplots(1, 2)
    m, n = law["width"].values.astype(float), law["points"].values.astype(float)
    across_m, across_n = law["log10_threshold_width"].values, law["log10_threshold_points"].values
    _starts(by_width, np.log2(m), across_m, BLUE, "o")
    level = np.mean(np.median(across_m, axis=1) + 0.5 * np.log10(m))
    by_width.plot(np.log2(m), level - 0.5 * np.log10(m), "--", color=BLACK, label="paper: m^(−1/2)")
    by_width.set_xticks(np.log2(m), [f"{value:g}" for value in m])
    by_width.set_xlabel(f"width m (n = {law.attrs['points_of_widths']})")
    by_width.set_ylabel("log₁₀ λ*")
    _starts(by_points, n, across_n, VERMILION, "s")
    slope = -float(law["points_rate"]) / np.log(10.0)
    level = np.mean(np.median(across_n, axis=1) - slope * n)
    by_points.plot(
        n, level + slope * n, "--", color=BLACK,
        label=f"paper: e^(−Θ(n))\nfit: e^(−{float(law['points_rate']):.2f} n)",
    )  # fmt: skip
    by_points.set_xticks(n, [f"{value:g}" for value in n])
    by_points.set_xlabel(f"points n (m = {law.attrs['width_of_points']})")
    for axes in (by_width, by_points):
        axes.legend(loc="best")
    return figure


def _starts(axes: Axes, x: FloatArray, values: FloatArray, color: str, marker: str) -> None:
    """Every start as a faint mark, their median as a full one."""
    look: dict[str, Any] = {"color": color, "linestyle": "none", "marker": marker}
    axes.plot(np.repeat(x, values.shape[1]), values.ravel(), **look, alpha=0.3, markersize=4)
    axes.plot(x, np.median(values, axis=1), **look, markersize=7, label="median")
