"""The threads in which Panel runs the callbacks of pages: one at a time for each page, with its document locked.

Panel hands each callback to any free thread. Two callbacks of one page then ran at once and in any order (an
edit of a table was read before the table's new numbers), and each without the lock of the document whose
models it changed (Bokeh raises, and then takes another page for the current one). Here a callback starts when
its document is free, and the document is free again when the callback has ended. Callbacks on Bokeh's event
loop would be simpler, but a slow one would then delay the pages of all visitors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, cast

from bokeh.document import Document
from panel.io.callbacks import PeriodicCallback

from dashboards.latest_only import is_gone


class PageCallbacks(ThreadPoolExecutor):
    """Threads that run the callbacks of each page in order; a call that belongs to no page runs at once.

    Code that runs under a document's lock must not wait for another callback of the same page.
    """

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        """Run a call in a thread when its document is free; the calls of a closed page never run."""
        document = page_of(call, arguments)
        if document is None:
            return super().submit(call, *arguments, **options)
        done: Future[Any] = Future()
        run = partial(super().submit, call, *arguments, **options)

        async def locked() -> None:
            try:
                done.set_result(await asyncio.wrap_future(run()))
            except Exception as error:
                done.set_exception(error)

        if not is_gone(document):
            document.add_next_tick_callback(cast(Any, locked))  # which Bokeh runs under the lock, to its end
        return done


def page_of(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Document | None:
    """Find the document of a callback: an argument, or an attribute of a periodic callback."""
    for argument in arguments:
        if isinstance(argument, Document):
            return argument
    owner = getattr(call, "__self__", None)
    return owner._doc if isinstance(owner, PeriodicCallback) else None
