"""What the statements assume: each function says which assumption fails and how, or nothing."""

from __future__ import annotations

import numpy as np

from catalog.schema import variable
from catalog.schema.blocks import at_instant
from pipeline.statements.label_signs import Side
from pipeline.statements.reading import Reading
from pipeline.statements.rows import in_digits

BALANCED = 1e-9
"""How far |a_j|/|w_j| of a balanced start may be from 1."""


def plain_relu(run: Reading) -> str:
    """The paper's activation is the ReLU, and its two layers learn at one speed."""
    slope = float(run.trajectory.attrs.get("slope", 0.0))
    return f"the activation is leaky (slope {slope:g}); the paper's has slope 0" if slope else one_speed(run)


def one_speed(run: Reading) -> str:
    """Equation (3): the two layers learn at one speed."""
    speed = float(run.trajectory.attrs.get("output_speed", 1.0))
    return (
        "" if speed == 1.0 else f"the output layer is {speed:g} times as fast; the paper's layers have one speed"
    )


def orthogonal(run: Reading) -> str:
    """Assumption 1, up to scaling."""
    if int(run.data.variables["assumption_1"]) != variable("data", "assumption_1").flag("fails"):
        return ""
    cosine = float(run.data.variables["largest_cosine"])
    return f"assumption 1 fails: the inputs are not orthogonal (largest cosine {cosine:.3g})"


def labels(run: Reading) -> str:
    """Assumption 2, and a label of each sign: with D_- = 0 every time of section 4 is infinite."""
    zero = np.flatnonzero(run.data.variables["y"].values == 0.0)
    if len(zero):
        return f"assumption 2 fails: label y[{zero[0]}] is 0"
    if run.second.rate == 0.0:
        return f"there are no labels of the sign {run.second.symbol}: |D_{run.second.symbol}| = 0"
    if int(run.data.variables["assumption_2"]) == variable("data", "assumption_2").flag("fails"):
        return f"assumption 2 fails: |D_+| = |D_-| = {run.first.rate:.4g}"
    return ""


def cones(run: Reading) -> str:
    """Assumption 3: some neuron starts in each of S_{+,1} and S_{-,1}."""
    empty = [f"S_{{{side.symbol},1}}" for side in (run.first, run.second) if not side.members.any()]
    return f"assumption 3 fails: no neuron starts in {' or in '.join(empty)}" if empty else ""


def balanced(run: Reading) -> str:
    """Equation (4): |a_j| = |w_j| at the start."""
    ratio = np.abs(at_instant(run.trajectory, 0, "output_ratio")[0])
    away = float(np.max(np.abs(ratio - 1.0)))
    return "" if away <= BALANCED else f"the start is not balanced: an |a_j|/|w_j| is {away:.2g} away from 1"


def small(run: Reading) -> str:
    """Lambda below 1: else -ln(lambda) is no time."""
    return "" if run.log_scale < 0.0 else f"lambda = {in_digits(run.log_scale)} is not below 1"


def finished(run: Reading) -> str:
    """The run goes on until the flow rests."""
    if run.at_rest:
        return ""
    return f"the run ends at t = {run.time[-1]:.4g} before the flow has come to rest"


def known_minimum(run: Reading) -> str:
    """The minimum norm is known, and is the paper's."""
    if free := run.minimum.attrs.get("free_functions"):
        return (
            f"the minimum norm is beside a free {' and a free '.join(free.split())} function; the paper's is not"
        )
    known = np.isfinite(float(run.minimum.variables["value"]))
    return "" if known else f"the minimum norm is {run.minimum.attrs['method']}"


def first_collinear(run: Reading) -> str:
    """The neurons of the first sign grow without turning."""
    return _collinear(run.first)


def second_collinear(run: Reading) -> str:
    """The neurons of the second sign grow without turning."""
    return _collinear(run.second)


def _collinear(side: Side) -> str:
    if side.collinear:
        return ""
    cosine = float(side.towards @ side.goal)
    return (
        f"the points of sign {side.symbol} are not equally long: the neurons turn from D_{side.symbol} to "
        f"v_{side.symbol} (cosine {cosine:.3g}) while they grow"
    )


SETTING = (plain_relu, orthogonal, labels, cones, balanced, small)
"""What all of sections 3 and 4 assume."""
