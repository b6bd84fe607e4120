"""The newest of what is wanted, and nothing in between.

A slider says ten values while one is computed. Queued, the picture would trail behind the hand and go on after it
has stopped (panel issue 653); here only the last value counts. Work is done in a few threads of this process, so
that other people's pages go on; what it gives is shown under the document's lock, one after the other, so that
frames never queue up either.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bokeh.document import Document
from panel.io.document import hold

WORKERS = ThreadPoolExecutor(max_workers=3, thread_name_prefix="page-work")
"""For all pages together: on two cores more would only slow each other down."""
PATIENCE = 5.0
"""Seconds to wait for a page to take a result; a page that was closed never does."""
LOGGER = logging.getLogger("reluflow.dashboard")


class Latest:
    """Works on the newest job of one page.

    Parameters
    ----------
    document
        The page's; None outside a server: then everything happens at once, in the caller's thread.
    work
        Makes a result of a job; called in a thread of its own, must not touch the page.
    show
        Puts a result on the page.
    failed
        Told what ``work`` or ``show`` raised.
    rest, after
        What to do, with the job, once no newer one has come for ``after`` seconds: a second, finer result, say.
    """

    def __init__(
        self,
        document: Document | None,
        work: Callable[[Any], Any],
        show: Callable[[Any], None],
        failed: Callable[[Exception], None],
        *,
        rest: Callable[[Any], Any] | None = None,
        after: float = 0.3,
    ) -> None:
        self.document, self.work, self.show, self.failed = document, work, show, failed
        self.rest, self.after = rest, after
        self.changed = threading.Condition()
        self.job: list[Any] = []
        self.busy = False

    def want(self, job: Any) -> None:
        """Ask for this job; one that waits is dropped, one that runs is finished."""
        if self.document is None:
            self.show(self.work(job))
            if self.rest is not None:
                self.show(self.rest(job))
            return
        with self.changed:
            self.job = [job]
            self.changed.notify()
            if self.busy:
                return
            self.busy = True
        WORKERS.submit(self._go_on)

    def _go_on(self) -> None:
        while (job := self._next()) is not None:
            alive = self._do(self.work, job[0])
            if alive and self.rest is not None and not self._newer():
                alive = self._do(self.rest, job[0])
            if not alive:
                with self.changed:
                    self.busy = False
                return

    def _next(self) -> list[Any] | None:
        with self.changed:
            job, self.job = self.job, []
            self.busy = bool(job)
            return job or None

    def _newer(self) -> bool:
        """Whether another job comes within the time of rest."""
        with self.changed:
            return bool(self.job) or self.changed.wait(self.after)

    def _do(self, work: Callable[[Any], Any], job: Any) -> bool:
        """Make a result and have it shown; False if the page is gone."""
        try:
            result = work(job)
        except Exception as error:
            return self._tell(partial(self.failed, error))
        return self._tell(partial(self._shown, result))

    def _shown(self, result: Any) -> None:
        try:
            with hold(self.document):  # one message for all that changes, not one for each column
                self.show(result)
        except Exception as error:
            LOGGER.exception("a result could not be shown")
            self.failed(error)

    def _tell(self, say: Callable[[], None]) -> bool:
        from panel.io.state import set_curdoc

        done, document = threading.Event(), self.document
        assert document is not None

        def tell() -> None:
            try:
                with set_curdoc(document):
                    say()
            finally:
                done.set()

        if document.session_context is None or document.session_context.destroyed:
            return False
        document.add_next_tick_callback(tell)
        return done.wait(PATIENCE)
