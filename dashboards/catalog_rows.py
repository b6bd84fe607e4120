"""The rows of the Catalog page: its columns, its search, and the differences between two or three runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from catalog import Manifest
from dashboards.paper_notation import typeset
from pipeline.workflow.results import VERDICT, every_result


class Column(NamedTuple):
    """A column of the catalog's table, and the key of ``catalog.frame()`` that it shows, if it shows one.

    ``digits`` says how its numbers are written: ``exact`` as they are, ``digits`` with a few; nothing for a
    text.
    """

    heading: str
    pixels: int
    key: str = ""
    digits: str = ""
    about: str = ""


PHASE_NAMES = ("alignment", "first fit", "second fit", "convergence")
SEARCHED = ("title", "description", "data.kind", "init.start", "flow.method", "status", "created")
"""The columns that the search field searches, besides the run's name."""


def columns() -> tuple[Column, ...]:
    """List the columns of the page's table: parameters that tell runs apart, and the results that go there."""
    results = (
        Column(
            typeset(result.heading), 0 if result.words else 112, result.name,
            "" if result.words else "digits", typeset(result.long_name),
        )
        for result in every_result().values()
        if result.on_page
    )  # fmt: skip
    return (
        Column("run", 238),
        Column("loss", 76, about="The loss over time, from 0 to its largest value"),
        Column("log₁₀ scale", 112, "init.log10_scale", "digits"),
        Column("width", 74, "init.width", "exact"),
        Column("seed", 64, "init.seed", "exact"),
        *results,
        Column("hold", 62, digits="exact", about="How many statements hold"),
        Column("fail", 56, digits="exact", about="How many statements fail"),
        Column("phases", 86, about="The shares of the run's time: alignment, first fit, second fit, convergence"),
        Column("created", 98, about="UTC"),
    )


def select_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Select the columns that the page shows, with the newest run first.

    Parameters
    ----------
    frame
        From ``catalog.frame()``.

    Returns
    -------
    pandas.DataFrame
        ``run_id``, and all of :func:`columns` but ``run`` by their headings.
    """
    verdicts = frame[[name for name in frame.columns if name.startswith(VERDICT)]]
    table: dict[str, Any] = {"run_id": frame.index.to_numpy(dtype=object)}
    for heading, _, key, digits, _ in columns():
        if key:
            table[heading] = frame[key].to_numpy() if key in frame else np.full(len(frame), np.nan)
            if digits:  # where a run has none, the column would be of objects, and sorted as texts
                table[heading] = pd.to_numeric(pd.Series(table[heading]), errors="coerce").to_numpy()
    table["hold"], table["fail"] = ((verdicts == word).sum(axis=1).to_numpy() for word in ("holds", "fails"))
    table["created"] = frame["created"].dt.strftime("%Y-%m-%d %H:%M").fillna("").to_numpy()
    return pd.DataFrame(table).iloc[::-1].reset_index(drop=True)


def phase_bars(frame: pd.DataFrame) -> pd.Series:
    """Draw the phases of each run as a bar of four parts, of the lengths that the phases have.

    Parameters
    ----------
    frame
        From ``catalog.frame()``; a run without its times has no bar.
    """
    names = ("t1", "t2", "t3", "end_time")
    if frame.empty or not set(names) <= set(frame.columns):
        return pd.Series("", index=frame.index, dtype=object)
    times = frame[list(names)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    ends = np.fmax.accumulate(np.minimum(times, times[:, -1:]), axis=1)
    shares = np.diff(np.nan_to_num(ends / ends[:, -1:]), axis=1, prepend=0.0)
    negative_first = frame["fitted_first"].eq("negative") if "fitted_first" in frame else [False] * len(frame)
    orders = [(1, 3, 2, 4) if swapped else (1, 2, 3, 4) for swapped in negative_first]
    bars = [
        '<span class="phases" role="img" aria-label="{}">{}</span>'.format(
            ", ".join(f"{name} {share:.0%}" for name, share in zip(PHASE_NAMES, row, strict=True)),
            "".join(
                f'<i class="p{number}" style="flex:{share:.4f}"></i>'
                for number, share in zip(order, row, strict=True)
            ),
        )
        if end > 0
        else ""
        for row, end, order in zip(shares.tolist(), np.nan_to_num(times[:, -1]).tolist(), orders, strict=True)
    ]
    return pd.Series(bars, index=frame.index, dtype=object)


def add_headings(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Add columns with the headings of the page, so that a condition can use them.

    Parameters
    ----------
    frame
        From ``catalog.frame()``.
    rows
        From :func:`select_columns` of it.

    Returns
    -------
    pandas.DataFrame
        ``frame`` with a column for each heading that it does not have: see :func:`normalize_condition`.
    """
    by_run = rows.set_index("run_id")
    found = {normalize_condition(str(name)): by_run[name].reindex(frame.index) for name in by_run}
    found["run"] = frame.index.to_series()
    found["loss"] = frame["final_loss"] if "final_loss" in frame else pd.Series(np.nan, index=frame.index)
    ends = frame[[name for name in ("t1", "t2", "t3") if name in frame]]
    found["phases"] = ends.notna().sum(axis=1) + 1  # how many the run has reached
    more = {name: values for name, values in found.items() if name not in frame}
    return pd.concat([frame, pd.DataFrame(more, index=frame.index)], axis="columns")


def normalize_condition(text: str) -> str:
    """Replace the subscripts of a heading by digits.

    Examples
    --------
    >>> normalize_condition("log₁₀ scale < -6")
    'log10 scale < -6'
    """
    return text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))


def join_texts(frame: pd.DataFrame) -> pd.Series:
    """Join the searched columns into one text per run, in lower case."""
    text = frame.index.to_series().astype(str)
    for name in SEARCHED:
        if name in frame:
            text = text + " " + frame[name].astype(str)
    return text.str.lower()


def search_texts(text: pd.Series, words: str) -> set[str]:
    """Find the runs whose text contains all words, in any order.

    Parameters
    ----------
    text
        From :func:`join_texts`.
    words
        The content of the search field; an empty one finds all runs.
    """
    found = np.ones(len(text), dtype=bool)
    for word in words.lower().split():
        found &= text.str.contains(word, regex=False).to_numpy(dtype=bool)
    return set(text.index[found])


def tabulate_differences(manifests: Sequence[Manifest]) -> pd.DataFrame:
    """Tabulate the differences of runs in configuration and statements, and their results.

    Returns
    -------
    pandas.DataFrame
        One column a run; rows by ``part`` (configuration, result, statement) and ``name``, all texts. What is
        the same in the configurations and verdicts of all is left out.
    """
    run_ids = [manifest.run_id for manifest in manifests]
    rows: dict[tuple[str, str], list[str]] = {}
    configurations = [dict(_flat(manifest.configuration)) for manifest in manifests]
    for key in dict.fromkeys(key for found in configurations for key in found):
        texts = format_distinct([found.get(key) for found in configurations])
        if len(set(texts)) > 1 and key not in ("name", "description"):
            rows["configuration", key] = texts
    for result in every_result().values():
        texts = format_distinct([manifest.summary.get(result.name) for manifest in manifests])
        if result.compared and set(texts) != {"–"}:
            rows["result", typeset(result.heading)] = texts
    verdicts = [name for name in manifests[0].summary if name.startswith(VERDICT)] if manifests else []
    for key in verdicts:
        texts = [format_value(manifest.summary.get(key)).replace("_", " ") for manifest in manifests]
        if len(set(texts)) > 1:
            rows["statement", key.removeprefix(VERDICT).replace("_", " ")] = texts
    index = pd.MultiIndex.from_tuples(list(rows), names=["part", "name"])
    return pd.DataFrame(list(rows.values()), index=index, columns=run_ids)


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """List the values of a configuration by their dotted keys."""
    found: list[tuple[str, Any]] = []
    for key, value in table.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [(f"{prefix}{key}", value)]
    return found


def format_distinct(values: Sequence[Any]) -> list[str]:
    """Format values of one key; in full where :func:`format_value` would make different numbers equal.

    Examples
    --------
    >>> format_distinct([0.1, 0.25]), format_distinct([0.3, 0.30000001])
    (['0.1', '0.25'], ['0.3', '0.30000001'])
    """
    texts = [format_value(value) for value in values]
    numbers = [value for value in values if isinstance(value, float) and isfinite(value)]
    if len({format_value(value) for value in numbers}) < len(set(numbers)):
        texts = [repr(value) if value in numbers else format_value(value) for value in values]
    return texts


def format_value(value: Any) -> str:
    """Format a value of a manifest: six digits, ``–`` for none, long texts cut off."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
