"""The pages: thin, each only wires ``dashboards.plots`` to widgets.

Each name in :data:`PAGES` is a page's address and a folder whose module ``page`` has a function
``build_page(visit) -> pn.viewable.Viewable``. What it raises becomes a message in its place
(:mod:`dashboards.page_template`). A page is imported when somebody asks for it. ``downloads`` and ``file_button``
are parts of several pages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page: its title, as the head of all pages names it."""

    title: str


PAGES = {
    "flow": Page("Flow"),
    "theory": Page("Theory"),
    "sweeps": Page("Sweeps"),
    "catalog": Page("Catalog"),
}
"""By the last part of the address, in the order of the head; the first is where the bare address leads."""
