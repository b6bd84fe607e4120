"""What a run tells a person, on one screen, and a program, as one JSON object: from its summary alone."""

from __future__ import annotations

import shlex
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.manifest import Manifest


def as_json(manifest: Manifest, path: Path, cached: bool, seconds: float) -> dict[str, Any]:
    """The object that ``run --json`` prints."""
    return {
        "run_id": manifest.run_id,
        "path": str(path),
        "cached": cached,
        "seconds": seconds,
        "statements": {},
        **{key: _finite(value) for key, value in manifest.summary.items()},
    }


def _finite(value: Any) -> Any:
    """None for what strict JSON has no number for."""
    return None if isinstance(value, float) and not isfinite(value) else value


def print_report(console: Console, manifest: Manifest, path: Path, cached: bool, seconds: float) -> None:
    """One screen: what ran, the phases, the fit, the norm, where it is, what to do next."""
    summary, configuration = manifest.summary, manifest.configuration
    init, account = configuration["init"], _account(summary, cached, seconds)
    console.print(configuration["title"] or manifest.run_id, style="bold")
    console.print(
        f"{init['width']} neurons, {init['start']} start, lambda = 10^{init['log10_scale']:g}"
        f"{'/sqrt(m)' if init['per_sqrt_width'] else ''}, seed {init['seed']}: {account}\n"
    )
    console.print(_phase_table(summary))
    console.print(_result_table(summary))
    console.print(f"\n{summary['status_message']}")
    console.print(_assumptions(summary))
    console.print(f"\nThe run is {path}", soft_wrap=True, highlight=False)
    shown = shlex.quote(manifest.run_id)
    console.print(
        Text.assemble(
            "Next: ",
            (f"reluflow figures {shown} --out figures", "bold"),
            " draws figures 1 to 3; ",
            (f"reluflow show {shown}", "bold"),
            " says all there is.",
        ),
        soft_wrap=True,
        highlight=False,
    )


def _account(summary: dict[str, Any], cached: bool, seconds: float) -> str:
    if cached:
        return "in the catalog already, nothing was computed"
    return (
        f"{summary['steps']} steps, {1e3 * summary['solver_seconds']:.1f} ms in the solver, {seconds:.1f} s in all"
    )


def _phase_table(summary: dict[str, Any]) -> Table:
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
    table.add_row("convergence", _time(summary["end_time"]), "", "")
    return table


def _result_table(summary: dict[str, Any]) -> Table:
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    table.add_row("final loss", f"{summary['final_loss']:.3g}")
    table.add_row("1/2 |theta|^2 at the end", f"{summary['half_squared_norm']:.10g}")
    table.add_row(
        "least of all interpolators",
        f"{summary['minimal_half_squared_norm']:.10g}  (certified from below: gap {abs(summary['gap']):.1g})",
    )
    table.add_row("excess over it", f"{summary['final_excess']:.3g}")
    table.add_row("stationary points lingered at", f"{summary['plateaus']}")
    return table


def _time(value: float) -> str:
    return "never" if isnan(value) else f"{value:.4g}"


def _assumptions(summary: dict[str, Any]) -> str:
    words = {"holds": "holds", "holds_up_to_scaling": "holds up to scaling", "fails": "FAILS"}
    verdicts = (f"{number} {words[summary[f'assumption_{number}']]}" for number in (1, 2, 3))
    return f"The paper's assumptions: {', '.join(verdicts)}."


def print_details(console: Console, manifest: Manifest, path: Path) -> None:
    """Everything the manifest says, as a table of names and values."""
    table = Table("what", "value", box=None, pad_edge=False)
    table.add_row("run", manifest.run_id)
    table.add_row("created", manifest.created)
    table.add_row("schema", manifest.schema_version)
    for group, values in manifest.configuration.items():
        for key, value in values.items() if isinstance(values, dict) else [("", values)]:
            table.add_row(f"{group}.{key}".rstrip("."), _shown(value))
    for key, value in manifest.summary.items():
        table.add_row(key, _shown(value))
    table.add_row("code", str(manifest.provenance.get("code_revision", "unknown")))
    table.add_row("path", str(path))
    table.add_row("size", f"{manifest.size:,} bytes in {len(manifest.files)} files")
    console.print(table, highlight=False)
    console.print("\nOpen it anywhere with plain xarray:")
    console.print(f"    xarray.open_datatree({str(path / 'data.zarr')!r}, engine='zarr')", soft_wrap=True)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 100 else text[:97] + "..."
