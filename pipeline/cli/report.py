"""What a run tells a person, on one screen, and a program, as one JSON object: from its summary alone."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.manifest import Manifest
from catalog.origins import Origin
from pipeline.cli.report_tables import has_partner, phase_table, plateau_rows, plateau_table, result_table
from pipeline.cli.safe_text import visible_line
from pipeline.cli.start_report import direction_table, directions, limit_lines, limit_rows
from pipeline.cli.summary import complete, is_number
from pipeline.cli.words import counted
from pipeline.network.names import STRICT_SADDLE, kind_flag, kind_in_words
from pipeline.network.status import Status

TABLES = ("plateau_table", "direction_table", "limit_table")
"""What of a summary is a table in JSON."""
SMALL_STARTS = (
    "extremal_alignment", "first_escape", "saddle_losses", "jump_times", "stationary_plateaus", "limit_norm",
    "least_norm",
)  # fmt: skip
"""The statements that assume nothing of the data."""
STATEMENTS = "statements."
"""What the names of the statements' verdicts begin with in a summary."""


def as_json(
    manifest: Manifest, path: Path | str, cached: bool, seconds: float, origin: Origin | None = None
) -> dict[str, Any]:
    """The object that ``run --json`` prints."""
    return {
        **dict.fromkeys(PROMISED),
        "run_id": manifest.run_id,
        "path": str(path),
        "cached": cached,
        "seconds": seconds,
        "imported_from": None if origin is None else origin.source,
        "imported_at": None if origin is None else origin.at,
        "statements": verdicts(manifest.summary),
        **{key: _finite(value) for key, value in manifest.summary.items() if not key.startswith(STATEMENTS)},
        "plateau_table": plateau_rows(manifest.summary),
        "direction_table": directions(manifest.summary),
        "limit_table": limit_rows(manifest.summary),
    }


def verdicts(summary: dict[str, Any]) -> dict[str, str]:
    """The verdict on each of the paper's statements, by the row's name."""
    return {
        key.removeprefix(STATEMENTS): str(value) for key, value in summary.items() if key.startswith(STATEMENTS)
    }


def _finite(value: Any) -> Any:
    """None for what strict JSON has no number for."""
    return None if isinstance(value, float) and not isfinite(value) else value


PROMISED = ("status", "final_loss", "half_squared_norm", "minimal_half_squared_norm")
"""What ``run --json`` prints of any run, null where it is not known."""
FEW_SAMPLES = 100
"""Below so many samples t1 of the paper's experiment is late by a tenth and more, 10.1 at 20, where it is read off
them: with every method but the exact one, which tells it."""


def succeeded(summary: dict[str, Any]) -> bool:
    """Whether the run is all that was asked for; if not, its ``status_message`` says what is missing."""
    return isinstance(summary.get("status"), str) and summary["status"] not in Status.INCOMPLETE


def print_report(
    console: Console, manifest: Manifest, path: Path | str, cached: bool, seconds: float,
    origin: Origin | None = None,
) -> None:  # fmt: skip
    """One screen: what ran, the phases, the fit, the norm, where it is, what to do next."""
    (summary, lacking), configuration = complete(manifest.summary), manifest.configuration
    console.print(str(configuration.get("title") or manifest.run_id), style="bold")
    console.print(f"{_data(summary)}{_network(configuration)}: {_account(summary, cached, seconds, origin)}\n")
    console.print(phase_table(summary))
    if rows := plateau_rows(summary):
        console.print("\n", plateau_table(summary), sep="", end="")
        for line in limit_lines(summary, {row["limit_number"] for row in rows if has_partner(row)}):
            console.print(line)
    if directions(summary):
        console.print("\n", direction_table(summary), sep="", end="")
    console.print()
    console.print(result_table(summary))
    for line in _penalised(summary):
        console.print(line)
    console.print(f"\n{_ending(summary)}")
    console.print(_assumptions(summary))
    console.print(_statements(manifest), soft_wrap=True)
    for caveat in _caveats(summary, configuration):
        console.print(caveat)
    if lacking:
        console.print(f"Its summary does not tell {', '.join(lacking)}: it is an older version's, or damaged.")
    console.print(f"\nThe run is {path}", soft_wrap=True, highlight=False)
    shown = shlex.quote(manifest.run_id)
    console.print(
        Text.assemble(
            "Next: ",
            (f"reluflow figures {shown} --out figures", "bold"),
            " draws figures 1 to 3; ",
            (f"reluflow show {shown}", "bold"),
            " prints everything that is stored.",
        ),
        soft_wrap=True,
        highlight=False,
    )


def _data(summary: Mapping[str, Any]) -> str:
    """How many points and coordinates there are, and what these are called; older manifests don't say."""
    sizes = [summary.get(name, nan) for name in ("number_of_points", "number_of_coordinates")]
    if not all(map(isfinite, sizes)):
        return ""
    n, d = map(int, sizes)
    words = f"n = {counted(n, 'point')} in d = {counted(d, 'coordinate')}"
    return f"{words} ({summary.get('coordinate_names', 'without names')}); "


def _network(configuration: dict[str, Any]) -> str:
    """The network, its start, and how it was followed, as far as its configuration tells."""
    try:
        return _network_in_words(configuration)
    except (KeyError, TypeError, ValueError, AttributeError):  # an older version's, or a stranger's
        return "a network that its configuration does not tell"


def _network_in_words(configuration: dict[str, Any]) -> str:
    """The network, its start, and how it was followed, as far as that is not the usual."""
    init, flow = configuration["init"], configuration["flow"]
    words = [counted(init["width"], "neuron"), f"{init['start']} start"]
    if init["start"] == "run":
        at = "its end" if init.get("from_time") is None else f"t = {init['from_time']:g}"
        words[1] = f"on from {init['from_run']} at {at}"
    elif init["start"] == "torch":
        words += ["drawn as torch.nn.Linear does", f"seed {init['seed']}"]
    elif init["start"] == "given":
        words[1] += f" from {init['file']}" if init.get("file") else ""
    else:
        scale = f"lambda = 10^{init['log10_scale']:g}{'/sqrt(m)' if init['per_sqrt_width'] else ''}"
        if init.get("log10_output_scale") is not None:
            scale += f", that of a = 10^{init['log10_output_scale']:g}"
        words += [scale, f"seed {init['seed']}"]
        words += [init["distribution"]] if init.get("distribution", "gaussian") != "gaussian" else []
        words += ["antisymmetric pairs"] if init.get("antisymmetric") else []
    if flow.get("slope"):
        words.append(f"leaky ReLU of slope {flow['slope']:g}")
    if flow.get("output_speed", 1.0) != 1.0:
        words.append(f"output layer {flow['output_speed']:g} times as fast")
    if flow["method"] != "exact":
        descent = flow["method"].startswith("gradient_descent")
        words.append(f"by {flow['method']}" + (f" with step {flow['step_size']:g}" if descent else ""))
    return ", ".join(words)


def _account(summary: dict[str, Any], cached: bool, seconds: float, origin: Origin | None) -> str:
    if cached:
        came = "" if origin is None else f" ({imported(origin)})"
        return f"in the catalog already{came}, nothing was computed"
    steps, solver = summary["steps"], 1e3 * summary["solver_seconds"]
    return f"{steps:.0f} steps, {solver:.1f} ms in the solver, {seconds:.1f} s in all"


def imported(origin: Origin) -> str:
    """Say where a run came from, and when."""
    return f"imported from {visible_line(origin.source)} on {visible_line(origin.at[:10])}"


def _penalised(summary: dict[str, Any]) -> list[str]:
    """What the penalised minima are, a line each."""
    try:
        rows = json.loads(summary.get("penalised_table", "[]"))
        return [
            f"With the penalty {row['penalty']:.4g} the least of loss + penalty norm has the loss "
            f"{row['loss']:.4g} and 1/2 |theta|^2 = {row['norm']:.7g} (at least {row['lower_bound']:.7g} in all)."
            for row in rows
        ]
    except (TypeError, ValueError, KeyError, RecursionError):
        return []


def _ending(summary: dict[str, Any]) -> str:
    """Why the run ended, and at what kind of stationary point if it did at one."""
    said = str(summary["status_message"])
    if summary["status"] == "stationary" and summary["end_time"] == 0:
        said += " The network can't move from its start."
    kind, reason = kind_flag(summary.get("stationary_kind", "unknown")), summary.get("stationary_reason", "")
    eigenvalue = summary.get("hessian_smallest_eigenvalue")
    if kind == "unknown" or eigenvalue is None:
        return said
    if kind == "undecided":
        return f"{said} Whether it is a minimum is undecided: {reason}."
    if kind == STRICT_SADDLE and eigenvalue < 0:
        reason = f"the Hessian's smallest eigenvalue is {eigenvalue:.3g}"
    article = "" if kind == "boundary_descent" else "a "
    words = kind_in_words(kind)
    return f"{said} It is {article}{words}: {reason}." if reason else f"{said} It is {article}{words}."


def _assumptions(summary: dict[str, Any]) -> str:
    words = {"holds": "holds", "holds_up_to_scaling": "holds up to scaling", "fails": "FAILS"}
    verdicts = (f"{number} {words.get(summary[f'assumption_{number}'], 'is not told')}" for number in (1, 2, 3))
    return f"The paper's assumptions: {', '.join(verdicts)}."


def _statements(manifest: Manifest) -> str:
    found = verdicts(manifest.summary)
    paper = {name: word for name, word in found.items() if name not in SMALL_STARTS}
    shown = shlex.quote(manifest.run_id)
    said = _counts(paper, "of the paper's {} statements") + f": reluflow show {shown} --statements"
    if general := {name: word for name, word in found.items() if name in SMALL_STARTS}:
        failing = [name for name, word in general.items() if word == "fails"]
        named = f": {', '.join(failing)}" if failing else ""
        return f"{said}\n{_counts(general, 'of the {} statements on any data')}{named}"
    return said


def _counts(found: Mapping[str, str], of_how_many: str) -> str:
    holds, fails, rest = (list(found.values()).count(word) for word in ("holds", "fails", "not_applicable"))
    hold = "holds" if holds == 1 else "hold"
    return (
        f"{holds} {of_how_many.format(len(found))} {hold}, {fails} fail{'s' if fails == 1 else ''}, {rest} "
        f"do{'es' if rest == 1 else ''} not apply"
    )


def _caveats(summary: dict[str, Any], configuration: dict[str, Any]) -> list[str]:
    """What of the paper does not apply to this run, beyond its numbered assumptions, and where t1 is coarse."""
    found = []
    init, flow = (
        {**table} if isinstance(table := configuration.get(name), dict) else {} for name in ("init", "flow")
    )
    samples = flow.get("samples")
    if samples is not None and is_number(samples) and samples < FEW_SAMPLES and flow.get("method") != "exact":
        found.append(
            f"t1 is one of the {samples} samples, and as coarse as they lie: --set flow.samples=400 is finer."
        )
    if summary["assumption_1"] == "fails":
        cosine = f"largest cosine {summary['largest_cosine']:.3g}"
        found.append(
            f"The inputs are not orthogonal ({cosine}): "
            "the paper's formulas for the times are not guaranteed for these data."
        )
    start = init.get("start")
    if start in ("unbalanced", "dominated", "torch"):
        found.append("The start is not balanced: the paper proves its lemmas for |a_j| = |w_j|.")
    if start in ("given", "run"):
        found.append(
            "The start is given: for the paper's times, lambda is the root mean square of the entries of w."
        )
    if flow.get("slope"):
        found.append("The ReLU is leaky: the paper promises no bias to the minimum norm.")
    if flow.get("output_speed", 1.0) != 1.0:
        found.append("The output layer has a speed of its own: the paper's times and bias are for one speed.")
    return found


def print_details(console: Console, manifest: Manifest, path: Path | str, origin: Origin | None = None) -> None:
    """Everything the manifest says, and where the run came from, as a table of names and values."""
    table = Table("what", "value", box=None, pad_edge=False)
    table.add_row("run", manifest.run_id)
    table.add_row("created", manifest.created)
    table.add_row("origin", "computed in this catalog" if origin is None else imported(origin))
    if origin is not None and origin.unchecked:
        table.add_row("not checked", "; ".join(origin.unchecked))
    table.add_row("schema", manifest.schema_version)
    for group, values in manifest.configuration.items():
        for key, value in values.items() if isinstance(values, dict) else [("", values)]:
            table.add_row(f"{group}.{key}".rstrip("."), _shown(value))
    for key, value in manifest.summary.items():
        if key not in TABLES:
            table.add_row(key, _shown(value))
    table.add_row("code", str(manifest.provenance.get("code_revision", "unknown")))
    table.add_row("path", str(path))
    table.add_row("size", f"{manifest.size:,} bytes in {len(manifest.files)} files")
    console.print(table, highlight=False)
    if plateau_rows(manifest.summary):
        console.print(Text("\n"), plateau_table(manifest.summary), highlight=False)
    console.print("\nOpen it anywhere with plain xarray:")
    console.print(f"    xarray.open_datatree({f'{path}/data.zarr'!r}, engine='zarr')", soft_wrap=True)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.10g}" if isinstance(value, float) else visible_line(str(value))
    return text if len(text) <= 100 else text[:97] + "..."
