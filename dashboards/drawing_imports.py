"""The late import of what draws: HoloViews takes seconds, and on the Catalog page only a comparison needs it."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Event

from bokeh.document import Document

LEFT_SECONDS = 30.0
"""After so long without an answer the visitor has left: the import is then made at once."""


def import_drawing(module: str, document: Document | None) -> None:
    """Import a module that draws, on the event loop. Call it in a thread.

    While one thread imports HoloViews, Panel 1.9 imports parts of it at every change of a layout
    (``panel.links``), on the event loop, and gets them unfinished: both imports failed with an ImportError.

    Parameters
    ----------
    module
        Its name.
    document
        The visitor's; None outside a server.
    """
    if module not in sys.modules and document is not None:
        done = Event()

        def imported() -> None:
            try:
                import_module(module)
            finally:
                done.set()

        document.add_next_tick_callback(imported)
        done.wait(LEFT_SECONDS)
    import_module(module)
