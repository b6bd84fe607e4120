"""What a catalog holds, and what is under way in it."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.catalog import Catalog
from catalog.cell_cache import UnderWay, read_cells, sweeps_under_way
from catalog.garbage_collection import is_abandoned
from catalog.storage import UnfinishedWrite


@dataclass(frozen=True)
class State:
    """What is in a catalog at this moment.

    Attributes
    ----------
    runs, sweeps
        How many are published.
    size
        Bytes of both, as their manifests count them.
    damaged
        What is wrong with manifests, by the run's name.
    unfinished_writes
        What is being written, and what killed writers have left.
    sweeps_under_way
        The sweeps that have begun: identifier, cells that are there, cells in all.
    """

    runs: int
    sweeps: int
    size: int
    damaged: dict[str, str]
    unfinished_writes: list[UnfinishedWrite]
    sweeps_under_way: list[tuple[str, int, int]]

    @property
    def abandoned(self) -> list[UnfinishedWrite]:
        """The leftovers that nobody is writing any more."""
        return [unfinished for unfinished in self.unfinished_writes if is_abandoned(unfinished)]


def state_of(catalog: Catalog) -> State:
    """Look at everything but the bytes of the arrays.

    Raises
    ------
    CatalogError
        If the catalog can't be read.
    """
    runs, sweeps = catalog.frame(), catalog.sweeps.frame()
    return State(
        runs=len(runs),
        sweeps=len(sweeps),
        size=int(runs["size"].sum() + sweeps["size"].sum()),
        damaged=runs.attrs["damaged"] | sweeps.attrs["damaged"],
        unfinished_writes=catalog.unfinished_writes(),
        sweeps_under_way=[
            _progress(catalog, sweep, set(runs.index)) for sweep in sweeps_under_way(catalog.storage)
        ],
    )


def _progress(catalog: Catalog, sweep: UnderWay, runs: set[str]) -> tuple[str, int, int]:
    there = runs | read_cells(catalog.storage, sweep.name).keys()
    return sweep.sweep_id, sum(run_id in there for run_id in sweep.run_ids), len(sweep.run_ids)
