"""A run as Jupyter shows it: figure 2, small, the table of results, and what to do next."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from typing import Any

import xarray as xr

import pipeline
from pipeline.inputs.kinds import instance
from pipeline.network.names import kind_in_words, plateau_name
from pipeline.workflow.results import every_result
from pipeline.workflow.summary import summarise

NEEDED = frozenset({"data", "trajectory", "phases", "minimal_norm"})
"""The groups without which a tree is no run."""
DRAWN_BYTES = 200_000_000
"""The directions up to which the figure is drawn unasked."""
NEXT = (
    ('tree["trajectory"]["loss"].plot(yscale="log")', "any variable along time"),
    ("rf.predict(tree, x)", "the network's output at inputs of your own"),
    ("rf.weights(tree, time=10.0)", "its weights, as two arrays"),
    ('rf.figures.write_figures(tree, "figures")', "figures 1, 2 and 3 as files"),
)
"""Lines to type next, and what each gives."""


def run_as_html(tree: xr.DataTree) -> str:
    """Return a run as HTML; any other tree as xarray shows it.

    Parameters
    ----------
    tree
        From :func:`pipeline.run`, :func:`pipeline.fit` or a catalog.
    """
    tree = instance("tree", tree, xr.DataTree, "what run and fit return")
    if not tree.children.keys() >= NEEDED:
        return str(tree._repr_html_())  # type: ignore[no-untyped-call]
    summary = summarise(tree)
    parts = [f"<h4>{escape(str(tree.attrs.get('title', 'A run')))}</h4>", f"<p>{escape(_setting(summary))}</p>"]
    if tree["trajectory"]["direction"].nbytes <= DRAWN_BYTES:
        parts.append(_figure(tree))
    parts += [_results(summary), _plateaus(summary), _next()]
    return f'<div class="reluflow-run">{"".join(parts)}</div>'


def _setting(summary: dict[str, Any]) -> str:
    n, d = summary["number_of_points"], summary["number_of_coordinates"]
    return f"n = {n} points in d = {d} coordinates ({summary['coordinate_names']}). {summary['status_message']}"


def _figure(tree: xr.DataTree) -> str:
    figures = pipeline.figures  # imported now: Matplotlib takes a while
    figure = figures.snapshots_figure(tree)
    picture = base64.b64encode(figures.encoded(figure, "png", dots_per_inch=80)).decode("ascii")
    return f'<img alt="Figure 2: four states of the network" src="data:image/png;base64,{picture}">'


def _results(summary: dict[str, Any]) -> str:
    """The results by which runs are compared, as far as this one has them."""
    compared = [result for result in every_result().values() if result.compared and result.name in summary]
    rows = [(result.heading, _shown(summary[result.name])) for result in compared]
    return _table(["result", "value"], rows)


def _plateaus(summary: dict[str, Any]) -> str:
    found = json.loads(summary.get("plateau_table", "[]"))
    rows = [
        (plateau_name(row["label"]), _shown(row["start"]), _shown(row["end"]), _shown(row["loss"]),
         kind_in_words(row["kind"], row.get("reason", "")))
        for row in found
    ]  # fmt: skip
    return _table(["plateau", "t from", "to", "loss", "stationary point"], rows) if rows else ""


def _next() -> str:
    lines = "".join(f"<li><code>{escape(code)}</code>: {escape(words)}</li>" for code, words in NEXT)
    return f"<p>Next (with <code>import reluflow as rf</code>):</p><ul>{lines}</ul>"


def _table(head: list[str], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: Any, tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
