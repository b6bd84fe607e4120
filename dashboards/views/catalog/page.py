"""The page 'catalog': the table of runs, its search fields, and what is done with selected runs."""

from __future__ import annotations

from functools import cached_property, partial
from html import escape
from typing import Any
from urllib.parse import quote_plus

import pandas as pd
import panel as pn

from catalog import CatalogError
from dashboards.components import BUTTON, TO_THE_EDGE, collapsible_card, html_pane
from dashboards.drawing_imports import import_drawing
from dashboards.latest_only import LatestOnly, repeat_once_loaded
from dashboards.page_context import PageContext, shortened
from dashboards.published_runs import GROUPS, published_runs_of
from dashboards.views.catalog.loss_lines import LossLines, draw_losses
from dashboards.views.catalog.run_actions import RunActions, count_runs
from dashboards.views.catalog.run_search import Asked, Matches, find_matches, key_of
from dashboards.views.catalog.runs_table import HEADINGS, PAGE_SIZE, UNSORTED, create_runs_table
from dashboards.views.scrolling import name_part, scroll_trigger

POLL_SECONDS = 4
"""Seconds between two checks for changes in the catalog."""
MOST = 3
"""Runs that are compared at most: more are hard to distinguish."""
EMPTY = (
    "<p><b>There are no runs in this catalog yet.</b> Compute one, in a terminal: "
    "<code>reluflow run orthogonal</code>. The run then appears here. The page "
    '<a href="{flow}">Flow</a> computes one now.</p>'
)


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page; the table comes when it has been read, which for 10,000 runs takes a second."""
    page = CatalogPage(context)
    pn.state.onload(page.begin)
    repeat_once_loaded(partial(page.poll, POLL_SECONDS / 2), 1000 * POLL_SECONDS)
    return page.view()


class CatalogPage:
    """The table, its search fields, and the actions on selected runs.

    Parameters
    ----------
    context
        The visitor's. The address gives ``search``, ``where``, ``sort`` (a column, ``-`` before it for the
        largest first), ``hide`` (columns), ``group`` and ``compare`` (runs, comma between).
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.published = context, published_runs_of(context.catalog)
        self.document = pn.state.curdoc
        self.chosen: list[str] = []
        self.shown: tuple[int, str, str] | None = None
        self.search = pn.widgets.TextInput(
            label="Search", placeholder="words of its name, title, status …", value=context.text("search"),
            value_input=context.text("search"), width=260,
        )  # fmt: skip
        self.where = pn.widgets.TextInput(
            label="Only runs where", placeholder="width == 60 and excess < 0.01", value=context.text("where"),
            width=350,
        )  # fmt: skip
        self.refresh = pn.widgets.Button(label="Refresh", **BUTTON)
        self.count = html_pane('<p role="status">Reading the catalog …</p>')
        self.damaged = html_pane("")
        self.table = create_runs_table(self._asked_order())
        self.run_actions = RunActions(context, lambda: self.chosen)
        self.compare = pn.widgets.Button(label="Compare", disabled=True, color="primary", **BUTTON)
        self.choice = html_pane("", faint=True, margin=(5, 10))
        self.actions = pn.Column(sizing_mode="stretch_width", visible=False)
        self.comparison = pn.Column(sizing_mode="stretch_width")
        name_part(self.comparison, "comparison")
        self.scroll = scroll_trigger("comparison")
        self.group = pn.widgets.Select(
            label="Group by", options={"nothing": ""} | {word: key for key, word in GROUPS.items()},
            value=context.choice("group", ("", *GROUPS), ""), width=130,
        )  # fmt: skip
        self._choosing = False
        self.runs = LatestOnly(pn.state.curdoc, self._read_matches, self._show_matches, self._show_reading_error)
        self.opened = LatestOnly(
            pn.state.curdoc, self._open_comparison, self._show_comparison, self._show_opening_error
        )
        self.losses = LossLines(context, self.table, self.published.losses)
        # A table that is built while it is hidden stays blank. It stands in the page from the start all the same:
        # so the browser has its code before the first run appears.
        self.place = pn.Column(self.table, sizing_mode="stretch_width")
        self.columns = pn.widgets.CheckBoxGroup(
            options=list(HEADINGS[1:]), value=self._asked_columns(), inline=True, margin=(0, 10)
        )
        self.table.hidden_columns = self._hidden()
        self._watch()

    def _watch(self) -> None:
        """Connect the widgets to what they do."""
        self.search.param.watch(self._fields_changed, "value_input")
        self.where.param.watch(self._fields_changed, "value")
        self.columns.param.watch(self._chose_columns, "value")
        self.refresh.on_click(self._refresh_clicked)
        self.compare.on_click(self._compare_clicked)
        self.table.param.watch(self._selected, "selection")
        self.table.param.watch(self._sorted, "sorters")
        self.group.param.watch(self._grouped, "value")

    def _asked_order(self) -> list[dict[str, str]]:
        name = self.context.text("sort")
        column = name.removeprefix("-")
        if not name:
            return []
        allowed = [heading for heading in HEADINGS if heading != UNSORTED]
        if column not in allowed:
            self.context.say(
                f"sort = {shortened(name)} is not known: allowed are {', '.join(allowed)}. Newest come first."
            )
            self.context.remember(sort=None)
            return []
        return [{"field": column, "dir": "desc" if name.startswith("-") else "asc"}]

    def _asked_columns(self) -> list[str]:
        """Read the columns to show from the address, which names the hidden ones."""
        hidden = [name for name in self.context.text("hide").split(",") if name]
        unknown = [name for name in hidden if name not in HEADINGS[1:]]
        if unknown:
            self.context.say(
                f"hide = {shortened(unknown[0])} is not known: allowed are {', '.join(HEADINGS[1:])}."
            )
            kept = [name for name in hidden if name not in unknown]
            self.context.remember(hide=",".join(kept) or None)
        return [name for name in HEADINGS[1:] if name not in hidden]

    def _hidden(self) -> list[str]:
        return ["run_id", "group", *(name for name in HEADINGS[1:] if name not in self.columns.value)]

    def _chose_columns(self, _: object) -> None:
        """Show the columns that are ticked."""
        self.context.forget()
        self.table.hidden_columns = self._hidden()
        self.context.remember(hide=",".join(self._hidden()[2:]) or None)

    def begin(self) -> None:
        """Read the table for the first time, and open the runs that the address compares."""
        run_ids = asked_runs(self.context)
        self.context.remember(compare=",".join(run_ids) or None)
        self._choose(run_ids)
        self._start_comparison(run_ids)
        self.poll(POLL_SECONDS)

    def poll(self, age: float = 0.0) -> None:
        """Read the table if it is older than ``age`` seconds, and show the runs that match the two fields."""
        self.runs.request(Asked(self.search.value_input or "", (self.where.value or "").strip(), age))

    def _refresh_clicked(self, _: object) -> None:
        self.context.forget()
        self.poll()

    def _fields_changed(self, _: object) -> None:
        self.context.forget()
        self.context.remember(
            search=self.search.value_input or None, where=(self.where.value or "").strip() or None
        )
        self.poll(POLL_SECONDS)

    def _read_matches(self, asked: Asked) -> Matches | None:
        """Read the table and search it; None if the page shows the result already."""
        table = self.published.snapshot(asked.age)
        if self.shown == key_of(table, asked):
            return None
        found = find_matches(table, asked)
        # The browser builds the table when it has the first rows, and must not be sent their losses meanwhile.
        if self.shown is None or not self.place.objects:
            run_ids = found.rows["run_id"][:PAGE_SIZE]
            first = [run_id for run_id in run_ids if run_id not in self.published.losses]
            self.published.losses.update(draw_losses(self.context.catalog, first))
        return found

    def _show_matches(self, found: Matches | None) -> None:
        """Show the runs that match the two fields."""
        if found is None:
            return
        run_ids, about = found.rows["run_id"], found.table.about
        rows = found.rows.assign(
            run=[self._link(run_id, about["title"][run_id], about["short"][run_id]) for run_id in run_ids],
            phases=[about["phases"][run_id] for run_id in run_ids],
            loss=[self.published.losses.get(run_id, "") for run_id in run_ids],
            group=[about[self.group.value][run_id] if self.group.value else "" for run_id in run_ids],
        )
        if self.group.value:  # a group is one stretch of rows, over the pages
            rows = rows.sort_values("group", kind="stable").reset_index(drop=True)
        self.table.groupby = ["group"] if self.group.value else []
        self._tick_chosen(rows[["run_id", "group", *HEADINGS]])
        self.losses.ask()
        empty = not len(found.table.rows)
        self.place.objects = [] if empty else [self.table]
        self.actions.visible = not empty
        self._write_count(len(rows), len(found.table.rows), found.problem)
        self.damaged.object = damaged_html(found.table.damaged)
        self.shown = found.key

    def _grouped(self, _: object) -> None:
        """Group the runs by another key."""
        self.context.forget()
        self.context.remember(group=self.group.value or None)
        self.shown = None
        self.poll(POLL_SECONDS)

    def _show_reading_error(self, error: Exception) -> None:
        """Say why the table could not be read; the next check tries again."""
        if isinstance(error, CatalogError | OSError):
            self.count.object = f'<p role="status">{escape(str(error))}</p>'
            self.shown = None
        else:
            self.context.say_error(error)

    def _write_count(self, found: int, all_runs: int, problem: str) -> None:
        if not all_runs:
            text = EMPTY.format(flow=escape(self.context.address("flow")))
        else:
            what = count_runs(all_runs) if found == all_runs else f"{found:,} of {count_runs(all_runs)}"
            text = f"<p>{what}.</p>"
        alert = f'<p role="alert" class="problem"><b>⚠</b> {escape(problem)}</p>' if problem else ""
        self.count.object = f'<div role="status">{text}</div>{alert}'

    def _link(self, run_id: str, title: str = "", short: str = "") -> str:
        # An address is made once, and the run inserted: for 10,000 runs urlencode alone takes 0.3 s.
        said = escape(quote_plus(run_id))
        flow, theory, explore = (f"{before}{said}{after}" for before, after in self._addresses)
        name, what = escape(run_id), escape(title or run_id)
        more = f'<a href="{theory}">theory</a> <a href="{explore}">explore</a> <span>{name}</span>'
        narrow = f'<small class="phone">{escape(short)}</small>' if short else ""
        link = f'<a class="title" href="{flow}" aria-label="{what}, {name}" title="{what}">{what}</a>'
        return f"{link}<small>{more}</small>{narrow}"

    @cached_property
    def _addresses(self) -> list[tuple[str, str]]:
        """The parts before and after a run's name in the addresses of the pages that show it."""
        addresses = (escape(self.context.address(page, run="RUN")) for page in ("flow", "theory", "explore"))
        return [(before, after) for before, _, after in (address.partition("RUN") for address in addresses)]

    def _tick_chosen(self, rows: pd.DataFrame | None = None) -> None:
        """Tick the selected runs among those shown, or among these new rows."""
        self._choosing = True
        if rows is not None:
            self.table.value = rows
        shown = self.table.value["run_id"]
        self.table.selection = [i for i, run_id in enumerate(shown) if run_id in self.chosen]
        self._choosing = False

    def _selected(self, event: Any) -> None:
        """Update the selection from the ticks; runs that a search hides stay selected."""
        if self._choosing:
            return
        self.context.forget()
        shown = list(self.table.value["run_id"])
        ticked = [shown[i] for i in event.new if i < len(shown)]
        kept = [run_id for run_id in self.chosen if run_id not in shown or run_id in ticked]
        self._choose([*kept, *(run_id for run_id in ticked if run_id not in kept)])

    def _choose(self, run_ids: list[str]) -> None:
        self.chosen = run_ids
        self._tick_chosen()
        self.run_actions.choose(run_ids)
        self.compare.disabled = not 2 <= len(run_ids) <= MOST
        listed = ", ".join(run_ids[:MOST]) + (f" and {len(run_ids) - MOST} more" if len(run_ids) > MOST else "")
        hint = f"Tick two or three runs to compare them. {self.run_actions.note()}"
        self.choice.object = f"<p>Selected: {escape(listed) or 'none'}. {hint}</p>"

    def _sorted(self, event: Any) -> None:
        order = event.new[0] if event.new else None
        name = order and f"{'-' if order['dir'] == 'desc' else ''}{order['field']}"
        self.context.remember(sort=name)

    def _compare_clicked(self, _: object) -> None:
        self.context.forget()
        self.context.remember(compare=",".join(self.chosen))
        self._start_comparison(list(self.chosen))
        self.scroll.value = str(self.compare.clicks)

    def _start_comparison(self, run_ids: list[str]) -> None:
        """Open runs in a thread, and show them side by side."""
        # As high as a screen from the start, so that the page can scroll to its head before it is filled.
        self.comparison.styles = {"min-height": "95vh"} if run_ids else {}
        if not run_ids:
            self.comparison.objects = []
            return
        self.comparison.objects = [html_pane(f'<p role="status">Opening {count_runs(len(run_ids))} …</p>')]
        self.opened.request(run_ids)

    def _open_comparison(self, run_ids: list[str]) -> list[pn.viewable.Viewable]:
        # Imported late: HoloViews takes seconds to import, and only a comparison needs it.
        import_drawing("dashboards.views.catalog.comparison_view", self.document)
        from dashboards.views.catalog.comparison_view import Comparison, opened_runs

        trees, manifests = opened_runs(self.context, run_ids)
        return [Comparison(self.context, trees, manifests).view()] if trees else []

    def _show_comparison(self, views: list[pn.viewable.Viewable]) -> None:
        self.comparison.objects = views
        self.scroll.value = f"{self.scroll.value}."
        # If no run can be opened, the address says so, too.
        self.context.remember(**({} if views else {"compare": None}))

    def _show_opening_error(self, error: Exception) -> None:
        self.comparison.objects = []
        self.context.say_error(error)

    def view(self) -> pn.viewable.Viewable:
        """Lay out the page."""
        run_actions = self.run_actions
        self.actions.objects = [
            self.choice,
            pn.FlexBox(
                self.compare,
                run_actions.verify_chosen,
                run_actions.verify_all,
                run_actions.format,
                run_actions.export,
                align_items="end",
                gap="0 2px",
            ),
            run_actions.result,
        ]
        self._choose([])
        return pn.Column(
            pn.FlexBox(self.search, self.where, self.group, self.refresh, align_items="end", gap="0 2px"),
            self.count, collapsible_card("Columns", self.columns, closed=True), self.place, self.actions,
            self.damaged, self.comparison, self.scroll, sizing_mode="stretch_width", margin=TO_THE_EDGE,
        )  # fmt: skip


def asked_runs(context: PageContext) -> list[str]:
    """Read which runs an address compares; those that can't be shown are left out, with a message."""
    found: list[str] = []
    for name in filter(None, (part.strip() for part in context.text("compare").split(","))):
        try:
            run_id = context.catalog.resolve(name)
        except CatalogError as error:
            context.say(str(error))
            continue
        if run_id not in found:
            found.append(run_id)
    if len(found) > MOST:
        context.say(f"{len(found)} runs are too many to compare: shown are the first {MOST}.")
    return found[:MOST]


def damaged_html(damaged: dict[str, str]) -> str:
    """List the damaged runs with their damage; empty if there are none."""
    if not damaged:
        return ""
    items = "".join(f"<li><b>{escape(name)}</b>: {escape(what)}</li>" for name, what in sorted(damaged.items()))
    return f"<h2>Damaged: {count_runs(len(damaged))}</h2><ul>{items}</ul>"
