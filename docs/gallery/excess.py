"""The figure of the sweep of the paper's discussion: how far above the minimum runs end, and how many fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from pipeline.figures.reading import power_text
from pipeline.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, WIDTH, publication
from pipeline.figures.writing import encoded, replace_file

FITTED = 1e-9
"""A loss below this is a fit, for labels of size 1."""

FLOOR = 1e-11
"""An excess below this is rounding."""

LOOKS = ((GREY, "o"), (BLUE, "s"), (VERMILION, "^"), (GREEN, "v"), (PURPLE, "D"), (BLACK, "P"))
"""A colour and a marker for each width."""


def fits(cube: xr.Dataset) -> xr.DataArray:
    """Whether each cell's network fits the data at the end."""
    return cube["final_loss"] < FITTED


def typical_excess(cube: xr.Dataset) -> xr.DataArray:
    """The median excess over the seeds whose networks fit; (log_init_scale, width)."""
    return cube["final_excess"].where(fits(cube)).median("seed").transpose("log_init_scale", "width")


def excess_figure(cube: xr.Dataset, path: Path) -> None:
    """Write the figure as SVG.

    Parameters
    ----------
    cube
        final_excess and final_loss over (log_init_scale, width, seed).
    path
        Replaced whole.
    """
    replace_file(path, encoded(_draw(cube), "svg", title=str(cube.attrs.get("title", ""))))


@publication
def _draw(cube: xr.Dataset) -> Figure:
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    tens, excess = cube["log10_scale"].values, typical_excess(cube)
    # The curves lie on one another: each is drawn inside the last.
    for i, ((color, marker), width) in enumerate(zip(LOOKS, cube["width"].values, strict=False)):
        values = excess.sel(width=width).values
        seen = values > FLOOR
        left.plot(
            tens[seen], values[seen], f"{marker}-", color=color, linewidth=0.8, markersize=12 - 1.7 * i,
            markerfacecolor="none", label=f"m = {width}",
        )  # fmt: skip
    left.set_yscale("log")
    left.yaxis.set_major_locator(FixedLocator([10.0**k for k in range(-10, 2, 2)]))
    left.yaxis.set_minor_locator(NullLocator())
    left.yaxis.set_major_formatter(lambda value, _: power_text(round(float(np.log10(value)))))
    left.xaxis.set_major_formatter(lambda value, _: power_text(round(value)))
    left.set_xlabel("scale λ√m of the start")
    left.set_ylabel("median excess of ½|θ|²")
    left.legend(loc="upper left")
    share = fits(cube).isel(log_init_scale=slice(2, None)).mean(["log_init_scale", "seed"])
    places = range(len(share))
    right.bar(places, 100 * share.values, color=[color for color, _ in LOOKS][: len(share)], width=0.65)
    right.set_xticks(list(places), [str(width) for width in cube["width"].values])
    right.set_xlabel("width m")
    right.set_ylabel("starts that fit the data, %")
    right.set_ylim(0, 105)
    return figure
