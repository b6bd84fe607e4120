"""The pages: thin, each only wires ``dashboards.plots`` to widgets.

Each module named in :data:`PAGES` has a function ``page(visit) -> pn.viewable.Viewable``; its name is the
page's address. What it raises becomes a message in its place (:mod:`dashboards.frame`). Modules are imported when
somebody asks for their page; the others are parts of pages (``downloads``, ``runs_table`` and so on).
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
