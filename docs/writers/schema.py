"""The data format's tables, from :mod:`catalog.schema` and the registry of scalar results."""

from __future__ import annotations

from catalog.schema import COORDINATES, GROUPS, SCHEMA_VERSION
from catalog.schema.specification import Variable
from pipeline.workflow.results import VERDICT, every_result

MEANINGS = {
    "data": "The points, the labels, and what they say before anything moves.",
    "trajectory": "The network along time. Weights in plain units are `np.exp(log_norm) * direction`.",
    "phases": "Where in the paper's story the flow is, and when each part of it ends.",
    "plateaus": "Every interval of time in which the flow stays near a stationary point, and that point.",
    "clusters": "Neurons that have become one direction.",
    "function": "The learned function's kinks, at instants that are worth a look.",
    "alignment": "Where each neuron of a small start aligns, predicted and measured. Absent where the start is "
    "not small, or n m is above 5,000: it would take seconds.",
    "jumps": "The limit of the run as lambda goes to 0, from plateau to plateau, and this run beside it. Absent "
    "where `alignment` is. What each neuron does there tells {py:func}`pipeline.limit_process`.",
    "kernel": "The tangent kernel K along the run, at 10 to 100 of its samples. Absent above 200 points or "
    "100,000 weights.",
    "statements": "Every statement of the paper, and those on any data, measured on this run.",
    "minimal_norm": "The end beside the interpolator of least norm, with its certificate.",
}
"""What each group is about."""


def escape(text: str) -> str:
    r"""Protect what Markdown would take for markup, in a table's cell.

    Examples
    --------
    >>> print(escape("|w_j|"))
    \|w\_j\|
    """
    for mark in "\\|_*<>[]{}$":
        text = text.replace(mark, f"\\{mark}")
    return text


def row(variable: Variable) -> str:
    """One variable as a table's row."""
    what = f"{escape(variable.long_name)}. {escape(variable.doc)}"
    if len(variable.flags) > 10:
        what += f" Labels from 1: `{variable.flags[0]}`, `{variable.flags[1]}`, ..., `{variable.flags[-1]}`."
    elif variable.flags:
        what += " Labels: " + ", ".join(f"{i} `{flag}`" for i, flag in enumerate(variable.flags, 1)) + "."
    if variable.optional:
        what += " *May be absent.*"
    dims = ", ".join(variable.dims) or "scalar"
    return f"| `{variable.name}` | {escape(dims)} | {variable.dtype} | {what} |"


def table(variables: tuple[Variable, ...]) -> str:
    """All variables of a group."""
    head = "| variable | dims | type | meaning |\n|---|---|---|---|"
    return "\n".join([head, *map(row, variables)])


def results() -> str:
    """All scalar results but the verdicts, which have one sentence together."""
    rows = []
    for result in every_result().values():
        if not result.name.startswith(VERDICT):
            said = f"{result.attributes['long_name']}. {result.doc}".strip()
            units = f" [{result.units}]" if result.units != "1" else ""
            rows.append(f"| `{result.name}`{units} | {escape(said)} |")
    return "\n".join(["| result | meaning |", "|---|---|", *rows])


def write() -> str:
    """The tables of all groups, the coordinates last."""
    parts = [f"These tables are written from the schema itself, version {SCHEMA_VERSION}."]
    for group, variables in GROUPS.items():
        parts.append(f"## Group `{group}`\n\n{MEANINGS[group]}\n\n{table(variables)}")
    parts.append(
        "## Coordinates\n\nEvery dimension has a coordinate of the same name; all but `time` count from 0.\n\n"
        + table(tuple(COORDINATES.values()))
    )
    parts.append(
        "## Scalar results\n\nThe columns of the catalog's table, and in a sweep's cube variables over the swept "
        "keys, except for the texts. The verdict on each statement is a column `statements.<statement>`, in "
        f"a cube `verdict_<statement>`.\n\n{results()}"
    )
    return "\n\n".join(parts) + "\n"
