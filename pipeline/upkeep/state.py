"""What a catalog holds, and what is under way in it."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.cells import UnderWay, read_cells, sweeps_under_way
from catalog.index import Catalog
from catalog.places import Leftover
from catalog.tidying import is_abandoned


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
    leftovers
        What is being written, and what killed writers have left.
    sweeps_under_way
        The sweeps that have begun: identifier, cells that are there, cells in all.
    """

    runs: int
    sweeps: int
    size: int
    damaged: dict[str, str]
    leftovers: list[Leftover]
    sweeps_under_way: list[tuple[str, int, int]]

    @property
    def abandoned(self) -> list[Leftover]:
        """The leftovers that nobody is writing any more."""
        return [leftover for leftover in self.leftovers if is_abandoned(leftover)]


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
        leftovers=catalog.leftovers(),
        sweeps_under_way=[_progress(catalog, sweep, set(runs.index)) for sweep in sweeps_under_way(catalog.place)],
    )


def _progress(catalog: Catalog, sweep: UnderWay, runs: set[str]) -> tuple[str, int, int]:
    there = runs | read_cells(catalog.place, sweep.name).keys()
    return sweep.sweep_id, sum(run_id in there for run_id in sweep.run_ids), len(sweep.run_ids)
