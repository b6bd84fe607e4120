"""The summary of the statements: a strip with a mark for each, and the reasons of those that do not apply."""

from __future__ import annotations

from collections import Counter
from html import escape

import xarray as xr

from dashboards.paper_notation import name_statement, typeset
from dashboards.plots.statements_table import VERDICTS
from pipeline import statement_rows

STYLE = """
ol.strip { list-style: none; display: flex; flex-wrap: wrap; gap: 4px; padding: 0; margin: 6px 0; }
ol.strip li {
  border: 1px solid var(--line); border-radius: 4px; padding: 1px 7px; font-size: 12.5px; white-space: nowrap;
}
ol.strip li.holds { border-color: currentColor; }
ol.strip li.fails { border-color: currentColor; font-weight: 600; }
ol.strip li.not_applicable { opacity: 0.85; }
"""


def summary_html(statements: xr.Dataset) -> str:
    """Write the strip: every statement with the symbol and the colour of its verdict, in the paper's order.

    Parameters
    ----------
    statements
        The group of that name of a run.
    """
    rows = {name: row for name, (_, row) in statement_rows(statements).items()}
    marks = [
        f'<li class="{row.verdict}" title="{escape(VERDICTS[row.verdict][2:])}">'
        f"{VERDICTS[row.verdict][0]} {escape(name_statement(name))}</li>"
        for name, row in rows.items()
    ]
    reasons = Counter(row.reason for row in rows.values() if row.verdict == "not_applicable")
    said = "".join(
        f"<p>{count} statement{'' if count == 1 else 's'} do{'es' if count == 1 else ''} not apply: "
        f"{escape(typeset(reason))}.</p>"
        for reason, count in reasons.most_common()
    )
    return f'<ol class="strip" aria-label="The verdict on each statement">{"".join(marks)}</ol>{said}'
