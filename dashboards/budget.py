"""What pages may compute on this machine: how many computations at once, for how long, and in which order.

A short computation must not wait for one that takes minutes. So each computation starts in the short queue;
one that is not done after :data:`QUICK_SECONDS` continues in the long queue, of which a few run at once, or
starts again when its turn comes there. The next turn goes to the visitor with the fewest running
computations, and among these to the one who has waited longest since the last turn.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary, ref

from dashboards.processes import Worker, usable_cpus

QUICK_SECONDS = 2.0
"""Time within which nearly every computation of a page is done."""
TIME_LIMIT_SECONDS = 900.0
"""Time that a computation of a page may take."""
POLL_SECONDS = 0.05
"""Time between two checks whether a computation is still wanted."""
IDLE_PROCESSES_LIMIT = 4
"""Processes that are kept for later computations."""


class StoppedError(Exception):
    """A computation was ended before it was done."""


class TurnQueue:
    """Turns for computations of one kind.

    Parameters
    ----------
    limit
        How many may run at once.
    limit_each
        How many of them may belong to one visitor.
    """

    def __init__(self, limit: int, limit_each: int) -> None:
        self.limit, self.limit_each = limit, limit_each
        self.changed = threading.Condition()
        self.running: Counter[Any] = Counter()
        self.waiting: list[Any] = []
        self.turns = 0
        self.last: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def take(self, visitor: Any, still_wanted: Callable[[], None]) -> None:
        """Wait for a turn; ``still_wanted`` raises if the computation is not wanted any more."""
        with self.changed:
            self.waiting.append(visitor)
            try:
                while self._next() is not visitor:
                    self.changed.wait(POLL_SECONDS)
                    still_wanted()
            finally:
                self.waiting.remove(visitor)
                self.changed.notify_all()
            self._begin(visitor)

    def take_at_once(self, visitor: Any) -> bool:
        """Take a turn if one is free now."""
        with self.changed:
            if self.waiting or self._full() or self.running[visitor] >= self.limit_each:
                return False
            self._begin(visitor)
            return True

    def leave(self, visitor: Any) -> None:
        """Give the turn to the next visitor."""
        with self.changed:
            self.running[visitor] -= 1
            if not self.running[visitor]:
                del self.running[visitor]
            self.changed.notify_all()

    def before(self, visitor: Any) -> int:
        """Count the computations that run for other visitors."""
        with self.changed:
            return sum(number for one, number in self.running.items() if one is not visitor)

    def _begin(self, visitor: Any) -> None:
        self.running[visitor] += 1
        self.turns += 1
        self.last[visitor] = self.turns

    def _full(self) -> bool:
        return sum(self.running.values()) >= self.limit

    def _next(self) -> Any:
        """Return whose turn it is; None if none is free."""
        free = [one for one in self.waiting if self.running[one] < self.limit_each]
        if self._full() or not free:
            return None
        return min(free, key=lambda one: (self.running[one], self.last.get(one, 0)))


class Budget:
    """The computations of all visitors of this server.

    Parameters
    ----------
    cpus
        How many CPUs the computations share.
    """

    def __init__(self, cpus: int) -> None:
        self.quick = TurnQueue(max(2, cpus), max(2, cpus))
        self.long = TurnQueue(max(2, cpus), max(1, cpus - 1))
        self.lock = threading.Lock()
        self.idle: list[Worker] = []

    def compute(
        self,
        visitor: Any,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        still_wanted: Callable[[], None],
        report: Callable[[str], None],
    ) -> Any:
        """Return ``function(*args)``, computed in a process on this visitor's turn. Call it in a thread.

        Parameters
        ----------
        visitor
            For whom it is computed.
        function, args
            Picklable; ``function`` is found by its module and name.
        still_wanted
            Called about twenty times a second; an exception from it ends the computation.
        report
            Called with a sentence about its progress.

        Raises
        ------
        StoppedError
            If it takes longer than :data:`TIME_LIMIT_SECONDS`.
        Exception
            Any exception of ``function`` or ``still_wanted``.
        """
        task = Task(function, args, still_wanted, report)
        self.quick.take(visitor, still_wanted)
        going_on = False
        try:
            worker = self._begun(visitor, task)
            news = task.news(worker, QUICK_SECONDS)
            if news is None:
                going_on = self.long.take_at_once(visitor)
                if not going_on:
                    worker.end()
        finally:
            self.quick.leave(visitor)
        if news is not None:
            return self._value(visitor, worker, news)
        return self._long(visitor, task, worker if going_on else None)

    def _long(self, visitor: Any, task: Task, worker: Worker | None) -> Any:
        """Continue a long computation in its process, or start it again later."""
        if worker is None:
            task.report("Waiting for the computations of other visitors")
            self.long.take(visitor, task.still_wanted)
        try:
            if worker is None:
                worker = self._begun(visitor, task)
            worker.give_way()
            news = task.news(worker, TIME_LIMIT_SECONDS)
        finally:
            self.long.leave(visitor)
        if news is None:
            worker.end()
            raise StoppedError(
                f"More than {TIME_LIMIT_SECONDS:.0f} s, the limit of a page: `reluflow run` has no limit"
            )
        return self._value(visitor, worker, news)

    def _begun(self, visitor: Any, task: Task) -> Worker:
        """Start it in a process, if possible in the one that computed for this visitor last."""
        with self.lock:
            own = [one for one in self.idle if one.last() is visitor and one.alive]
            others = [one for one in self.idle if not one.yielding and one.alive]
            worker = next(iter([*own, *others]), None)
            if worker is not None:
                self.idle.remove(worker)
        worker = worker or Worker()
        worker.last = ref(visitor)
        worker.ask(task.function, *task.args)
        return worker

    def _value(self, visitor: Any, worker: Worker, news: tuple[str, Any]) -> Any:
        """Keep the process for the next computation, and return the result of this one."""
        with self.lock:
            self.idle.append(worker)
            left = [one for one in self.idle if not one.alive] or self.idle[
                : max(0, len(self.idle) - IDLE_PROCESSES_LIMIT)
            ]
            self.idle = [one for one in self.idle if one not in left]
        for one in left:
            one.end()
        kind, value = news
        if kind == "error":
            raise value
        return value

    @property
    def busy(self) -> bool:
        """Whether a computation runs."""
        return bool(self.quick.running or self.long.running)

    def forget(self, visitor: Any) -> None:
        """End the processes that are kept for a visitor whose page is closed."""
        with self.lock:
            left = [one for one in self.idle if one.last() is visitor]
            self.idle = [one for one in self.idle if one not in left]
        for one in left:
            one.end()


@dataclass(frozen=True)
class Task:
    """A computation with its two callbacks: see :meth:`Budget.compute`."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    still_wanted: Callable[[], None]
    report: Callable[[str], None]

    def news(self, worker: Worker, seconds: float) -> tuple[str, Any] | None:
        """Wait for the result or the error; None if none comes in time. If it is not wanted, end the process."""
        until = monotonic() + seconds
        try:
            while monotonic() < until:
                self.still_wanted()
                found = worker.answer(POLL_SECONDS)
                if found is not None and found[0] != "progress":
                    return found
                if found is not None:
                    self.report(found[1])
        except BaseException:
            worker.end()
            raise
        return None


BUDGET = Budget(usable_cpus())
"""The budget of this server."""
