"""Results that visitors share: a class that opens one address computes its run once.

What is asked for while another visitor's thread makes it is waited for; what has been made lately is kept. A
result is data that nobody changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

KEPT_BYTES = 128_000_000
"""Bytes of the results that are kept: about 140 of the paper's experiment, of 0.9 MB each."""
POLL_SECONDS = 0.05
"""Time between two checks whether a result is still wanted."""

_noted: ContextVar[dict[Hashable, Any] | None] = ContextVar("noted", default=None)


@contextmanager
def noted_results() -> Iterator[dict[Hashable, Any]]:
    """Note the results that are asked for meanwhile by :meth:`SharedResults.peek`: None for what is not made."""
    found: dict[Hashable, Any] = {}
    before = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(before)


class SharedResults:
    """The results of all visitors of this server, the latest used last.

    Parameters
    ----------
    limit
        Bytes of what is kept; a result that alone is larger than a quarter of it is not kept.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self.limit = limit
        self.lock = threading.Lock()
        self.made: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self.bytes: dict[Hashable, int] = {}

    def get(
        self,
        key: Hashable,
        make: Callable[[], Any],
        still_wanted: Callable[[], None] = lambda: None,
    ) -> Any:
        """Return the result of this key, made now by ``make`` if no visitor has made it. Call it in a thread.

        Parameters
        ----------
        key
            All that the result depends on.
        make
            Makes it, with its size as ``nbytes``. If it raises, the error is this visitor's alone: those who
            waited make it themselves.
        still_wanted
            Called while another visitor's thread makes the result; an exception from it ends the waiting.
        """
        while True:
            with self.lock:
                found = self.made.get(key)
                if found is None:
                    mine: Future[Any] = Future()
                    self.made[key] = mine
                    break
                self.made.move_to_end(key)
            value = self._waited(found, still_wanted)
            if value is not None:
                return value[0]
        try:
            result = make()
        except BaseException:
            with self.lock:
                del self.made[key]
            mine.set_result(None)
            raise
        mine.set_result((result,))
        self._keep(key, result.nbytes)
        return result

    def peek(self, key: Hashable) -> Any:
        """Return the result of this key if it has been made; else None."""
        with self.lock:
            found = self.made.get(key)
        value = found.result() if found is not None and found.done() else None
        result = None if value is None else value[0]
        noted = _noted.get()
        if noted is not None:
            noted[key] = result
        return result

    def _waited(self, found: Future[Any], still_wanted: Callable[[], None]) -> tuple[Any] | None:
        """Wait for another visitor's result; None if that visitor has not made it."""
        while True:
            try:
                value: tuple[Any] | None = found.result(POLL_SECONDS)
            except NotYetError:
                still_wanted()
            else:
                return value

    def _keep(self, key: Hashable, size: int) -> None:
        """Forget the results that have not been used for longest."""
        with self.lock:
            self.bytes[key] = size
            if size > self.limit // 4:
                self._forget(key)
            for other in [one for one in self.made if one in self.bytes]:
                if sum(self.bytes.values()) <= self.limit:
                    break
                self._forget(other)

    def _forget(self, key: Hashable) -> None:
        del self.made[key], self.bytes[key]


SHARED = SharedResults()
"""The results of this server."""
