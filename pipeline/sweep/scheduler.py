"""The Dask graph of a sweep: data and minimum norm once a data set, and batches of cells that depend on them.

Nothing waits for the whole: batches are handed out as results come in, so that the graph of a million cells is
never in anybody's memory, and each future's exception is its own. A task costs the scheduler a millisecond, a
cell takes some ten: the batches are made as long as :data:`BATCH_SECONDS`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from math import ceil
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipeline.sweep.caller import Caller
from pipeline.sweep.cell import CellRecord, fault, is_fault_of_the_place, said
from pipeline.sweep.plan import Plan
from pipeline.sweep.tasks import Batch, compute_batch, shared_data, shared_minimum

if TYPE_CHECKING:
    from distributed import Client, Future

BATCH_SECONDS = 0.5
IN_FLIGHT = 2
"""Batches for each thread of the workers: one that it computes, one that waits."""
RETRIES = 2
"""How often a task that raised is tried again: an OSError of a shared disk passes."""
LOOK_UP = 0.2
"""Seconds between two looks at whether the caller wants the end."""
LOOK_AROUND = 1.0
"""Seconds between two looks at whether the scheduler and its workers are there."""
DESERTED = 10.0
"""Seconds without any worker after which that is said: a cluster that grows by itself may take hours."""
DIED = "its worker died: killed, or out of memory"


class SchedulerLostError(Exception):
    """The scheduler has gone; what it had returned is recorded."""


@dataclass
class Scheduler:
    """The part of a sweep's graph that is at the scheduler.

    Attributes
    ----------
    client
        The connection to it.
    plan
        Says each cell's configuration.
    waiting
        The numbers of the cells that are still to be handed out, those of a data set together.
    catalog
        The URL at which the workers publish each run; None to publish none.
    cell_seconds
        What a cell takes, by the latest batches; 0 before the first.
    threads
        Of all workers, when last looked at.
    flying, landed
        The batches that are out, with their cells; those of them that are done.
    shared
        The latest data sets with their minimum norms.
    caller
        Told once if there is nobody to compute, and asked whether to go on.
    told
        Whether the caller was told so.
    refill
        Told what a cell takes and how many threads there are, puts more cells into ``waiting`` if few are there.
    looked, peopled
        When the workers were last counted, and when there was last any.
    suspects, alone
        Cells that were on a worker when it died, and the one that is tried with no other in flight.
    """

    client: Client
    plan: Plan
    waiting: deque[int]
    catalog: str | None = None
    cell_seconds: float = 0.0
    threads: int = 1
    flying: dict[Future[Any], list[int]] = field(default_factory=dict)
    landed: SimpleQueue[Future[Any]] = field(default_factory=SimpleQueue)
    shared: dict[tuple[int, ...], tuple[Future[Any], Future[Any]]] = field(default_factory=dict)
    caller: Caller = field(default_factory=Caller)
    told: bool = False
    refill: Callable[[float, int], None] | None = None
    looked: float = -1e9
    peopled: float = field(default_factory=monotonic)
    suspects: deque[int] = field(default_factory=deque)
    alone: int = -1

    def results(self) -> Iterator[Batch]:
        """Hand out the cells and return their records as they come.

        Raises
        ------
        SchedulerLostError
        """
        try:
            while self.waiting or self.flying or self.suspects:
                self.caller.check()
                self._look_around()
                if self.refill is not None:
                    self.refill(self.cell_seconds, self.threads)
                while self.waiting and len(self.flying) < IN_FLIGHT * self.threads + 1:
                    self._submit(self._next())
                if self.suspects and not self.flying:
                    self.alone = self.suspects.popleft()
                    self._submit([self.alone])
                future = self._landed()
                if future is not None:
                    batch = self._result(future, self.flying.pop(future))
                    if batch is not None:
                        yield batch
        finally:
            if self.flying and self.client.status == "running":
                self.client.cancel(list(self.flying), force=True)

    def _next(self) -> list[int]:
        """Take the next batch off: cells of one data set, as many as take the time of a batch."""
        most = 1
        if self.cell_seconds:
            fair = ceil(len(self.waiting) / (IN_FLIGHT * self.threads))
            most = max(1, min(round(BATCH_SECONDS / self.cell_seconds), fair))
        data_set, numbers = self.plan.data_set(self.waiting[0]), list[int]()
        while self.waiting and len(numbers) < most and self.plan.data_set(self.waiting[0]) == data_set:
            numbers.append(self.waiting.popleft())
        return numbers

    def _submit(self, numbers: list[int]) -> None:
        configs = [self.plan.config(number) for number in numbers]
        data_set = self.plan.data_set(numbers[0])
        if data_set not in self.shared:
            if len(self.shared) > 1:  # the scheduler forgets a data set that no batch waits for
                self.shared.pop(next(iter(self.shared)))
            data = self._task(shared_data, configs[0], retries=RETRIES)
            self.shared[data_set] = data, self._task(shared_minimum, configs[0], data, retries=RETRIES)
        future = self._task(compute_batch, configs, *self.shared[data_set], self.catalog)
        self.flying[future] = numbers
        future.add_done_callback(self.landed.put)

    def _task(self, function: Any, *arguments: Any, retries: int = 0) -> Future[Any]:
        key = f"{function.__name__}-{uuid4().hex}"
        return self.client.submit(function, *arguments, key=key, retries=retries, pure=False)

    def _landed(self) -> Future[Any] | None:
        try:
            return self.landed.get(timeout=LOOK_UP)
        except Empty:
            return None

    def _look_around(self) -> None:
        """Find out who is there: workers come and go, and a scheduler that goes can leave futures open."""
        if monotonic() - self.looked < LOOK_AROUND:
            return
        self._check_connection()
        try:
            threads = sum(self.client.nthreads().values())
        except (OSError, TimeoutError):
            raise SchedulerLostError from None
        self.threads, self.looked = max(1, threads), monotonic()
        if threads:
            self.peopled = self.looked
        elif not self.told and self.looked - self.peopled > DESERTED:
            self.caller.deserted()
            self.told = True

    def _check_connection(self) -> None:
        comm = self.client.scheduler_comm
        if self.client.status != "running" or comm is None or comm.comm.closed():
            raise SchedulerLostError

    def _result(self, future: Future[Any], numbers: list[int]) -> Batch | None:
        """Read a batch; one that failed as a whole goes back cell by cell: one bad cell takes none along.

        The scheduler blames every task that a worker had when it died. So these cells are tried again one by one,
        at the end, with nothing else in flight: who dies then is to blame.
        """
        from distributed import KilledWorker

        try:
            error = future.exception()
            batch: Batch | None = None if error is not None else future.result()
        except (CancelledError, OSError) as lost:
            # A task is cancelled with what it depended on, if that was blamed; all are, if the scheduler has gone.
            self._check_connection()
            error, batch = CancelledError(str(lost)), None
        if batch is not None:
            latest = batch.seconds / len(numbers)
            self.cell_seconds = (self.cell_seconds + latest) / 2 if self.cell_seconds else latest
            return batch
        if isinstance(error, KilledWorker | CancelledError) and numbers != [self.alone]:
            self.suspects.extend(numbers)
            self.shared.pop(self.plan.data_set(numbers[0]), None)  # it may have been blamed, too
            return None
        if error is not None and is_fault_of_the_place(error):
            return Batch([], 0.0, 0, fault(error))
        if len(numbers) > 1:
            for number in numbers:
                self._submit([number])
            return None
        run_id = self.plan.run_ids[numbers[0]] or ""
        message = DIED if isinstance(error, KilledWorker) else said(error)
        return Batch([CellRecord.failure(run_id, message)], 0.0, 0)
