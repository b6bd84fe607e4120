from catalog import open_catalog
from dashboards.catalog_rows import tabulate_differences
from dashboards.html_table import records_html
from dashboards.page_context import PageContext
from dashboards.views.catalog.comparison_view import Comparison, difference_table, opened_runs
from pipeline import load_config, run


def test_a_damaged_run_is_said_and_the_others_are_shown(damaged_catalog):
    said = []
    context = PageContext(damaged_catalog, say=said.append)
    trees, manifests = opened_runs(context, damaged_catalog.run_ids())
    assert [name.split("-")[0] for name in trees] == ["orthonormal"]
    assert len(manifests) == 1
    assert len(said) == 2
    assert all("damaged" in line or "verify" in line for line in said)


def test_the_axes_are_in_the_address(small_catalog):
    context = PageContext(small_catalog, {"time": "scaled", "loss": "wild"}, say=(said := []).append)
    made = Comparison(context, *opened_runs(context, list(small_catalog)))
    assert made.time.value == "scaled"
    assert "wild" in said[0]
    before = made.loss.object
    made.axis.value = "log"
    assert context.query["loss"] == "log"
    assert made.loss.object is not before


def test_where_no_run_has_the_unit_of_time_the_axes_are_not_empty():
    tree = run(load_config("orthogonal", {"init.log10_scale": 1.5, "init.width": 4, "flow.samples": 20}))
    context = PageContext(open_catalog("memory://none"), {"time": "scaled"}, say=(said := []).append)
    made = Comparison(context, {"large": tree}, [])
    assert made.loss.object.xaxis[0].axis_label == "time t of the flow"
    assert "all are drawn over t" in said[-1]


def test_the_table_is_text(small_catalog):
    manifests = [small_catalog.manifest(name) for name in small_catalog]
    manifests[0].configuration["title"] = "<script>"
    html = records_html(difference_table(tabulate_differences(manifests)))
    assert "<script>" not in html
    assert html.count('scope="col"') == 1 + 3
    assert html.count('scope="colgroup"') == html.count("Configuration, where it differs") + 2


def test_one_selection_of_neurons_in_all_runs(small_catalog):
    runs = list(small_catalog)[:2]
    context = PageContext(small_catalog, {"neurons": "log10_norm > -1"}, say=(said := []).append)
    made = Comparison(context, *opened_runs(context, runs))
    table = made.neurons.table.object
    assert all(f"{run_id}: " in table for run_id in runs)
    made.neurons.choice.field.value = "3, 5"
    assert context.query["select"] == "[3,5]"
    marked = made.neurons.pictures[0].marked.data
    assert marked["neuron"] == [3, 5, 3, 5]
    assert marked["label"] == [runs[0]] * 2 + [runs[1]] * 2
    assert "neurons" not in context.query
    links = made.neurons.links.object
    assert all(f"flow?run={run_id}&amp;select=%5B3%2C5%5D" in links for run_id in runs)
    assert "where" not in context.query  # that is the condition on runs
    assert said == []
    assert all("method exact" in line for line in made._legend())
