"""What the figures read from a run's tree, and how they put its numbers into words.

Labels are decoded by their own CF attributes (:func:`catalog.schema.decode`), so a figure needs no table of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.schema import ORTHOGONAL, decode
from pipeline.inputs.errors import RequestError
from pipeline.network.activation import Activation
from pipeline.network.one_input import OneInput
from pipeline.network.points import describe_points

FloatArray = npt.NDArray[np.float64]

Run = xr.DataTree | Mapping[str, xr.Dataset]
"""A run as a tree, or as its groups by their names."""

ROOM_AFTER_LAST_FIT = 1.25
TAIL_FOLDS = 8.0

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Interval:
    """A stretch of time that carries one label."""

    label: str
    start: float
    end: float


def refuse_no_run(tree: Run) -> None:
    """Refuse what is no run with the groups that every figure draws.

    Raises
    ------
    RequestError
    """
    groups: Any = tree.children if isinstance(tree, xr.DataTree) else tree
    if not isinstance(groups, Mapping) or hasattr(groups, "dims"):  # a Dataset is a mapping of its variables
        raise RequestError(f"tree is a {type(tree).__name__}: allowed is what run and fit return")
    for name in ("data", "trajectory", "phases"):
        if name not in groups:
            raise RequestError(f"tree has no group {name!r}: allowed is what run and fit return")


def group_of(tree: Run, name: str) -> xr.Dataset:
    """Return one group as a dataset; of points alone, with what follows from them."""
    group = tree[name]
    dataset: xr.Dataset = group.dataset if isinstance(group, xr.DataTree) else group  # type: ignore[assignment]
    return describe_points(dataset) if name == "data" and "growth_positive" not in dataset else dataset


def scalar(tree: Run, group: str, name: str) -> float:
    """Read one scalar result; NaN where the run has none of that name.

    Parameters
    ----------
    tree
        A run.
    group, name
        For instance ``"phases", "t1"``.
    """
    dataset = group_of(tree, group)
    return float(dataset[name]) if name in dataset else float("nan")


def values(tree: Run, group: str, name: str) -> FloatArray:
    """Read one variable as a float64 array."""
    return np.asarray(group_of(tree, group)[name].values, dtype=np.float64)


def measured_times(tree: Run) -> tuple[float, float, float]:
    """Read t1, t2, t3; NaN for one that does not exist."""
    return scalar(tree, "phases", "t1"), scalar(tree, "phases", "t2"), scalar(tree, "phases", "t3")


def intervals(tree: Run, name: str) -> list[Interval]:
    """Find the stretches of equal label of ``phases/phase`` or ``phases/plateau``, in time's order.

    A boundary lies at the measured t1, t2 or t3 if one falls between the two samples, else at the later
    sample: a bar must end where the line of its measured time stands.
    """
    labels, time = decode(group_of(tree, "phases")[name]).tolist(), values(tree, "phases", "time")
    changes = [i for i in range(1, len(labels)) if labels[i] != labels[i - 1]]
    boundaries = [float(time[0])]
    for i in changes:
        inside = [t for t in measured_times(tree) if time[i - 1] <= t <= time[i]]
        boundaries.append(inside[0] if inside and name == "phase" else float(time[i]))
    boundaries.append(float(time[-1]))
    starts = [0, *changes]
    return [
        Interval(labels[first], boundaries[i], boundaries[i + 1])
        for i, first in enumerate(starts)
        if boundaries[i + 1] > boundaries[i]
    ]


def growth_sizes(tree: Run) -> tuple[float, float]:
    """Measure |D_+| and |D_-|."""
    return (
        float(np.linalg.norm(values(tree, "data", "growth_positive"))),
        float(np.linalg.norm(values(tree, "data", "growth_negative"))),
    )


def phase_order(tree: Run) -> tuple[str, str, str, str]:
    """Order the four phases as in this run: the sign with the larger |D| is fitted first.

    Where both signs were seen to be fitted, what was seen decides: on inputs that are not orthogonal the
    ratio r = |D_+|/|D_-| promises nothing.
    """
    signs = ("fitting_positive", "fitting_negative")
    seen = [interval.label for interval in intervals(tree, "phase")]
    if all(sign in seen for sign in signs):
        negative_first = seen.index(signs[1]) < seen.index(signs[0])
    else:
        negative_first = scalar(tree, "data", "growth_ratio") < 1
    first, second = reversed(signs) if negative_first else signs
    return "alignment", first, second, "convergence"


def shown_until(tree: Run) -> float:
    """Choose where a time axis ends: the last sample, or less if the run goes on long after the last event.

    After t3 the axis keeps a quarter of t3, and at least eight times 1/|D| of the slower sign, so that the
    exponential tail is seen. Without a t3 it keeps a quarter more than the time in which the loss still moved
    by a thousandth of its start.
    """
    time, loss = values(tree, "trajectory", "time"), values(tree, "trajectory", "loss")
    end, last_fit = float(time[-1]), measured_times(tree)[2]
    slower = min((size for size in growth_sizes(tree) if size > 0), default=float("inf"))
    if np.isnan(last_fit):
        moving = np.abs(loss - loss[-1]) > 1e-3 * loss[0]
        last_fit = float(time[np.flatnonzero(moving)[-1]]) if moving.any() else end
    until = max(ROOM_AFTER_LAST_FIT * last_fit, last_fit + TAIL_FOLDS / slower)
    # An axis that stops just short of the last sample hides it and gains nothing.
    shown = until if 1.1 * until < end else end
    # A run of a single sample (nothing can move) still needs an axis of some length.
    return shown if shown > 0 else 1.0


def coordinate_labels(tree: Run) -> list[str]:
    """Read the names of the input's coordinates; x1, x2, ... if they have none."""
    data = group_of(tree, "data")
    said = data["coord"].attrs.get("labels", data.attrs.get("labels", ""))
    labels = said.split() if isinstance(said, str) else list(said)
    count = data.sizes["coord"]
    return labels if len(labels) == count else [f"x{i + 1}" for i in range(count)]


def one_input(tree: Run) -> OneInput | None:
    """See a run's networks as functions of one input; None unless it is one number."""
    return OneInput.of(group_of(tree, "data"), Activation.of(group_of(tree, "trajectory")))


def orthogonal(tree: Run) -> bool:
    """Whether the inputs are orthogonal (Assumption 1, up to scaling): what the paper's statements ask for."""
    return scalar(tree, "data", "largest_cosine") <= ORTHOGONAL


def in_the_papers_setting(tree: Run) -> bool:
    """Whether what the paper says of S_{+,1} and S_{-,1} is about this run."""
    third = decode(group_of(tree, "phases")["assumption_3"])
    return orthogonal(tree) and negative_slope(tree) == 0 and third == "holds"


def negative_slope(tree: Run) -> float:
    """Read the slope of the leaky ReLU; 0 for the ReLU."""
    return Activation.of(group_of(tree, "trajectory")).negative_slope


def time_text(time: float) -> str:
    """Write a time to three digits: ``4.31``, ``14.0``, ``160``, ``4,121``."""
    if time == 0:
        return "0"
    return f"{time:,.0f}" if time >= 99.95 else f"{time:#.3g}"


def power_text(exponent: int) -> str:
    """Write a power of ten: ``10⁻³``, and plainly ``1`` and ``10``."""
    return str(10**exponent) if exponent in (0, 1) else "10" + str(exponent).translate(_SUPERSCRIPTS)


def scale_text(log_scale: float) -> str:
    """Write a scale that may be no float, from its natural logarithm: ``1.3 × 10⁻⁷``."""
    tens = log_scale / np.log(10.0)
    exponent = int(np.floor(tens + 1e-9))
    mantissa = f"{10.0 ** (tens - exponent):.2g}"
    if -2 <= exponent <= 1:
        return f"{10.0**tens:.2g}"
    if mantissa == "10":
        exponent, mantissa = exponent + 1, "1"
    power = power_text(exponent)
    return power if mantissa == "1" else f"{mantissa} × {power}"


def heading(tree: Run) -> str:
    """One line that says which run this is: its name (or title), m, n, lambda, and the slope of a leaky ReLU."""
    sizes, log_scale = tree["trajectory"].sizes, scalar(tree, "trajectory", "log_init_scale")
    words = [f"m = {sizes['neuron']:,}", f"n = {sizes['point']:,}"]
    if np.isfinite(log_scale):  # of a network that starts at 0 there is none
        words.append(f"λ = {scale_text(log_scale)}")
    if negative_slope(tree):
        words.append(f"slope {negative_slope(tree):g}")
    attributes = getattr(tree, "attrs", {})
    title = str(attributes.get("name") or attributes.get("title") or "run")
    if len(title) > 28:
        title = title[:27] + "…"
    return f"{title}: {', '.join(words)}"
