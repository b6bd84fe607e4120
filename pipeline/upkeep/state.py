"""What a catalog holds, and what is under way in it."""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    runs: int
    sweeps: int
    size: int
    damaged: dict[str, str]
    leftovers: list[Leftover]

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
    )
