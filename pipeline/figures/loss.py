"""Figure 3: the loss against time, with the phases and the plateaus between which it falls."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from pipeline.figures.reading import (
    FloatArray,
    Interval,
    Run,
    heading,
    intervals,
    measured_times,
    phase_order,
    power_text,
    refuse_no_run,
    shown_until,
    time_text,
    values,
)
from pipeline.figures.style import BLACK, GREY, PHASES, PURPLE, ROUND_STEPS, WIDTH, measured_in, publication
from pipeline.network.names import plateau_name

TIME_PER_ITERATION = 2e-3
"""The notebooks' step of 1e-3 goes down the *mean* squared error, twice the gradient of L."""

DECADES = 20
"""How far below its start the logarithmic axis follows the loss: further down it is rounding, not a tail."""

HEADROOM = 1.3
"""The linear axis' top over the largest loss: room for the ribbon of phases."""

RIBBON = 0.9
"""Where the ribbon begins, as a part of the axis' height."""

NARROW = 0.03
"""Parts of the axis: a phase narrower than this has its number beneath the ribbon."""

NAMED = 0.08
"""A plateau narrower than this has no room for its name."""


TEST: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1.4}
"""How the loss at test points is drawn."""
NUMBER = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "none"}


@publication
def loss_figure(tree: xr.DataTree) -> Figure:
    """Draw the loss against t, linear as in the paper's figure 3 and logarithmic below it.

    The phases are shaded and numbered, the plateaus (the stationary points near which the flow lingers) are
    thickened and named. The second axis counts the iterations of the authors' notebooks: t = 10 is 5,000.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory and phases.

    Returns
    -------
    Figure
        Without a canvas of its own; no pyplot state is touched.
    """
    refuse_no_run(tree)
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    linear, logarithmic = figure.subplots(2, 1, sharex=True, height_ratios=(1.25, 1))
    time, loss = values(tree, "trajectory", "time"), values(tree, "trajectory", "loss")
    end, phases, plateaus = shown_until(tree), intervals(tree, "phase"), _plateaus(tree)

    draw_linear(tree, linear)
    # A loss of exactly 0 has no logarithm; the line ends there.
    logarithmic.semilogy(
        time, np.where(loss > 0, loss, np.nan), mark_of(time), color=BLACK, gid="loss-logarithmic"
    )  # fmt: skip
    test = test_loss(tree)
    if test is not None:
        logarithmic.semilogy(time, np.where(test > 0, test, np.nan), **TEST, gid="test-loss-logarithmic")
    lowest = loss if test is None else np.minimum(loss, test)
    _decades(logarithmic, lowest[(lowest > 0) & (time <= end)], _top(loss))
    _shade(logarithmic, phases, end)
    _thicken(logarithmic, plateaus, time, loss)
    for t in measured_times(tree):
        if np.isfinite(t):
            logarithmic.axvline(t, color=GREY, linewidth=0.8, linestyle=":", zorder=0.8)

    logarithmic.set_ylabel("loss L, log scale")
    label_time(tree, logarithmic)
    iterations = linear.secondary_xaxis("top", functions=measured_in(TIME_PER_ITERATION))
    iterations.xaxis.set_major_locator(MaxNLocator(5 if end < 200 else 4, steps=ROUND_STEPS))
    iterations.xaxis.set_major_formatter(lambda k, _: f"{k:,.0f}")
    iterations.set_xlabel("gradient-descent iterations (step 10⁻³ on the mean squared error)")

    figure.suptitle(heading(tree), x=0.01, ha="left")
    figure.legend(
        handles=_legend(tree, phase_order(tree), phases, bool(plateaus)),
        loc="outside lower left",
        ncols=2,
        handleheight=1.0,
    )
    return figure


def mark_of(time: FloatArray) -> str:
    """A line, or the one dot of a run that rests where it starts."""
    return "-" if len(time) > 1 else "o"


def draw_linear(tree: Run, axes: Axes) -> None:
    """Draw the loss on a linear axis, the ribbon of numbered phases above it, its plateaus named."""
    time, loss = values(tree, "trajectory", "time"), values(tree, "trajectory", "loss")
    end, phases, plateaus = shown_until(tree), intervals(tree, "phase"), _plateaus(tree)
    axes.plot(time, loss, mark_of(time), color=BLACK, gid="loss-linear", clip_on=len(time) > 1)
    top, test = _top(loss), test_loss(tree)
    if test is not None:
        axes.plot(time, test, **TEST, gid="test-loss-linear")
        top = max(top, _top(test[time <= end]))
    axes.set_xlim(0, end)
    axes.set_ylim(0, HEADROOM * top)
    axes.set_ylabel("loss L")
    _shade(axes, phases, end)
    _thicken(axes, plateaus, time, loss)
    _ribbon(axes, phases, phase_order(tree), end)
    _name_plateaus(axes, plateaus, time, loss, end)


def test_loss(tree: Run) -> FloatArray | None:
    """The loss at the test points along time; None of a run without them."""
    return values(tree, "trajectory", "test_loss") if "test_loss" in tree["trajectory"].variables else None


def label_time(tree: Run, axes: Axes) -> None:
    """Label the axis of time; it says so where the run goes on beyond it."""
    end, last = shown_until(tree), float(values(tree, "trajectory", "time")[-1])
    beyond = f" (the run goes on to {time_text(last)})" if last > end else ""
    axes.set_xlabel(f"time t of the flow{beyond}")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND_STEPS))
    axes.xaxis.set_major_formatter(lambda t, _: f"{t:,.6g}")


def _top(loss: FloatArray) -> float:
    """The largest loss; a loss that is 0 from the start still needs axes of some height."""
    return float(np.max(loss)) or 1.0


def _plateaus(tree: Run) -> list[Interval]:
    """Find the plateaus that begin where the axis of time still is."""
    end = shown_until(tree)
    return [p for p in intervals(tree, "plateau") if p.label != "none" and p.start < end]


def _shade(axes: Axes, phases: list[Interval], end: float) -> None:
    """Shade each phase in its colour."""
    for interval in phases:
        style = PHASES[interval.label]
        axes.axvspan(interval.start, min(interval.end, end), facecolor=style.color, alpha=0.1, linewidth=0)


def _thicken(axes: Axes, plateaus: list[Interval], time: FloatArray, loss: FloatArray) -> None:
    """Draw the loss thicker where the flow lingers."""
    for plateau in plateaus:
        # The sample that ends a plateau is already off it.
        inside = (time >= plateau.start) & (time < plateau.end)
        axes.plot(
            time[inside], loss[inside], color=PURPLE, linewidth=6, alpha=0.55, solid_capstyle="butt", zorder=1.5
        )  # fmt: skip


def _decades(axes: Axes, loss: FloatArray, top: float) -> None:
    """Limit the logarithmic axis to what is a tail, and keep its ticks few."""
    lowest = max(float(np.min(loss, initial=top)), 10.0**-DECADES * top)
    # At least two decades, or the axis has a single tick.
    axes.set_ylim(min(lowest / 3, top / 50), 5 * top)
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_major_formatter(lambda value, _: power_text(round(float(np.log10(value)))))
    axes.yaxis.set_minor_locator(NullLocator())


def _ribbon(axes: Axes, phases: list[Interval], order: tuple[str, ...], end: float) -> None:
    """Name the phases by their numbers in a band along the top; beneath it where the band is too narrow."""
    last_narrow = -1.0
    for interval in phases:
        if interval.start >= end:
            continue
        style, stop = PHASES[interval.label], min(interval.end, end)
        axes.axvspan(
            interval.start, stop, RIBBON, 1, facecolor=style.pale, edgecolor=style.color,
            hatch=style.hatch, linewidth=1.2,
        )  # fmt: skip
        middle = (interval.start + stop) / 2
        number = str(order.index(interval.label) + 1)
        if (stop - interval.start) / end >= NARROW:
            axes.text(
                middle, (1 + RIBBON) / 2, number, transform=axes.get_xaxis_transform(), ha="center",
                va="center_baseline", fontweight="bold", bbox=NUMBER,
            )  # fmt: skip
        else:
            at = max(middle + 0.012 * end, last_narrow + 0.03 * end)
            last_narrow = at
            axes.text(
                at, RIBBON - 0.015, number, transform=axes.get_xaxis_transform(), ha="center", va="top",
                fontweight="bold",
            )  # fmt: skip


def _name_plateaus(axes: Axes, plateaus: list[Interval], time: FloatArray, loss: FloatArray, end: float) -> None:
    """Write the name and the loss of each plateau that is wide enough, above it, or below if it is high."""
    top = float(np.max(loss))
    for plateau in plateaus:
        stop = min(plateau.end, end)
        if stop - plateau.start < NAMED * end:
            continue
        level = float(np.median(loss[(time >= plateau.start) & (time <= stop)]))
        below = level > 0.7 * top
        axes.annotate(
            f"{plateau_name(plateau.label)}\nL = {level:.3g}", ((plateau.start + stop) / 2, level),
            xytext=(0, -7 if below else 7),
            textcoords="offset points", ha="center", va="top" if below else "bottom",
        )  # fmt: skip


def _legend(
    tree: xr.DataTree, order: tuple[str, ...], phases: list[Interval], plateaus: bool
) -> list[Patch | Line2D]:
    """One entry a phase, with the time at which it ends, and one for the plateaus."""
    seen = {interval.label for interval in phases}
    handles: list[Patch | Line2D] = []
    for i, phase in enumerate(order):
        style = PHASES[phase]
        said = "" if phase in seen else " (not reached)"
        if i < 3 and phase in seen:
            t = measured_times(tree)[i]
            said = f", to t{'₁₂₃'[i]} = {time_text(t)}" if np.isfinite(t) else f", no t{'₁₂₃'[i]}"
        handles.append(
            Patch(
                facecolor=style.pale, edgecolor=style.color, hatch=style.hatch,
                label=f"{i + 1} {style.name}{said}",
            )
        )  # fmt: skip
    if test_loss(tree) is not None:
        handles.append(Line2D([], [], **TEST, label="loss at the test points"))
    if plateaus:
        handles.append(Line2D([], [], color=PURPLE, linewidth=6, alpha=0.55, label="plateau"))
    else:
        # An empty fifth entry: two columns of two are too wide, three and two are not.
        handles.append(Line2D([], [], linestyle="none", label=" "))
    return handles
