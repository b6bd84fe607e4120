"""Published runs computed anew from their configurations, and compared: what no digest can prove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from catalog.catalog import Catalog
from catalog.errors import CatalogError
from pipeline import RequestError
from pipeline.configuration import RunConfig
from pipeline.upkeep.evidence import configuration_of
from pipeline.workflow.computation import run
from pipeline.workflow.results import VERDICT
from pipeline.workflow.summary import summarise

WORDS = ("status", "fitted_first", "stationary_kind", "assumption_1", "assumption_2", "assumption_3")
"""Results in words that two computations of a run have in common."""
NUMBERS = (
    "end_time", "t1", "t2", "t3", "t1_predicted", "t2_predicted", "t3_predicted", "half_squared_norm",
    "minimal_half_squared_norm", "growth_rate_positive", "growth_rate_negative", "log_init_scale",
)  # fmt: skip
"""Results whose size is that of what is computed; others (a loss, an excess) are what a difference leaves."""
SHARE = 1e-3
"""The share by which two computations of a number may differ: times are read off steps and samples."""
BEYOND_TOLERANCE = 100.0
"""How many times the solver's tolerance two computations of the residual may differ, relative to its start."""


@dataclass(frozen=True)
class Recomputed:
    """A run that was computed again.

    Attributes
    ----------
    run_id
        Its name.
    equal
        Whether every number of its arrays is the same, to the last bit.
    differences
        What differs more than rounding explains, each in a few words; nothing if it is the same run.
    refused
        Why it can't be computed here; empty if it was.
    """

    run_id: str
    equal: bool = False
    differences: tuple[str, ...] = ()
    refused: str = ""

    def __str__(self) -> str:
        if self.refused:
            return f"{self.run_id}: not computed anew: {self.refused}"
        if self.differences:
            return f"{self.run_id}: computed anew, it differs: {'; '.join(self.differences)}"
        same = "every number is the same" if self.equal else "the same up to rounding"
        return f"{self.run_id}: computed anew, {same}"


def chosen(catalog: Catalog, run_ids: Sequence[str], number: int) -> list[str]:
    """Choose which runs are computed anew: those that were imported first, then others, evenly over their names.

    Parameters
    ----------
    run_ids
        Those to choose from.
    number
        How many at most.
    """

    def evenly(names: list[str], wanted: int) -> list[str]:
        wanted = min(wanted, len(names))
        return [names[i * len(names) // wanted] for i in range(wanted)]

    imported = [run_id for run_id in run_ids if _is_imported(catalog, run_id)]
    first = evenly(imported, number)
    return first + evenly([run_id for run_id in run_ids if run_id not in imported], number - len(first))


def _is_imported(catalog: Catalog, run_id: str) -> bool:
    try:
        return catalog.origin(run_id) is not None
    except CatalogError:
        return False


def recompute(
    catalog: Catalog, run_ids: Sequence[str], advance: Callable[[], None] = lambda: None
) -> list[Recomputed]:
    """Compute runs anew, here and without a catalog, and compare each with what is published.

    Parameters
    ----------
    run_ids
        Which.
    advance
        Called after each.
    """
    found = []
    for run_id in run_ids:
        found.append(_recomputed(catalog, run_id))
        advance()
    return found


def _recomputed(catalog: Catalog, run_id: str) -> Recomputed:
    try:
        published, config = catalog.whole(run_id), _configuration(catalog, run_id)
        anew = run(config)
    except (RequestError, CatalogError) as error:
        return Recomputed(run_id, refused=str(error))
    differences = [*_of_summaries(summarise(published), summarise(anew))]
    differences += _of_residuals(published, anew, BEYOND_TOLERANCE * config.flow.tolerance)
    return Recomputed(run_id, not differences and _are_equal(published, anew), tuple(differences))


def _configuration(catalog: Catalog, run_id: str) -> RunConfig:
    config = configuration_of(catalog.manifest(run_id), [])
    if config is None:
        raise RequestError("its configuration is of an older version")
    if config.init.from_run is not None:
        raise RequestError(f"it goes on from {config.init.from_run}")
    held_out = None if config.data.test is None else config.data.test.file
    for file in (config.data.file, config.init.file, held_out):
        if file is not None:
            raise RequestError(f"it was computed from {file}, which is not in the catalog")
    return config


def _of_summaries(published: dict[str, Any], anew: dict[str, Any]) -> list[str]:
    """Compare what two computations of a run have in common, beyond rounding."""
    words = [*WORDS, *(name for name in anew if name.startswith(VERDICT))]
    found = [
        f"{name} is {published.get(name)}, computed anew {anew[name]}"
        for name in words
        if name in anew and published.get(name) != anew[name]
    ]
    found += [
        f"{name} is {published.get(name):.6g}, computed anew {anew[name]:.6g}"
        for name in NUMBERS
        if name in anew and not np.isclose(published.get(name, np.nan), anew[name], SHARE, 0.0, equal_nan=True)
    ]
    return found


def _of_residuals(published: xr.DataTree, anew: xr.DataTree, share: float) -> list[str]:
    """Compare where the two flows end, on the scale of where they start."""
    ends = [tree["trajectory"].to_dataset()["residual"].values[[0, -1]] for tree in (published, anew)]
    if ends[0].shape != ends[1].shape:
        return [f"it has {ends[0].shape[1]} points, computed anew {ends[1].shape[1]}"]
    scale = float(np.abs(ends[1]).max(initial=0.0))
    if np.array_equal(ends[0], ends[1], equal_nan=True) or float(np.abs(ends[0] - ends[1]).max()) <= share * scale:
        return []
    return [f"its residual differs by {float(np.abs(ends[0] - ends[1]).max()):.3g}"]


def _are_equal(published: xr.DataTree, anew: xr.DataTree) -> bool:
    """Whether every array is the same, to the last bit."""
    return published.children.keys() == anew.children.keys() and all(
        published[name].to_dataset().equals(anew[name].to_dataset()) for name in anew.children
    )
