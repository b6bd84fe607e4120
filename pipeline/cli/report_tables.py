"""The tables of a run's report: its phases, the plateaus where it stayed, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf, isfinite, isnan
from typing import Any

from rich.table import Table

from pipeline.cli.start_report import rate_rows
from pipeline.cli.summary import is_number
from pipeline.cli.words import counted
from pipeline.network.names import STRICT_SADDLE, kind_in_words, plateau_name

NOTABLE = 1e-3
"""The share of the minimum norm from which an excess makes one ask whether the function differs too."""


def phase_table(summary: dict[str, Any]) -> Table:
    """When each phase ended, and when the paper says it does."""
    signs = {"positive": "D_+", "negative": "D_-"}
    first = summary["fitted_first"]
    second = "negative" if first == "positive" else "positive"
    table = Table("phase", "until t", "paper", "its formula", box=None, pad_edge=False)
    for name, key, formula in (
        ("alignment", "t1", f"-epsilon ln(lambda)/|{signs[second]}|"),
        (f"fitting {first} labels", "t2", f"-ln(lambda)/|{signs[first]}|"),
        (f"fitting {second} labels", "t3", f"-ln(lambda)/|{signs[second]}|"),
    ):
        predicted = summary[f"{key}_predicted"]
        # The paper says nothing where there is no such label, or lambda is not small.
        paper = ("-", "") if isnan(predicted) else (_time(predicted), formula)
        table.add_row(name, f"{key} = {_time(summary[key])}", *paper)
    # By the sentence: a run that was not unique may converge too, and has another status.
    converged = summary["status"] == "converged" or "fits the data" in summary["status_message"]
    last = "convergence" if converged else "the end of the run"
    table.add_row(last, _time(summary["end_time"]), "", "")
    return table


def plateau_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The plateaus of a summary: one row of names and values each."""
    try:
        rows = json.loads(summary.get("plateau_table", "[]"))
        return [{"name": plateau_name(row["label"])} | row for row in rows if _is_plateau(row)]
    except (TypeError, ValueError, RecursionError):
        return []


def _is_plateau(row: Any) -> bool:
    """Whether a row of the table of plateaus has all that is printed of it."""
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) for name in ("label", "kind"))
        and all(is_number(row.get(name)) for name in ("start", "end", "loss", "negative_eigenvalues"))
        and (row.get("distance") is None or is_number(row["distance"]))
        and {"labels_fitted", "labels"} <= row.keys()
    )


def has_partner(row: Mapping[str, Any]) -> bool:
    """Whether a plateau has a partner in the limit."""
    numbers = (row.get(name) for name in ("limit_number", "limit_loss", "limit_start"))
    return all(map(is_number, numbers)) and row["limit_number"] >= 0


def plateau_table(summary: dict[str, Any]) -> Table:
    """Where the flow lingered, and at what."""
    table = Table(
        "plateau",
        "t from",
        "to",
        "loss",
        "distance to it",
        "stationary point",
        "labels fitted",
        box=None,
        pad_edge=False,
    )
    rows = plateau_rows(summary)
    limited = any("limit_number" in row for row in rows)
    if limited:
        table.add_column("limit: t from")
        table.add_column("loss")
    for row in rows:
        count = row["negative_eigenvalues"]
        negative = f" ({counted(count, 'negative eigenvalue')})" if row["kind"] == STRICT_SADDLE else ""
        kind = kind_in_words(row["kind"], row.get("reason", ""))
        distance = "-" if row["distance"] is None else f"{row['distance']:.2g}"
        fitted = "-" if row["kind"] == "unknown" else f"{row['labels_fitted']} of {row['labels']}"
        partner = (_time(row["limit_start"]), f"{row['limit_loss']:.6g}") if has_partner(row) else ("-", "-")
        table.add_row(
            plateau_name(row["label"]), _time(row["start"]), _time(row["end"]),
            f"{row['loss']:.6g}", distance, kind + negative, fitted, *(partner if limited else ()),
        )  # fmt: skip
    return table


def result_table(summary: dict[str, Any]) -> Table:
    """What the run ended with: its losses, and its norm beside the least one."""
    least, bound = summary["minimal_half_squared_norm"], summary["lower_bound"]
    fits = "least 1/2 |theta|^2 that fits the data" + (", beside what costs nothing" if _beside(summary) else "")
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    table.add_row("final loss", f"{summary['final_loss']:.3g}")
    if "final_test_loss" in summary:
        table.add_row("final loss at the test points", f"{summary['final_test_loss']:.3g}")
    if "final_teacher_distance" in summary:
        table.add_row("|h - teacher| at the end", f"{summary['final_teacher_distance']:.3g} (root mean square)")
    table.add_row("1/2 |theta|^2 at the end", f"{summary['half_squared_norm']:.10g}")
    if isnan(least):
        least_known = f"; at least {bound:.4g}" if bound > 0 else ""
        table.add_row(fits, f"{_without_minimum(summary)}{least_known}")
    else:
        uncertified = "upper bound" in summary["minimal_norm_method"]
        gap = f"certified from below: gap {abs(summary['gap']):.1g}"
        certified = f"(an upper bound; at least {bound:.4g})" if uncertified else f"({gap})"
        table.add_row(fits, f"{least:.10g}  {certified}")
        table.add_row("excess over it", f"{summary['final_excess']:.3g}")
        if abs(summary["final_excess"]) > NOTABLE * least and isfinite(summary.get("hull_difference", inf)):
            table.add_row("|h - h of that network|, between the data", f"{summary['hull_difference']:.2g} at most")
    if "merged_directions" in summary:
        kinks = f"; {summary['kinks']} kinks within the data's range" if "kinks" in summary else ""
        table.add_row("directions the neurons have merged into", f"{summary['merged_directions']}{kinks}")
    for row in rate_rows(summary):
        table.add_row(*row)
    if summary.get("sliding_neurons"):
        table.add_row("neurons that end sliding on a boundary", f"{summary['sliding_neurons']}")
    return table


def _beside(summary: dict[str, Any]) -> bool:
    """Whether the minimum has a constant or a linear function that costs nothing."""
    return "output_constant" in summary


def _without_minimum(summary: dict[str, Any]) -> str:
    """Why there is no least norm: it is not known, or there is no interpolator at all."""
    why = str(summary["minimal_norm_method"])
    return why.removeprefix("not known: ") if "no network fits" in why else why


def _time(value: float) -> str:
    return "never" if isnan(value) else f"{value:.4g}"
