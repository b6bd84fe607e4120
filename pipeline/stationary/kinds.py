"""Of what kind a stationary point is: one answer, given by the flow's account, the plateaus and the reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant
from pipeline.network.patterns import Network
from pipeline.stationary.descent import (
    Descent,
    UndecidedError,
    first_order_descent,
    second_order_descent,
)
from pipeline.stationary.point import StationaryPoint, nearest_stationary_point

ON = 1e-6
"""|cos(w_j, x_k)| up to which a neuron lies on a point's boundary: the accuracy of the directions."""
BESIDE = 5e-3
"""The same, up to which it lies so near to the boundary that a change of its weights by some thousandths crosses
it."""
EXACT = 1e-6
"""|h by theta_S' own patterns less that by the plateau's| over |y| up to which no neuron has crossed a
boundary."""


@dataclass(frozen=True)
class Answer:
    """The kind of a stationary point (a flag of ``plateaus/kind``), the reason, and a direction that descends."""

    kind: str
    reason: str
    descent: Descent | None = None


def point_at(data: xr.Dataset, trajectory: xr.Dataset, sample: int) -> tuple[Network, StationaryPoint]:
    """Find the stationary point next to one sample of a trajectory, and read the network there.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow; one sample is read of a trajectory on disk.
    sample
        Its number.
    """
    network = Network.at(data, trajectory, sample)
    return network, nearest_stationary_point(network, *at_instant(trajectory, sample, "residual"))


def kind_of(network: Network, point: StationaryPoint, *, left: bool = False) -> Answer:
    """Say of what kind a stationary point is.

    Parameters
    ----------
    network
        The network next to it, whose patterns it has.
    point
        From :func:`nearest_stationary_point`.
    left
        Whether the flow goes on to another: then the point is no minimum that it has reached.

    Returns
    -------
    Answer
        ``strict_saddle``: a neuron that is 0 grows along a direction in which the loss falls to second order;
        ``boundary_descent``: a neuron on a point's boundary moves to one side, and the loss falls to first order;
        ``local_minimum``: no direction of first or second order descends, one-sided ones at boundaries included
        (possibly with flat directions);
        ``narrow_minimum``: the same, but a neuron is within :data:`BESIDE` of a boundary past which the loss
        falls; ``not_reached``: a minimum by the same tests that the flow passes by; ``undecided``: neurons cross
        boundaries on the way to the point, or too many boundaries meet; ``unknown``: no stationary point is
        near.
    """
    if not point.near:
        return Answer("unknown", "no stationary point is near")
    descent = second_order_descent(network, point)
    if descent is not None:
        return Answer("strict_saddle", "a neuron that is 0 there can grow, and the loss falls", descent)
    if point.crossed > EXACT * np.linalg.norm(network.y):
        crossed = "neurons cross boundaries on the way to it"
        return Answer("not_reached", f"{crossed}, and the flow goes on") if left else Answer("undecided", crossed)
    try:
        descent = first_order_descent(network, point, ON)
        if descent is not None:
            return _falling(descent)
        beside = first_order_descent(network, point, BESIDE)
    except UndecidedError:
        return Answer("undecided", "too many boundaries meet at one of its neurons")
    if left:
        return Answer("not_reached", "no direction descends from it: the flow passes by, and does not reach it")
    if beside is not None:
        where = f"neuron {beside.neuron} lies beside the boundary of point {beside.point}"
        return Answer("narrow_minimum", f"{where}, past which the loss falls", beside)
    return Answer("local_minimum", "no direction of first or second order descends")


def _falling(descent: Descent) -> Answer:
    if descent.order == 2:
        return Answer(
            "strict_saddle", f"neuron {descent.neuron}, whose a is 0, can turn, and the loss falls", descent
        )
    reason = f"neuron {descent.neuron} on the boundary of point {descent.point} descends"
    return Answer("boundary_descent", reason, descent)
