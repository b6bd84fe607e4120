"""Which runs match what a visitor has written into the two fields of the page 'catalog'."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from catalog import CatalogError, select
from dashboards.catalog_rows import normalize_condition, search_texts
from dashboards.published_runs import RunsSnapshot

Key = tuple[int, str, str]
"""The version of the table, and the contents of the two fields: equal keys have equal matches."""


@dataclass(frozen=True)
class Asked:
    """A request for the table.

    Attributes
    ----------
    words, condition
        The contents of the two fields.
    age
        The allowed age of the table in seconds.
    """

    words: str
    condition: str
    age: float


@dataclass(frozen=True)
class Matches:
    """The runs that match the two fields.

    Attributes
    ----------
    key
        Of this answer.
    table
        All runs.
    rows
        The runs that match.
    problem
        Why the condition is invalid and not applied; else empty.
    """

    key: Key
    table: RunsSnapshot
    rows: pd.DataFrame
    problem: str


def key_of(table: RunsSnapshot, asked: Asked) -> Key:
    """Return the key of the answer to a request."""
    return table.version, asked.words, asked.condition


def find_matches(table: RunsSnapshot, asked: Asked) -> Matches:
    """Search the table for the words and by the condition; an invalid condition is not applied."""
    kept, problem = search_texts(table.text, asked.words), ""
    if asked.condition:
        try:
            kept &= set(select(table.columns, normalize_condition(asked.condition)).index)
        except CatalogError as error:
            problem = str(error).removeprefix("--where ")
    rows = table.rows
    if len(kept) < len(rows):
        rows = rows[rows["run_id"].isin(kept)].reset_index(drop=True)
    return Matches(key_of(table, asked), table, rows, problem)
