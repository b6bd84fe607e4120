"""The computations of one page: they end when it closes, asks for something else, or the visitor stops them.

A corner of the window says what is being computed, with a button that stops it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import panel as pn
from bokeh.document import Document

from dashboards.budget import BUDGET, StoppedError
from dashboards.components import BUTTON, TextPane
from dashboards.shared_results import SHARED

SHOWN_AFTER_SECONDS = 1.0
"""Time after which a page says that it computes; a shorter computation needs no message."""
MESSAGE_INTERVAL_SECONDS = 1.0
"""Time between two messages about it."""
DISCONNECTED_SECONDS = 3.0
"""Time without a connection after which a page counts as closed; Bokeh discards it about ten seconds later."""

CORNER_STYLE = {
    "position": "fixed", "right": "12px", "bottom": "12px", "z-index": "20", "background": "var(--panel)",
    "border": "1px solid var(--accent)", "border-radius": "8px", "padding": "2px 4px", "max-width": "94vw",
}  # fmt: skip
"""The style of the message and the button: in a corner of the window, also when the page is scrolled."""

superseded: ContextVar[Callable[[], bool]] = ContextVar("superseded")
"""In a thread that works for a page: returns whether the page has asked for something else since."""


class ClosedError(StoppedError):
    """The page that asked for it is closed."""


class SupersededError(StoppedError):
    """The page has asked for something else since."""


class Computations:
    """The computations of one page.

    Parameters
    ----------
    document
        The page's.

    Attributes
    ----------
    view
        The message and the button; visible during a long computation.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.lock = threading.Lock()
        self.under_way: list[tuple[float, list[str]]] = []
        self.stops, self.told_at, self.shown = 0, 0.0, False
        self.folder: TemporaryDirectory[str] | None = None
        self.words = TextPane("", margin=(8, 10), min_width=240)
        self.button = pn.widgets.Button(label="Stop", **BUTTON)
        self.button.on_click(lambda _: self.stop())
        self.view = pn.Row(self.words, self.button, styles=CORNER_STYLE, visible=False)
        document.on_session_destroyed(self._closed)

    def compute(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return ``function(*args)``, computed in a process of its own. Call it in a thread.

        Parameters
        ----------
        function, args
            Picklable; ``function`` is found by its module and name.

        Raises
        ------
        StoppedError
            If it was stopped, took too long, or is no longer wanted.
        Exception
            Any exception of ``function``.
        """
        with self._counted() as mine:
            return BUDGET.compute(self, function, args, self._check(mine), mine.append)

    def share(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the result of ``make``, or the one that another visitor has got for this key.

        Parameters
        ----------
        key
            All that the result depends on.
        make
            Makes it, with its size as ``nbytes``.

        Raises
        ------
        StoppedError
            As in :meth:`compute`.
        """
        found = SHARED.peek(key)
        if found is not None:
            return found
        with self._counted() as mine:
            return SHARED.get(key, make, self._check(mine))

    def _check(self, mine: list[str]) -> Callable[[], None]:
        """Return a function that raises once a computation, begun now, is not wanted any more."""
        stops, wanted = self.stops, superseded.get(lambda: False)

        def still_wanted() -> None:
            if self.closed:
                raise ClosedError("the page was closed")
            if wanted():
                raise SupersededError("the page wants something else")
            if self.stops != stops:
                raise StoppedError("Stopped. The page still shows the last result")
            self._tell(mine)

        return still_wanted

    def stop(self) -> None:
        """End all running computations."""
        self.stops += 1

    def scratch(self) -> str:
        """Return the folder of this page's results; it is deleted with the page."""
        with self.lock:
            if self.folder is None:
                self.folder = TemporaryDirectory(prefix="reluflow-page-", ignore_cleanup_errors=True)
            return self.folder.name

    @property
    def closed(self) -> bool:
        """Whether the page is closed."""
        context = self.document.session_context
        if context is None or context.destroyed:
            return True
        session = getattr(context, "session", None)
        if session is None or session.connection_count:
            return False
        return bool(session.milliseconds_since_last_unsubscribe > 1000 * DISCONNECTED_SECONDS)

    @contextmanager
    def _counted(self) -> Any:
        """Count a computation as running; yields the list of its messages."""
        mine: list[str] = []
        entry = (monotonic(), mine)
        with self.lock:
            self.under_way.append(entry)
        try:
            yield mine
        finally:
            with self.lock:
                self.under_way.remove(entry)
            self._tell(mine, ended=True)

    def _tell(self, said: list[str], ended: bool = False) -> None:
        """Show what is being computed, if it is time for a message."""
        now = monotonic()
        with self.lock:
            begun = [since for since, _ in self.under_way]
            visible = bool(begun) and now - min(begun) > SHOWN_AFTER_SECONDS
            if visible == self.shown and (ended or not visible or now - self.told_at < MESSAGE_INTERVAL_SECONDS):
                return
            self.shown, self.told_at = visible, now
            seconds = now - min(begun) if begun else 0.0
            latest = [words[-1] for _, words in self.under_way if words]
        text = f"{(latest or ['Computing'])[-1]} … ({seconds:.0f} s)"
        if not self.closed:
            self.document.add_next_tick_callback(lambda: self._show(visible, text))

    def _show(self, visible: bool, text: str) -> None:
        if visible:
            self.words.object = f'<p role="status" aria-live="polite" style="margin: 0">{escape(text)}</p>'
        self.view.visible = visible

    def _closed(self, _context: Any) -> None:
        BUDGET.forget(self)
        with self.lock:
            folder, self.folder = self.folder, None
        if folder is not None:
            folder.cleanup()
