"""The limit lambda -> 0 as a staircase: the loss over t/(-ln lambda), with flows of finite lambda on it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from pipeline.figures.reading import power_text
from pipeline.figures.style import BLACK, BLUE, GREEN, PURPLE, VERMILION, WIDTH, publication
from pipeline.inputs.kinds import dataset

LINES = ((GREEN, ":"), (VERMILION, "--"), (BLUE, "-"), (PURPLE, "-."))
"""A colour and a dash for each lambda."""
BEYOND = 1.08
"""How far beyond its last jump the limit is drawn, over that jump's time."""


@publication
def staircase_figure(law: xr.Dataset) -> Figure:
    """Draw the loss of the limit as steps, and the measured losses over the same time.

    Parameters
    ----------
    law
        Of :func:`pipeline.theory.limit_law`.
    """
    law = dataset("law", law, "limit_law", "time", "scale", "curve_time", "curve_loss", "labels_fitted")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    time, loss = law["time"].values, law["loss"].values
    end = BEYOND * time[-1] or 1.0
    for scale, (color, dash) in zip(law["scale"].values, LINES, strict=False):
        curve = law.sel(scale=scale)
        axes.plot(
            curve["curve_time"].values, curve["curve_loss"].values, dash, color=color,
            label=f"scale {power_text(int(scale))}", gid=f"measured-{scale:g}",
        )  # fmt: skip
    axes.step(
        np.append(time, end), np.append(loss, loss[-1]), where="post", color=BLACK, linewidth=0.9, gid="limit",
        label="limit λ → 0",
    )  # fmt: skip
    fitted, points = law["labels_fitted"].values, law.sizes["point"]
    for i in range(len(time)):
        last = i == len(time) - 1
        width = (end if last else time[i + 1]) - time[i]
        if width > 0.15 * end:
            axes.annotate(
                f"{fitted[i]} of {points} fitted", (time[i] + width / 2, loss[i]), xytext=(0, 4),
                textcoords="offset points", ha="center", fontsize="small",
            )  # fmt: skip
    axes.set_xlim(0.0, end)
    axes.set_ylim(-0.03 * loss[0], 1.12 * loss[0])
    axes.set_xlabel("t/(−ln λ)")
    axes.set_ylabel("loss L")
    axes.legend(loc="upper right")
    figure.suptitle(f"{law.attrs['name']}: jumps from saddle to saddle", x=0.01, ha="left")
    return figure
