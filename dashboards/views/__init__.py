"""The pages; each only connects ``dashboards.plots`` to widgets.

Each name in :data:`PAGES` is a page's address and a folder whose module ``page`` has a function
``build_page(context) -> pn.viewable.Viewable``. An exception in it becomes a message in place of the page
(:mod:`dashboards.page_template`). A page is imported when it is requested. ``downloads``, ``file_button``
and ``place_slider`` are parts of several pages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page, with its title in the head of all pages."""

    title: str


PAGES = {
    "flow": Page("Flow"),
    "theory": Page("Theory"),
    "explore": Page("Explore"),
    "sweeps": Page("Sweeps"),
    "catalog": Page("Catalog"),
}
"""The pages by the last part of their address, in the order of the head; the first is the start page."""
