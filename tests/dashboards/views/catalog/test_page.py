import subprocess
import sys
from html import escape

import pytest

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.views.catalog.page import CatalogPage, asked_runs, damaged_html
from pipeline import load_config, run

# Panel 1.9's Tabulator uses what pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


def visited(catalog, **query):
    said, address = [], {}

    def write(found):
        address.clear()
        address.update(found)

    context = PageContext(catalog, query, say=said.append, write=write)
    return CatalogPage(context), said, address


def narrowed(page, **values):
    """Type into the fields."""
    for name, value in values.items():
        setattr(getattr(page, name), "value_input" if name == "search" else "value", value)


def begun(page):
    page.begin()
    return page


def test_the_table_lists_the_runs_with_links(small_catalog):
    page, said, _ = visited(small_catalog)
    rows = begun(page).table.value
    assert set(rows["run_id"]) == set(small_catalog)
    assert all(f"flow?run={row.run_id}" in row.run for row in rows.itertuples())
    assert said == []


def test_a_link_is_the_address_of_its_page(small_catalog):
    """Made from parts, because 10,000 addresses take long; a name may hold what an address writes otherwise."""
    page, _, _ = visited(small_catalog)
    for run_id in ("orthogonal-0123456789ab", "größe+RUN.1-0"):
        for name in ("flow", "theory"):
            assert f'href="{escape(page.context.address(name, run=run_id))}"' in page._link(run_id)


def test_the_page_loads_nothing_that_draws_or_solves():
    """Matplotlib and the solver took half of the first visit; whoever exports waits for them."""
    code = (
        "import sys, dashboards.application, dashboards.views.catalog.page\n"
        "solver = 'pipeline.workflow.computation'\n"
        "print(*{'matplotlib', 'numba', 'scipy', 'holoviews', solver} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_words_and_conditions_narrow_it(small_catalog, orthogonal_id):
    page, _, _ = visited(small_catalog, search="orthogonal two", where="log10_scale == -6")
    assert list(begun(page).table.value["run_id"]) == [orthogonal_id]
    assert "1 of 3 runs" in page.count.object


def test_a_wrong_condition_is_a_sentence_and_all_runs_stay(small_catalog):
    page, _, _ = visited(small_catalog, where="widht == 60 <b>")
    begun(page)
    assert len(page.table.value) == 3
    assert 'role="alert"' in page.count.object
    assert "<b>'" not in page.count.object
    narrowed(page, where="__import__('os').system('x')")
    assert "is not allowed" in page.count.object


def test_a_search_that_the_address_asked_for_can_be_taken_back(small_catalog):
    page, _, address = visited(small_catalog, search="orthonormal", where="width > 0")
    assert len(begun(page).table.value) == 1
    narrowed(page, search="")
    assert len(page.table.value) == 3
    assert address == {"where": "width > 0"}


def test_a_catalog_that_can_t_be_read_is_said_and_shown_once_it_can(small_catalog):
    page, said, _ = visited(small_catalog)
    begun(page)._show_reading_error(OSError("the disk <b>is gone"))
    assert "the disk &lt;b&gt;is gone" in page.count.object
    page.poll()
    assert "3 runs." in page.count.object
    assert said == []


def test_what_is_shown_already_is_not_shown_again(small_catalog):
    page, _, _ = visited(small_catalog)
    before = begun(page).table.value
    page.poll()
    assert page.table.value is before


def test_the_first_runs_of_an_empty_catalog_come_with_their_losses(tmp_path, monkeypatch):
    """The browser builds the table then: losses that are sent meanwhile are an error in its console."""
    page, _, _ = visited(open_catalog(tmp_path))
    begun(page)
    monkeypatch.setattr(page.losses, "ask", lambda: None)
    run(load_config("orthogonal", {"init.width": 4, "flow.samples": 10}), open_catalog(tmp_path))
    page.poll()
    assert "<svg" in page.table.value["loss"].iloc[0]


def test_an_empty_catalog_says_what_to_do(tmp_path):
    page, _, _ = visited(open_catalog(tmp_path / "none"))
    begun(page)
    assert "reluflow run orthogonal" in page.count.object
    assert page.place.objects == []


def test_what_a_search_hides_stays_chosen(small_catalog, orthogonal_id):
    page, _, _ = visited(small_catalog)
    begun(page)
    shown = list(page.table.value["run_id"])
    page.table.selection = [shown.index(orthogonal_id)]
    narrowed(page, search="orthonormal")
    page.table.selection = [0]
    assert page.chosen == [orthogonal_id, page.table.value["run_id"][0]]
    assert not page.compare.disabled
    narrowed(page, search="")
    assert len(page.table.selection) == 2


def test_comparing_is_in_the_address(small_catalog):
    page, _, address = visited(small_catalog)
    begun(page)
    page._choose(list(small_catalog)[:2])
    page.compare.clicks += 1
    assert address["compare"] == ",".join(list(small_catalog)[:2])
    assert len(page.comparison.objects) == 1


@pytest.mark.parametrize(
    ("asked", "count", "words"),
    [
        ("nonsense", 0, "nonsense"),
        ("../../etc/passwd", 0, "passwd"),
        (",,", 0, ""),
    ],
)
def test_runs_that_are_not_there_are_said(small_catalog, asked, count, words):
    page, said, _ = visited(small_catalog, compare=asked)
    assert len(asked_runs(page.context)) == count
    assert any(words in line for line in said) == bool(words)


def test_an_unknown_order_is_said(small_catalog):
    _, said, _ = visited(small_catalog, sort="nothing")
    assert "is not known" in said[0]


def test_damaged_runs_are_listed_as_such(damaged_catalog):
    page, _, _ = visited(damaged_catalog)
    begun(page)
    assert len(page.table.value) == 2
    assert "Damaged: 1 run" in page.damaged.object
    assert damaged_html({}) == ""
    assert "<script>" not in damaged_html({"<script>": "<script>"})


def test_a_row_has_a_title_a_bar_of_its_phases_and_links_to_all_pages(small_catalog, orthogonal_id):
    page, _, _ = visited(small_catalog)
    rows = begun(page).table.value.set_index("run_id")
    row = rows.loc[orthogonal_id]
    assert "two orthogonal points" in row["run"]
    assert all(f"{name}?run={orthogonal_id}" in row["run"] for name in ("flow", "theory", "explore"))
    assert "convergence" in row["phases"]


def test_the_columns_are_chosen_and_kept_in_the_address(small_catalog):
    page, said, address = visited(small_catalog, hide="seed,nonsense")
    begun(page)
    assert "hide = 'nonsense' is not known" in said[0]
    assert page.table.hidden_columns == ["run_id", "group", "seed"]
    page.columns.value = [name for name in page.columns.value if name != "width"]
    assert page.table.hidden_columns == ["run_id", "group", "width", "seed"]
    assert address["hide"] == "width,seed"


def test_a_row_begins_with_its_title_and_has_its_loss(small_catalog, orthogonal_id):
    page, said, _ = visited(small_catalog)
    row = begun(page).table.value.set_index("run_id").loc[orthogonal_id]
    assert row["run"].index("two orthogonal points") < row["run"].index(f"<span>{orthogonal_id}")
    assert row["loss"].startswith("<svg")
    assert 'aria-label="loss from 0.5 to ' in row["loss"]
    again, _, _ = visited(small_catalog)
    assert begun(again).table.value.set_index("run_id").loc[orthogonal_id]["loss"] == row["loss"]
    assert said == []


def test_runs_are_grouped_and_the_address_says_so(small_catalog):
    page, said, address = visited(small_catalog, group="nonsense")
    assert "is not known" in said[0]
    begun(page).group.value = "name"
    assert list(page.table.value["group"]) == ["orthogonal", "orthogonal", "orthonormal"]
    assert page.table.groupby == ["group"]
    assert address["group"] == "name"
    page.group.value = ""
    assert page.table.groupby == []
    assert "group" not in address


def test_a_comparison_opens_in_view(small_catalog):
    page, _, _ = visited(small_catalog)
    begun(page)
    before = page.scroll.value
    page._choose(list(small_catalog)[:2])
    page.compare.clicks += 1
    assert page.scroll.value != before
    assert page.comparison.styles["min-height"] == "95vh"
    assert page.comparison.name == "comparison"
