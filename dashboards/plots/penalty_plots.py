"""Loss plus penalty times norm: the path of its least in beta with the flow beside it, and a run's own minima."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr

from dashboards.html_table import Table, number_cell
from dashboards.plots.holoviews_style import style_overlay
from dashboards.theme import Theme, shade
from pipeline.figures import ROLES, power_text

PATH, FLOW = ROLES["positive"].color, ROLES["negative"].color
"""The colours of the path and of the flow; the flow's dashes are the second cue."""
LOWEST_LOSS = 0.5
"""The flow's loss, over the path's least, down to which it is drawn."""
HEIGHT = 300


def create_path_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw the norm of each penalised minimum against beta, and the norm of the flow when it has the same loss.

    Parameters
    ----------
    law
        Of :func:`pipeline.minimum_law`.
    theme
        The colours of the page.
    """
    law = law.sortby("penalty")
    beta, names = law["penalty"].values, ("penalty β", "½|θ|²")
    drawn = [
        hv.Curve((beta, law["norm_at_loss"].values), *names, label="flow at the same loss").opts(
            color=shade(FLOW, theme), line_dash="dashed", line_width=2.0
        ),
        hv.Curve((beta, law["norm"].values), *names, label="least loss + β norm").opts(
            color=shade(PATH, theme), line_width=2.0
        ),
        hv.Scatter((beta, law["norm"].values), *names).opts(color=shade(PATH, theme), size=5),
    ]
    if np.isfinite(least := float(law["least_norm"])):
        ends = beta[[0, -1]] if len(beta) > 1 else beta * np.array([0.5, 2.0])
        line = hv.Curve((ends, [least, least]), *names, label="least that fits")
        drawn.append(line.opts(color=theme.ink, line_dash="dotted", line_width=1.5))
    return style_overlay(
        hv.Overlay(drawn), theme, logx=True, ylim=(0.0, _highest(law, "norm", "norm_at_loss")), height=HEIGHT,
        xticks=_powers(beta), legend_position="bottom_left", show_grid=True, show_legend=True,
    )  # fmt: skip


def create_border_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw norm against loss: no network is below the path, and the flow is on it or above.

    Parameters
    ----------
    law, theme
        As in :func:`create_path_plot`.
    """
    law = law.sortby("loss")
    loss, norm = law["loss"].values, law["norm"].values
    flow_loss, flow_norm = law["flow_loss"].values, law["flow_norm"].values
    lowest = LOWEST_LOSS * loss[loss > 0].min(initial=np.inf)
    shown = flow_loss > (lowest if np.isfinite(lowest) else 0.0)
    names = ("loss L", "½|θ|²")
    drawn = [
        hv.Area((loss, norm), *names, label="grey: no network").opts(color=theme.line, alpha=0.6, line_alpha=0),
        hv.Curve((loss, norm), *names, label="least loss + β norm").opts(color=shade(PATH, theme), line_width=2.0),
        hv.Curve((flow_loss[shown], flow_norm[shown]), *names, label="flow, stopped at t").opts(
            color=shade(FLOW, theme), line_dash="dashed", line_width=2.0
        ),
    ]
    return style_overlay(
        hv.Overlay(drawn), theme, logx=True, invert_xaxis=True, ylim=(0.0, _highest(law, "norm", "flow_norm")),
        height=HEIGHT, legend_position="bottom_right", show_grid=True, show_legend=True,
    )  # fmt: skip


def _powers(values: np.ndarray) -> list[tuple[float, str]]:
    """Name the powers of ten around these values: Bokeh would name 2 to 9 of each, which overlap."""
    low, high = int(np.floor(np.log10(values.min()))), int(np.ceil(np.log10(values.max())))
    return [(10.0**power, power_text(power)) for power in range(low, high + 1)]


def _highest(law: xr.Dataset, *names: str) -> float:
    return 1.08 * max(float(np.nanmax(law[name].values, initial=0.0)) for name in (*names, "least_norm")) or 1.0


def create_path_table(law: xr.Dataset) -> Table:
    """Tabulate the path: what is least at each penalty, and when the flow has that loss, and its norm then."""
    rows = []
    for place in np.argsort(-law["penalty"].values):
        at = law.isel(penalty=place)
        numbers = [
            number_cell(float(at[name]), form)
            for name, form in (
                ("penalty", ".4g"), ("loss", ".4g"), ("norm", ".7g"), ("neurons", "g"), ("gap", ".0e"),
                ("time_at_loss", ".5g"), ("norm_at_loss", ".7g"),
            )
        ]  # fmt: skip
        rows.append(numbers)
    heads = ("penalty β", "loss", "½|θ|²", "neurons", "gap", "the flow has this loss at t", "with ½|θ|²")
    return Table("The least of loss + β norm at each penalty, and the flow at the same loss", heads, rows)


def create_kept_table(minimum: xr.Dataset) -> Table:
    """Tabulate the penalised minima in the group ``minimal_norm`` of a run."""
    rows = []
    for place in np.argsort(-minimum["penalty"].values):
        at = minimum.isel(penalty=place)
        beta, loss, norm = (float(at[name]) for name in ("penalty", "penalised_loss", "penalised_norm"))
        rows.append(
            [
                number_cell(beta, ".4g"), number_cell(loss, ".4g"), number_cell(norm, ".7g"),
                number_cell(loss + beta * norm, ".7g"), number_cell(float(at["penalised_lower_bound"]), ".7g"),
            ]
        )  # fmt: skip
    heads = ("penalty β", "loss", "½|θ|²", "loss + β norm", "at least")
    return Table("The penalised minima that are kept with this run", heads, rows)
