"""The actions on runs that are selected in the catalog's table: verify every byte, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from io import BytesIO
from time import monotonic

import panel as pn

from catalog import Catalog
from dashboards.components import BUTTON, html_pane
from dashboards.exports.run_archive import LARGEST_BYTES, export_archive
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.views.file_button import FileButton, size_text
from pipeline import RequestError

FINDINGS_LIMIT = 50
"""Findings that are listed at most."""
ENDINGS = {"zip": "zip", "netcdf": "nc"}


class RunActions:
    """The buttons for the selected runs, and their results.

    Parameters
    ----------
    context
        The visitor's.
    chosen
        Returns the runs that are selected at the moment of the click.
    """

    def __init__(self, context: PageContext, chosen: Callable[[], Sequence[str]]) -> None:
        self.context, self.chosen = context, chosen
        self.verify_chosen = pn.widgets.Button(label="Verify selected", disabled=True, **BUTTON)
        self.verify_all = pn.widgets.Button(label="Verify all", **BUTTON)
        self.format = pn.widgets.Select(
            label="Export as", options={"zip (a catalog)": "zip", "netCDF (one run)": "netcdf"}, width=170
        )
        self.export = FileButton(
            self.exported, self._say, filename="runs.zip", label="Export selected", disabled=True
        )
        self.result = html_pane("")
        self.verifying = LatestOnly(pn.state.curdoc, self._read, self._show, self._unread)
        self.verify_chosen.on_click(lambda _: self.verify(list(self.chosen())))
        self.verify_all.on_click(lambda _: self.verify(None))

    def choose(self, run_ids: Sequence[str]) -> None:
        """Enable the buttons if runs are selected."""
        self.verify_chosen.disabled = self.export.disabled = not run_ids

    def verify(self, run_ids: list[str] | None) -> None:
        """Verify every byte of some runs, or of the whole catalog."""
        self._say(
            "Reading every byte of " + ("the catalog …" if run_ids is None else f"{count_runs(len(run_ids))} …")
        )
        self.verify_chosen.disabled = self.verify_all.disabled = True
        self.verifying.request(run_ids)

    def _read(self, run_ids: list[str] | None) -> tuple[list[str], bool, float]:
        begun = monotonic()
        lines, whole = self.context.compute(verified, self.context.catalog, run_ids)
        return lines, whole, monotonic() - begun

    def _ready(self) -> None:
        """Enable the buttons again."""
        self.verify_all.disabled = False
        self.choose(self.chosen())

    def _unread(self, error: Exception) -> None:
        self._ready()
        self._say(explain_error(error))

    def _show(self, found: tuple[list[str], bool, float]) -> None:
        lines, whole, seconds = found
        self._ready()
        items = "".join(f"<li>{escape(line)}</li>" for line in lines[:FINDINGS_LIMIT])
        more = f"<li>and {len(lines) - FINDINGS_LIMIT:,} more</li>" if len(lines) > FINDINGS_LIMIT else ""
        verdict = "✓ Every byte is as it was published" if whole else "✗ Not everything is as it was published"
        self.result.object = (
            f'<div role="status"><p style="margin: 6px 0"><b>{verdict}</b> ({seconds:.1f} s)</p>'
            f"<ul>{items}{more}</ul></div>"
        )

    def _say(self, text: str) -> None:
        self.result.object = f'<p role="status" style="margin: 6px 0">{escape(text)}</p>'

    def exported(self) -> BytesIO:
        """Make the file of the selected runs.

        Raises
        ------
        CatalogError, RequestError
            If they are too large, damaged, or several for netCDF.
        """
        run_ids, form = list(self.chosen()), self.format.value
        if form == "netcdf" and len(run_ids) > 1:
            raise RequestError(f"netCDF holds one run, not {len(run_ids)}: select one, or export them as zip")
        self._say(f"Packing {count_runs(len(run_ids))} …")
        content = export_archive(self.context.catalog, run_ids, form)
        name = run_ids[0] if len(run_ids) == 1 else f"{len(run_ids)}-runs"
        self.export.filename = f"{name}.{ENDINGS[form]}"
        self._say(f"{self.export.filename}, {size_text(len(content))}: `reluflow import` and xarray open it.")
        return BytesIO(content)

    def note(self) -> str:
        """Describe the limit of an export."""
        return f"The limit of an export is {LARGEST_BYTES // 2**20} MB; <code>reluflow export</code> has none."


def count_runs(number: int) -> str:
    """Write a number of runs: ``1 run``, ``2 runs``."""
    return f"{number:,} run{'' if number == 1 else 's'}"


def verified(catalog: Catalog, run_ids: Sequence[str] | None) -> tuple[list[str], bool]:
    """Verify runs (None: the whole catalog), and describe the findings.

    Returns
    -------
    lines
        One a run that is whole, one a finding; for the whole catalog the whole ones in one line.
    whole
        Whether no run is damaged.

    Raises
    ------
    CatalogError
        If the catalog can't be read, or a run does not exist any more.
    """
    if run_ids is None:
        findings = catalog.verify()
        names = {finding.run_id for finding in findings if finding.is_damage}
        sound = [run_id for run_id in (*catalog.run_ids(), *catalog.sweeps.run_ids()) if run_id not in names]
        lines = [str(finding) for finding in findings]
        return [*lines, f"{len(sound):,} runs and sweeps are whole."], not names
    lines, whole = [], True
    for run_id in run_ids:
        findings = catalog.verify(run_id)
        whole &= not any(finding.is_damage for finding in findings)
        lines += [str(finding) for finding in findings] or [f"{run_id}: whole, every byte as published"]
    return lines, whole
