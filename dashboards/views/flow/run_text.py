"""What the Flow page says in text and tables of the run that is drawn."""

from __future__ import annotations

from html import escape

from dashboards.components import facts_html, html_pane
from dashboards.drawing_data import DrawingData
from dashboards.html_table import numbers_html
from dashboards.page_context import PageContext
from dashboards.plots.descriptions import facts, how_it_ended, samples, sentence, times
from dashboards.run_selection import RunSelection
from dashboards.time_units import TimeUnit


class RunText:
    """The texts of one visitor.

    Attributes
    ----------
    title
        Which run is shown, and the links to its other pages.
    sentence, facts
        What is known at the cursor, as a sentence and as a list.
    times, samples
        The ends of the phases, and the curves at some instants, as tables.
    """

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.title = html_pane('<p role="status">Computing the flow …</p>')
        self.sentence, self.facts = (
            html_pane(""),
            html_pane("", style=".facts { font-size: 12.5px; gap: 2px 8px; }"),
        )
        self.times, self.samples = html_pane(""), html_pane("")
        self.named = ""

    def name(self, selection: RunSelection, run_id: str | None) -> bool:
        """Write which run is shown; return whether it is another one than before."""
        if run_id:
            which = f"Run {run_id}"
        elif selection.source is not None:
            which = f"Run {selection.source}, changed: computed now"
        else:
            which = f"{selection.config.name}, computed now"
        before, self.named = self.named, which
        return which != before

    def show_title(self, selection: RunSelection) -> None:
        """Show which run it is, and the links to its other pages."""
        theory, explore = (
            escape(self.context.address(page, **selection.query())) for page in ("theory", "explore")
        )
        self.title.object = (
            f'<p><b>{escape(self.named)}</b> · <a href="{theory}">its\N{NO-BREAK SPACE}theory</a> · '
            f'<a href="{explore}">explore\N{NO-BREAK SPACE}it</a><br>'
            f"{escape(selection.config.title or '')}</p>"
        )

    def show_frame(self, drawing: DrawingData, unit: TimeUnit, frame: int) -> None:
        """Write what is known at a frame."""
        said, listed = drawing.once(("frame", unit, frame), lambda: frame_html(drawing, unit, frame))
        self.sentence.object, self.facts.object = said, listed

    def show_tables(self, drawing: DrawingData, unit: TimeUnit) -> None:
        """Write the tables of the run."""
        ended, curves = drawing.once(("tables", unit), lambda: tables_html(drawing, unit))
        self.times.object, self.samples.object = ended, curves


def frame_html(drawing: DrawingData, unit: TimeUnit, frame: int) -> tuple[str, str]:
    """Write what is known at a frame, as a sentence and as a list."""
    rows = facts(drawing, unit, frame)
    return f"<p>{escape(sentence(drawing, rows))}</p>", facts_html(rows)


def tables_html(drawing: DrawingData, unit: TimeUnit) -> tuple[str, str]:
    """Write how the run ended with the ends of its phases, and the curves at some instants."""
    ended = f"<p>{escape(how_it_ended(drawing))}</p>{numbers_html(times(drawing))}"
    return ended, numbers_html(samples(drawing, unit))
