"""A section through a cube: one quantity over two axes; the others are held at a value or aggregated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from dashboards.cubes.opened_cube import Cube, Quantity, SweptKey, finite_values
from dashboards.cubes.scales import choose_scale, is_rounding, rounding_of

Floats = npt.NDArray[np.float64]

HAS_VALUE, FAILED, NO_VALUE = 0, 1, 2
"""The states of a place in a section: it has a value; all its cells failed; its cells have no such result."""
AGGREGATES = {"median": 0.5, "lowest": 0.0, "highest": 1.0}
"""The quantiles by which several numbers are aggregated."""
MOST_FREQUENT = "most frequent"
SHARE = "share: "
SPREAD = (0.25, 0.75)
"""The quantiles between which the band of a line lies."""
NOT_COUNTED = "not applicable"
"""A verdict that does not count in a share."""


@dataclass(frozen=True)
class SectionChoice:
    """The choice of a section.

    Attributes
    ----------
    quantity
        The variable.
    x, y
        The dimensions of the axes; ``y`` is None for a cube with one axis.
    at
        The place at which each other dimension is held; None to aggregate over all its values.
    measure
        How they are aggregated: one of :func:`list_aggregates`.
    """

    quantity: str
    x: str
    y: str | None
    at: Mapping[str, int | None]
    measure: str

    @property
    def aggregated(self) -> tuple[str, ...]:
        """The dimensions that are aggregated."""
        return tuple(dim for dim, place in self.at.items() if place is None)


def list_aggregates(quantity: Quantity) -> tuple[str, ...]:
    """List how several results are aggregated: quantiles of numbers, shares of labels."""
    if not quantity.words:
        return tuple(AGGREGATES)
    count_verdicts = [word for word in quantity.words if word != NOT_COUNTED]
    return (*(SHARE + word for word in count_verdicts), MOST_FREQUENT)


def cut_section(cube: Cube, shown: SectionChoice) -> xr.Dataset:
    """Cut a cube.

    Returns
    -------
    Dataset
        Over (``y``, ``x``), a single row if the cube has one axis: ``value``, ``low`` and ``high`` (the
        quartiles over the cells taken together; NaN where there are none), ``state`` (:data:`HAS_VALUE`,
        ...), ``rounded`` (whether the value is 0 up to rounding), ``failed`` (how many of its cells), ``message``
        (why the first of these did) and ``number`` (the cell whose result is nearest to the value); ``each`` has
        the results of the cells that are taken together along ``cell``. Coordinates: ``x_word``, ``y_word``, and
        ``x_at``, where on an axis the values of ``x`` stand. Attributes: ``title``, ``quantity``, ``units``,
        ``kind`` (``number``, ``share`` or ``label``), ``words`` (of a label), ``cells`` (how many are taken
        together),
        the scale of the whole cube (:func:`dashboards.cubes.scales.choose_scale`), so that colours mean the same
        in each section, ``x_title``, ``y_title`` and ``x_scale`` (see :func:`place_values`).
    """
    quantity = cube.quantities[shown.quantity]
    held = {dim: place for dim, place in shown.at.items() if place is not None}
    rows = (shown.y,) if shown.y else ()
    cut = cube.dataset[[shown.quantity, "number", "cell_status"]].isel(held)
    cut = cut.transpose(*rows, shown.x, *shown.aggregated)
    shape = (cut.sizes[shown.y] if shown.y else 1, cut.sizes[shown.x], -1)
    results = finite_values(cut[shown.quantity]).reshape(shape)
    failed = (cut["cell_status"].values == 2).reshape(shape)
    several = bool(shown.aggregated)
    value, nearest = aggregate(results, quantity, shown.measure if several else None)
    nothing = np.full(value.shape, np.nan)
    spread = several and not quantity.words
    low, high = (quantile(results, border) if spread else nothing for border in SPREAD)
    state = np.where(np.isfinite(value), HAS_VALUE, np.where(failed.all(axis=-1), FAILED, NO_VALUE))
    numbers = cut["number"].values.reshape(shape)
    number = np.take_along_axis(numbers, nearest[..., None], axis=-1)[..., 0]
    dims = (shown.y or "row", shown.x)
    arrays = {
        "value": value, "low": low, "high": high, "state": state.astype("int8"),
        "failed": failed.sum(axis=-1), "number": number, "message": first_messages(cube, numbers, failed),
    }  # fmt: skip
    x_at, x_scale = place_values(cube.by_dim[shown.x])
    kind = kind_of(quantity, shown)
    scale = choose_scale(cube.numbers[shown.quantity], kind, rounding_of(shown.quantity, cube.numbers))
    arrays["rounded"] = is_rounding(value, scale["rounding"])
    attributes = {
        "title": write_title(cube, quantity, shown), "quantity": quantity.title, "units": quantity.units,
        "kind": kind, "words": quantity.words, "cells": results.shape[-1], "x_title": cube.by_dim[shown.x].title,
        "y_title": cube.by_dim[shown.y].title if shown.y else "", "x_scale": x_scale, **scale,
    }  # fmt: skip
    coordinates = {
        "x_word": (shown.x, list(cube.by_dim[shown.x].words)), "x_at": (shown.x, x_at),
        "y_word": (dims[0], list(cube.by_dim[shown.y].words) if shown.y else [""]),
    }  # fmt: skip
    variables = {name: (dims, array) for name, array in arrays.items()} | {"each": ((*dims, "cell"), results)}
    return xr.Dataset(variables, coordinates, attributes)


def kind_of(quantity: Quantity, shown: SectionChoice) -> str:
    """Say what a section has: ``label``, ``share`` of a label, or ``number``."""
    if not quantity.words:
        return "number"
    return "share" if shown.aggregated and shown.measure.startswith(SHARE) else "label"


def aggregate(results: Floats, quantity: Quantity, measure: str | None) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Aggregate results over the last axis (None: there is one), and find the cell nearest to the aggregate."""
    if not quantity.words:
        value = results[..., 0] if measure is None else quantile(results, AGGREGATES[measure])
        distance = np.abs(results - value[..., None])
        return value, np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=-1)
    if measure is not None and measure.startswith(SHARE):
        word = measure.removeprefix(SHARE)
        wanted = results == quantity.words.index(word) + 1
        return share_of(results, quantity.words, word), np.argmax(wanted, axis=-1)
    value = results[..., 0] if measure is None else most_frequent(results, len(quantity.words))
    return value, np.argmax(results == value[..., None], axis=-1)


def quantile(results: Floats, share: float) -> Floats:
    """Take a quantile over the last axis, without NaN; NaN where there is no number.

    It is always one of the numbers: between two modes the mean of two numbers would be a value that no cell has.
    """
    ordered = np.sort(results, axis=-1)  # NaN comes last
    count = np.isfinite(results).sum(axis=-1)
    place = np.maximum(np.ceil(share * count).astype(np.intp) - 1, 0)
    taken: Floats = np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
    return taken


def share_of(results: Floats, words: tuple[str, ...], word: str) -> Floats:
    """Return the share of ``word`` among the labels that count; NaN where there is none."""
    count_verdicts = np.isfinite(results)
    if NOT_COUNTED in words:
        count_verdicts &= results != words.index(NOT_COUNTED) + 1
    total = count_verdicts.sum(axis=-1)
    hits = (results == words.index(word) + 1).sum(axis=-1)
    share: Floats = np.where(total > 0, hits / np.maximum(total, 1), np.nan)
    return share


def most_frequent(results: Floats, labels: int) -> Floats:
    """Find the most frequent label on the last axis; NaN where there is none."""
    counts = np.stack([(results == label).sum(axis=-1) for label in range(1, labels + 1)], axis=-1)
    return np.where(counts.max(axis=-1) > 0, np.argmax(counts, axis=-1) + 1.0, np.nan)


def first_messages(
    cube: Cube, numbers: npt.NDArray[np.int64], failed: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return the message of the first failed cell of each place; empty where none failed."""
    said = np.full(failed.shape[:-1], "", dtype=object)
    first = np.take_along_axis(numbers, np.argmax(failed, axis=-1)[..., None], axis=-1)[..., 0]
    for place in zip(*np.nonzero(failed.any(axis=-1)), strict=True):
        said[place] = cube.failures.get(int(first[place]), "")
    return said


def place_values(swept: SweptKey) -> tuple[Floats, str]:
    """Place the values of an axis for lines: numbers on a ``linear`` or ``log`` axis, others ``evenly``.

    Numbers that grow by a factor, such as widths of 4, 8, 16, are placed on a logarithmic axis.
    """
    if not swept.numeric:
        return np.arange(len(swept.values), dtype=float), "evenly"
    values = np.array(swept.values, dtype=float)
    if len(values) > 2 and values[0] > 0:
        steps, ratios = np.diff(values), np.diff(np.log(values))
        if np.ptp(ratios) / ratios.mean() < np.ptp(steps) / steps.mean():
            return values, "log"
    return values, "linear"


def write_title(cube: Cube, quantity: Quantity, shown: SectionChoice) -> str:
    """Write the title of a section."""
    if not shown.aggregated:
        return quantity.title
    over = " and ".join(cube.by_dim[dim].title for dim in shown.aggregated)
    if shown.measure.startswith(SHARE):
        return f"{quantity.title}: share “{shown.measure.removeprefix(SHARE)}” over {over}"
    return f"{quantity.title}: {shown.measure} over {over}"
