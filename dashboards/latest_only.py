"""Works on the newest request of a page, and on no older one.

While one value of a slider is computed, ten more arrive. In a queue the plot would lag behind the slider and
go on after it has stopped (panel issue 653); here only the last value counts. Work is done in a thread of its
own, which waits while a process computes (:mod:`dashboards.computations`). Results are shown under the
document's lock, one after the other, so that frames do not queue either.

Coroutines would be enough for rare requests, but they run without the lock, and what Panel 1.9 does about
that fails until one of its threads has noted that the page is loaded: Bokeh raises, and a page that loads on
a busy machine stays empty (similar to panel issues 4324 and 5920).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

import panel as pn
from bokeh.document import Document
from panel.io.document import hold
from panel.io.state import set_curdoc

from dashboards.computations import ClosedError, SupersededError, superseded

DELIVERY_SECONDS = 5.0
"""Time to wait for a page to show a result: a closed page never does, one on a busy machine does later."""
FINISH_SECONDS = 1.0
"""Time for which a job continues after a newer request, so that plots change while the slider moves."""
LOGGER = logging.getLogger("reluflow.dashboard")


class LatestOnly:
    """Works on the newest job of one page.

    Parameters
    ----------
    document
        The page's; None outside a server, where everything runs at once in the caller's thread.
    work
        Makes a result from a job; called in a thread of its own, it must not change the page.
    show
        Shows a result on the page.
    failed
        Called with an exception of ``work`` or ``show``.
    rest, after
        Makes a second, finer result of the same job when no newer one has come for ``after`` seconds. It
        delays no newer job, and is not shown after a newer request.
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
        self.job: list[tuple[int, Any]] = []
        self.finer: list[tuple[int, Any]] = []
        self.asked = 0
        self.busy = self.refining = False
        self.empty = True

    def request(self, job: Any) -> None:
        """Request a job: a waiting one is dropped, a running one is finished if it is quick and ended if not."""
        if self.document is None:
            self._do_at_once(job)
            return
        with self.changed:
            self.asked += 1
            self.job = [(self.asked, job)]
            self.changed.notify()
            if self.busy:
                return
            self.busy = True
        threading.Thread(target=self._go_on, name="page-work", daemon=True).start()

    def request_on_load(self, job: Any) -> None:
        """Request a job once the browser has loaded the page; outside a server at once."""
        if self.document is None:
            self.request(job)
        else:
            pn.state.onload(lambda: self.request(job))

    def _do_at_once(self, job: Any) -> None:
        try:
            self.show(self.work(job))
            if self.rest is not None:
                self.show(self.rest(job))
        except Exception as error:
            self.failed(error)

    def _go_on(self) -> None:
        while (asked := self._next()) is not None:
            begun = monotonic()
            late = partial(self._is_late, begun)
            alive = self._do(self.work, asked[1], self._shown, late)
            if alive and self.rest is not None and not self._newer():
                self._refine_later(asked)
            if not alive:
                with self.changed:
                    self.busy = False
                return

    def _next(self) -> tuple[int, Any] | None:
        with self.changed:
            job, self.job = self.job, []
            self.busy = bool(job)
            return job[0] if job else None

    def _refine_later(self, asked: tuple[int, Any]) -> None:
        """Make the second result in a thread of its own, so that a new job does not wait for it."""
        with self.changed:
            self.finer = [asked]
            if self.refining:
                return
            self.refining = True
        threading.Thread(target=self._refine, name="page-work", daemon=True).start()

    def _refine(self) -> None:
        assert self.rest is not None
        while True:
            with self.changed:
                wanted, self.finer = self.finer, []
                self.refining = bool(wanted)
            if not wanted:
                return
            number, job = wanted[0]
            newer = partial(self._is_newer, number)
            self._do(self.rest, job, partial(self._shown_unless_newer, number), newer)

    def _is_late(self, begun: float) -> bool:
        """Whether a newer job waits and this one has run long enough."""
        return bool(self.job) and monotonic() - begun > FINISH_SECONDS

    def _is_newer(self, number: int) -> bool:
        return number != self.asked

    def _shown_unless_newer(self, number: int, result: Any) -> None:
        if number == self.asked:
            self._shown(result)

    def _newer(self) -> bool:
        """Whether another job comes within ``after`` seconds."""
        with self.changed:
            return bool(self.job) or self.changed.wait(self.after)

    def _do(
        self,
        work: Callable[[Any], Any],
        job: Any,
        shown: Callable[[Any], None],
        unwanted: Callable[[], bool],
    ) -> bool:
        """Make a result and show it; False if the page is closed."""
        before = superseded.set(unwanted)
        try:
            with set_curdoc(self.document):  # else Panel takes the event loop's current one, of any page
                result = work(job)
        except SupersededError:
            return True
        except ClosedError:
            return False
        except Exception as error:
            return self._tell(partial(self.failed, error))
        finally:
            superseded.reset(before)
        return self._tell(partial(shown, result))

    def _shown(self, result: Any) -> None:
        try:
            # One message for all changes, not one per column. The first result fills the page: Bokeh then searches
            # the document for its models once, not after each new one. Later results bring data alone, for which
            # it need not search; a search costs ten times as much as showing a preview.
            first, self.empty = self.empty, False
            with hold(self.document, freeze=first):
                self.show(result)
        except Exception as error:
            LOGGER.exception("a result could not be shown")
            self.failed(error)

    def _tell(self, say: Callable[[], None]) -> bool:
        done, document = threading.Event(), self.document
        assert document is not None

        def tell() -> None:
            try:
                with set_curdoc(document):
                    say()
            finally:
                done.set()

        if is_gone(document):
            return False
        document.add_next_tick_callback(tell)
        return done.wait(DELIVERY_SECONDS) or not is_gone(document)


def poll(
    read: Callable[[], Any], show: Callable[[Any], None], failed: Callable[[Exception], None], milliseconds: int
) -> LatestOnly:
    """Read something in a thread and show it, once in so many milliseconds while the page is open."""
    latest = LatestOnly(pn.state.curdoc, lambda _: read(), show, failed)
    repeat_once_loaded(lambda: latest.request(None), milliseconds)
    return latest


def repeat_once_loaded(act: Callable[[], None], milliseconds: int) -> None:
    """Do something once in so many milliseconds, from when a browser has the page: one made ahead does nothing."""
    document = pn.state.curdoc
    if document is None:
        return

    def begin() -> None:
        with set_curdoc(document):
            pn.state.add_periodic_callback(act, period=milliseconds)

    def loaded() -> None:
        document.add_next_tick_callback(begin)

    pn.state.onload(loaded)


def is_gone(document: Document) -> bool:
    """Whether the page is closed."""
    return document.session_context is None or bool(document.session_context.destroyed)
