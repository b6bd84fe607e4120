"""The cells that a sweep has still to compute, shared with whoever computes the same sweep at this moment."""

from __future__ import annotations

import datetime
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

from catalog.cell_cache import read_cells
from pipeline.sweep.cell import CellRecord
from pipeline.sweep.inventory import Inventory, Reason
from pipeline.sweep.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.catalog import Catalog
    from catalog.claims import Claims

LOT_SECONDS = 2.0
"""How long the cells that are taken at once keep all workers busy."""
FIRST = 4
"""Cells that are taken before it is known how long one takes."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at what others have done, while there is nothing to take."""


@dataclass
class Work:
    """What is left of a sweep.

    Attributes
    ----------
    plan, inventory
        The sweep's; a record that another process has written goes into the inventory.
    catalog
        Where the others' records are; None where there is nobody to share with.
    claims
        What others have taken; None likewise: then everything is taken at once.
    left
        Runs that nobody of this process has taken, with their cells' numbers, those of a data set together.
    waiting
        The numbers of the cells that are taken and wait to be computed.
    """

    plan: Plan
    inventory: Inventory
    catalog: Catalog | None = None
    claims: Claims | None = None
    left: dict[str, int] = field(default_factory=dict)
    waiting: deque[int] = field(default_factory=deque)
    begun: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat())
    looked: float = -1e9

    def __post_init__(self) -> None:
        """Order the cells that are missing; whoever comes second begins at the other end."""
        numbers = self.plan.numbers()
        order = sorted(self.inventory.missing, key=lambda run_id: self.plan.data_set(numbers[run_id][0]))
        if self.claims is not None and self.claims.others():
            order.reverse()
        self.left = {run_id: numbers[run_id][0] for run_id in order}

    def numbers(self) -> list[int]:
        """The cells that this process may have to compute yet."""
        return [*self.waiting, *self.left.values()]

    def refill(self, cell_seconds: float = 0.0, threads: int = 1) -> None:
        """Take more cells if few wait.

        Parameters
        ----------
        cell_seconds
            What a cell takes; 0 if that is not known.
        threads
            Of all workers.

        Raises
        ------
        CatalogUnwritableError, DiskFullError
        """
        if self.claims is None:
            self.waiting.extend(self.left.values())
            self.left = {}
            return
        if len(self.waiting) > threads or not self.left or monotonic() - self.looked < LOOK_AGAIN:
            return
        # First the claims, then the records: who records a cell takes the claim back afterwards.
        others = self.claims.others()
        self.look()
        fair = ceil(len(self.left) / (2 * (1 + len(others))))
        most = (
            FIRST * threads if not cell_seconds else max(threads + 1, round(LOT_SECONDS * threads / cell_seconds))
        )
        taken = self.claims.take(self.left, min(most, max(fair, 1)))
        self.waiting.extend(self.left.pop(run_id) for run_id in taken)
        self.looked = -1e9 if taken else monotonic()

    def look(self) -> None:
        """Take in what others have recorded."""
        if self.catalog is None:
            return
        for run_id, stored in read_cells(self.catalog.storage, self.plan.name, self.inventory.files).items():
            record = CellRecord.read(stored)
            if run_id in self.left and self._settles(run_id, record):
                self.inventory.records[run_id] = record
                del self.left[run_id]

    def _settles(self, run_id: str, record: CellRecord) -> bool:
        """Whether a record that was not there before ends the search for this cell."""
        if record.computed:
            return not self.plan.spec.trajectories or (self.catalog is not None and run_id in self.catalog)
        if self.inventory.missing[run_id] in (Reason.NEVER, Reason.DAMAGED):
            return True
        return bool(record.recorded > self.begun)  # what failed before is tried again

    def done(self, records: Iterable[CellRecord]) -> None:
        """Give back the claims on cells that are recorded."""
        if self.claims is not None:
            self.claims.release(record.run_id for record in records)
