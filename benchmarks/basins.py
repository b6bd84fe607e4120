"""Why plain gradient descent is no witness for long runs: on five points on a line it ends in another basin.

``python -m benchmarks.basins [FILE.png]`` prints the numbers and draws the figure.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
import xarray as xr
from matplotlib.ticker import LogLocator, NullLocator
from rich.console import Console
from rich.table import Table

from pipeline.configuration import load_config
from pipeline.data import generate_data
from pipeline.figures.style import BLACK, BLUE, GREY, VERMILION, WIDTH, publication
from pipeline.figures.writing import encoded, replace_file
from pipeline.flow import initialise, simulate

PRESET = "non-orthogonal"
END = 2000.0
TIMES = np.concatenate([[0.0], np.geomspace(1.0, END, 1500)])
EXACT, PLAIN, BALANCED = "exact", "gradient_descent", "gradient_descent:balanced"
METHODS = (EXACT, BALANCED, PLAIN)

LOOKS: dict[str, dict[str, Any]] = {
    EXACT: {"color": BLACK, "linewidth": 1.2, "zorder": 3},
    BALANCED: {"color": BLUE, "linewidth": 4.5, "alpha": 0.5, "zorder": 2, "solid_capstyle": "butt"},
    PLAIN: {"color": VERMILION, "linewidth": 1.8, "linestyle": (0, (4, 1.5)), "zorder": 4},
}
"""Colour, width and dash: each pair is told apart by two of them."""

NAMES = {EXACT: "exact flow", BALANCED: "descent, balance restored", PLAIN: "plain descent"}


def trajectories(methods: tuple[str, ...] = METHODS, **settings: Any) -> dict[str, xr.Dataset]:
    """The preset's start followed by each of ``methods`` at :data:`TIMES`."""
    config = load_config(PRESET)
    data = generate_data(config.data)
    init = initialise(data, config.init)
    return {method: simulate(data, init, sample_times=TIMES, method=method, **settings) for method in methods}


def balance(trajectory: xr.Dataset) -> np.ndarray:
    """a_j/(s_j |w_j|) of every neuron at every sample: 1 on the flow, below 0 once a_j has changed its sign."""
    ratio = trajectory["output_ratio"].values
    signed: np.ndarray = ratio * np.sign(ratio[0])
    return signed


def table(found: dict[str, xr.Dataset] | None = None) -> Table:
    """The rows: how each method ends, what flips, and how far its residuals are from the first method's."""
    found = found or trajectories()
    result = Table(
        "method", "status", "final loss", "1/2 |θ|²", "signs flipped", "first, last at t", "|Δr| to t = 200",
        "to the end", "time", title=f"Preset {PRESET} to t = {END:g}: descents with the notebooks' step of 1e-3",
    )  # fmt: skip
    reference = next(iter(found.values()))["residual"].values
    for method, trajectory in found.items():
        signed = balance(trajectory)
        flipped = signed[-1] < 0.0
        flips = TIMES[np.argmax(signed < 0.0, axis=0)[flipped]]
        ratio, log_norm = (trajectory[name].values[-1] for name in ("output_ratio", "log_norm"))
        off = np.abs(trajectory["residual"].values - reference).max(axis=1)
        result.add_row(
            NAMES[method],
            trajectory.attrs["status"],
            f"{float(trajectory['loss'][-1]):.4g}",
            f"{0.5 * np.sum(np.exp(2.0 * log_norm) * (1.0 + ratio**2)):.4f}",
            f"{len(flips)}",
            f"{flips.min():.0f}, {flips.max():.0f}" if len(flips) else "",
            f"{off[TIMES <= 200.0].max():.1e}",
            f"{off.max():.1e}",
            f"{1e3 * trajectory.attrs['solver_seconds']:.0f} ms",
        )
    return result


@publication
def draw(found: dict[str, xr.Dataset]) -> matplotlib.figure.Figure:
    """The loss over t, and below it the neuron that is furthest from its balance."""
    figure = matplotlib.figure.Figure(figsize=(WIDTH, 4.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
    for method, trajectory in found.items():
        time, loss = trajectory["time"].values[1:], trajectory["loss"].values[1:]
        above.loglog(time, np.where(loss > 0.0, loss, np.nan), label=NAMES[method], **LOOKS[method])
        below.semilogx(time, balance(trajectory).min(axis=1)[1:], **LOOKS[method])
    above.set_xlim(1.0, END)
    above.set_ylim(1e-17, 2.0)
    above.yaxis.set_major_locator(LogLocator(numticks=7))
    above.yaxis.set_minor_locator(NullLocator())
    above.set_ylabel("loss L")
    above.legend(loc="lower left")
    below.axhline(0.0, color=GREY, linewidth=0.8, linestyle=":", zorder=0.8)
    below.set_ylim(-1.15, 1.15)
    below.set_yticks([-1.0, 0.0, 1.0], ["−1", "0", "1"])
    below.set_ylabel("least aⱼ / (sⱼ |wⱼ|)")
    below.set_xlabel("time t of the flow")
    below.xaxis.set_major_formatter(lambda t, _: f"{t:,.0f}")

    if PLAIN in found:
        signed, loss = balance(found[PLAIN]), float(found[PLAIN]["loss"][-1])
        flipped = np.count_nonzero(signed[-1] < 0.0)
        first = TIMES[np.argmax((signed < 0.0).any(axis=1))]
        below.annotate(
            f"{flipped} output weights\nchange sign", (first, 0.0), xytext=(-8, -8), textcoords="offset points",
            ha="right", va="top", color=VERMILION,
        )  # fmt: skip
        above.annotate(
            f"for ever at L = {loss:.4f}", (END, loss), xytext=(-2, 5), textcoords="offset points", ha="right",
            color=VERMILION,
        )  # fmt: skip
    figure.suptitle("Five points on a line: gradient descent ends in another basin", x=0.01, ha="left")
    return figure


def figure(path: Path | str, found: dict[str, xr.Dataset] | None = None) -> Path:
    """Write the figure to ``path`` (PNG or SVG by its ending) and return the path."""
    path = Path(path)
    picture = draw(found or trajectories())
    replace_file(path, encoded(picture, path.suffix.removeprefix("."), title="Basins of gradient descent"))
    return path


if __name__ == "__main__":
    followed = trajectories()
    Console(width=140, highlight=False).print(table(followed))
    if len(sys.argv) > 1:
        print(figure(sys.argv[1], followed))
