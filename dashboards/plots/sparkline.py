"""A loss as a small line in a table's cell: SVG by hand, because a row must cost a few hundred bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

WIDTH, HEIGHT = 76, 22
"""Of the picture, in pixels."""
POINTS = 48
"""Points of the line."""


SETTLED = 0.01
"""The picture ends a little after the loss is for good within this share of its fall from its last value."""


def draw_sparkline(time: Numbers, loss: Numbers) -> str:
    """Draw a loss over time, from 0 to its largest value.

    Parameters
    ----------
    time, loss : float64[instants]

    Returns
    -------
    str
        An ``svg`` with a name for screen readers; empty where there is no loss to draw.
    """
    known = np.isfinite(time) & np.isfinite(loss)
    time, loss = time[known], loss[known]
    top = float(loss.max(initial=0.0))
    if len(loss) < 2 or top <= 0.0 or time[-1] <= 0.0:
        return ""
    moving = np.flatnonzero(np.abs(loss - loss[-1]) > SETTLED * (top - loss[-1]))
    until = min(1.25 * float(time[moving[-1]]) if len(moving) else np.inf, float(time[-1])) or float(time[-1])
    across = np.linspace(0.0, until, POINTS)
    height = np.interp(across, time, loss) / top
    x, y = 1 + (WIDTH - 2) * across / until, 1 + (HEIGHT - 2) * (1.0 - height)
    path = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, y, strict=True))
    said = f"loss from {loss[0]:.2g} to {loss[-1]:.2g}"
    return (
        f'<svg class="loss" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{said}">'
        f'<polyline points="{path}"/></svg>'
    )
