"""The table of published runs: read once for all visitors, and again when a visitor asks and it is old."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic

import pandas as pd

from catalog import Catalog, CatalogError
from dashboards.catalog_rows import add_headings, join_texts, phase_bars, select_columns
from dashboards.paper_notation import print_numbers

REREAD_FACTOR = 10
"""A table is read again at the earliest when ten times as long has passed as the last reading took; 10,000 runs
take one second to read."""
GROUPS = {
    "name": "preset",
    "status": "status",
    "flow.method": "method",
    "init.start": "start",
    "data.kind": "data",
}
"""What runs are grouped by: keys of ``catalog.frame()``, and what a page calls them."""


@dataclass(frozen=True)
class RunsSnapshot:
    """The published runs at one moment.

    Attributes
    ----------
    rows
        From :func:`dashboards.catalog_rows.select_columns`.
    columns
        From :func:`dashboards.catalog_rows.add_headings`: the columns that a condition may name.
    text
        From :func:`dashboards.catalog_rows.join_texts`.
    damaged
        The damage of runs that can't be listed, by their names.
    version
        Increases by one with every change.
    about
        From :func:`describe_runs`.
    """

    rows: pd.DataFrame
    columns: pd.DataFrame
    text: pd.Series
    damaged: dict[str, str]
    version: int
    about: dict[str, dict[str, str]]


@dataclass
class PublishedRuns:
    """The published runs of a catalog, shared by all pages of this server.

    Attributes
    ----------
    catalog
        The catalog.
    losses
        The losses that were drawn, by the names of the runs, for all visitors.
    """

    catalog: Catalog
    losses: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _table: RunsSnapshot | None = None
    _read: float = 0.0
    _took: float = 0.0

    def snapshot(self, age: float = 0.0) -> RunsSnapshot:
        """Return the table, read again if it is older than ``age`` seconds. Call it in a thread.

        Raises
        ------
        CatalogError
            If the catalog can't be read.
        """
        with self._lock:  # a thread that waits here gets what the other one has read
            fresh = max(age, REREAD_FACTOR * self._took)
            if self._table is not None and monotonic() - self._read < fresh:
                return self._table
            begun = monotonic()
            frame = self.catalog.frame()
            damaged = dict(frame.attrs.get("damaged", {}))
            rows = select_columns(frame)
            last = self._table
            if last is None or damaged != last.damaged or not rows.equals(last.rows):
                version = 1 if last is None else last.version + 1
                self._table = last = RunsSnapshot(
                    rows, add_headings(frame, rows), join_texts(frame), damaged, version,
                    describe_runs(frame),
                )  # fmt: skip
            self._read = monotonic()
            self._took = self._read - begun
            return last


@lru_cache(maxsize=8)
def published_runs_of(catalog: Catalog) -> PublishedRuns:
    """Return the published runs of a catalog: the same object for all pages."""
    return PublishedRuns(catalog)


def read_ahead(catalog: Catalog) -> threading.Thread:
    """Read the table in a thread before the first request: 10,000 runs that are not in the index take seconds."""

    def read() -> None:
        with suppress(CatalogError, OSError):  # the first request reports it
            published_runs_of(catalog).snapshot()

    thread = threading.Thread(target=read, name="read-ahead", daemon=True)
    thread.start()
    return thread


def describe_runs(frame: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Describe each run: its ``title``, its ``phases`` as a bar, and its main numbers in ``short`` for a phone.

    What it can be grouped by, too: see :data:`GROUPS`.
    """
    run_ids = [str(run_id) for run_id in frame.index]

    def texts(name: str, pattern: str) -> list[str]:
        values = frame[name] if name in frame else [None] * len(frame)
        return ["" if pd.isna(value) else pattern.format(value) for value in values]

    parts = zip(
        texts("init.width", "m = {}"),
        texts("status", "{}"),
        map(print_numbers, texts("final_loss", "L = {:.1e}")),
        strict=True,
    )
    short = [", ".join(part.replace("_", " ") for part in three if part) for three in parts]
    groups = {key: [text.replace("_", " ") or "none" for text in texts(key, "{}")] for key in GROUPS}
    columns = groups | {"title": texts("title", "{}"), "phases": phase_bars(frame).tolist(), "short": short}
    return {name: dict(zip(run_ids, values, strict=True)) for name, values in columns.items()}
