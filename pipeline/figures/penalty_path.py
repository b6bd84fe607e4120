"""The path of the penalised minimum: norm and loss against beta, the two against each other beside the flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures.reading import scale_text
from pipeline.figures.style import BLACK, BLUE, GREEN, PURPLE, VERMILION, WIDTH, publication
from pipeline.inputs.kinds import dataset
from pipeline.network.activation import Activation
from pipeline.network.one_input import OneInput, positions, window

PALE_GREY = "#E4E4E4"
SHOWN = 4
"""How many functions of the path are drawn over one input."""
LINES = ((PURPLE, ":"), (GREEN, "--"), (VERMILION, "-."), (BLUE, "-"))
"""A colour and a dash for each of them."""
LOWEST_LOSS = 0.5
"""The flow's loss, over the path's least, down to which it is drawn."""


@publication
def penalty_figure(law: xr.Dataset) -> Figure:
    """Draw the path in beta, its border of norm and loss with the flow on it, and over one input its functions.

    Parameters
    ----------
    law
        Of :func:`pipeline.theory.minimum_law`.
    """
    law = dataset("law", law, "minimum_law", "x", "y", "penalty", "norm", "norm_at_loss", "flow_loss")
    one = OneInput.of(law, Activation(float(law.attrs["slope"])))
    figure = Figure(figsize=(WIDTH, 5.4 if one is not None else 3.2), layout="constrained")
    mosaic: list[Any] = [["norm", "border"], ["loss", "border"]]
    mosaic += [["functions", "functions"]] * (one is not None)
    axes = figure.subplot_mosaic(mosaic, height_ratios=[1, 1, 1.5][: len(mosaic)])
    _against_beta(axes["norm"], axes["loss"], law)
    _border(axes["border"], law)
    if one is not None:
        _functions(axes["functions"], law, one)
    free = [word for key, word in (("output_bias", "constant"), ("skip", "linear function")) if law.attrs[key]]
    beside = f", a free {' and a free '.join(free)}" if free else ""
    figure.suptitle(f"{law.attrs['name']}: loss + β norm{beside}", x=0.01, ha="left")
    return figure


def _against_beta(above: Axes, below: Axes, law: xr.Dataset) -> None:
    law = law.sortby("penalty")
    beta, mark = law["penalty"].values, "o-" if law.sizes["penalty"] < 40 else "-"
    above.sharex(below)
    above.plot(beta, law["norm_at_loss"].values, "--", color=VERMILION, gid="norm-at-loss", label="flow")
    above.plot(beta, law["norm"].values, mark, color=BLUE, markersize=3, gid="norm", label="penalised")
    if np.isfinite(law["least_norm"]):
        above.axhline(float(law["least_norm"]), color=BLACK, linewidth=0.9, linestyle=":", gid="least-norm")
    above.set_ylabel("½|θ|²")
    above.set_ylim(bottom=0.0)
    above.tick_params(labelbottom=False)
    below.plot(beta, law["loss"].values, mark, color=BLUE, markersize=3, gid="loss")
    below.set_yscale("log")
    below.set_ylabel("loss L")
    below.set_xscale("log")
    below.set_xlabel("penalty β")


def _border(axes: Axes, law: xr.Dataset) -> None:
    """Norm against loss: no network is below the border; the flow is on it or above."""
    law = law.sortby("penalty")
    loss, norm = law["loss"].values, law["norm"].values
    flow_loss, flow_norm = law["flow_loss"].values, law["flow_norm"].values
    lowest = LOWEST_LOSS * loss[loss > 0].min(initial=np.inf)
    shown = flow_loss > (lowest if np.isfinite(lowest) else 0.0)
    axes.plot(flow_loss[shown], flow_norm[shown], "--", color=VERMILION, gid="flow", label="flow, stopped at t")
    axes.plot(loss, norm, color=BLUE, gid="border", label="least L + β norm")
    axes.fill_between(loss, 0.0, norm, color=PALE_GREY, linewidth=0, label="grey: no network")
    if np.isfinite(law["least_norm"]):
        axes.axhline(float(law["least_norm"]), color=BLACK, linewidth=0.9, linestyle=":", label="least that fits")
    axes.set_xscale("log")
    axes.invert_xaxis()  # to the right the labels are fitted better
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("loss L")
    axes.set_ylabel("½|θ|²")
    axes.legend(loc="lower right")


def _functions(axes: Axes, law: xr.Dataset, one: OneInput) -> None:
    """A few functions of the path, evenly in their norm, over the data."""
    position, beta, norm = positions([one], 401), law["penalty"].values, law["norm"].values
    wanted = np.linspace(norm.min(), norm.max(), SHOWN)
    chosen = np.unique(np.abs(norm - wanted[:, None]).argmin(axis=1))
    for place, (color, dash) in zip(chosen[np.argsort(-beta[chosen])], LINES, strict=False):
        at = law.isel(penalty=int(place))
        w, sign = at["weight"].values, at["output_sign"].values
        slope, offset = one.lines(at["skip_weight"].values)
        values = one.values(w, sign * np.linalg.norm(w, axis=1), position)
        values = values + float(at["output_constant"]) + offset + slope * position
        axes.plot(
            position,
            values,
            dash,
            color=color,
            label=f"β = {scale_text(float(np.log(beta[place])))}",
            gid=f"function-{place}",
        )
    axes.plot(one.x, law["y"].values, "o", color=BLACK, markersize=4, label="data", gid="data")
    axes.set_xlim(*window([one]))
    axes.set_xlabel("x")
    axes.set_ylabel("h(x)")
    axes.legend(loc="best", ncols=2)
