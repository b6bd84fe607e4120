"""One registry of results: what stands in it appears wherever results are shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from writers import schema

from catalog import open_catalog
from dashboards.catalog_rows import columns, tabulate_differences
from pipeline import load_config, run
from pipeline.cli.runs_table import print_runs
from pipeline.sweep import run_sweep
from pipeline.sweep.spec import load_sweep
from pipeline.workflow.results import RESULTS, Result, every_result
from pipeline.workflow.summary import RunReader, summarise


@pytest.fixture
def largest_label(monkeypatch):
    """A result that nobody has: the whole of what has to be written for it."""
    added = Result(
        "largest_label",
        lambda run: float(run.groups["data"]["y"].max()),
        "largest label",
        "Over all points.",
        heading="largest y",
        listed=True,
        on_page=True,
        compared=True,
    )
    monkeypatch.setitem(RESULTS, added.name, added)
    return added


def test_a_result_is_added_in_one_place(largest_label, tmp_path):
    """In the summary, the list, the page, the comparison, the cube and the manual."""
    catalog = open_catalog(tmp_path / "catalog")
    for width in (4, 5):
        run(load_config("orthogonal", {"init.width": width, "flow.samples": 5}), catalog)
    manifests = [catalog.manifest(run_id) for run_id in catalog.run_ids()]
    expected = manifests[0].configuration["data"]["y"]
    assert [manifest.summary["largest_label"] for manifest in manifests] == [max(expected)] * 2
    text = io.StringIO()
    print_runs(Console(file=text, width=300), catalog.frame(), "here")
    assert "largest y" in text.getvalue().splitlines()[0]
    assert "largest y" in [column.heading for column in columns()]
    assert ("result", "largest y") in tabulate_differences(manifests).index
    assert "| `largest_label` | largest label. Over all points. |" in schema.write().replace("\\_", "_")
    (tmp_path / "two.toml").write_text(
        'base = "orthogonal"\n[grid]\n"init.width" = [4, 5]\n"flow.samples" = [5]\n', encoding="utf-8"
    )
    cube = run_sweep(load_sweep(tmp_path / "two.toml"))
    assert (cube["largest_label"] == max(expected)).all()
    assert cube["largest_label"].attrs == {
        "long_name": "largest label", "units": "1", "comment": "Over all points.",
    }  # fmt: skip


def test_all_that_is_said_of_a_run_is_in_the_registry():
    tree = run(load_config("non-orthogonal", {"flow.samples": 20}))
    summary = summarise(tree)
    assert list(summary) == [name for name in every_result() if name in summary]
    assert len(summary) > 60
    assert RunReader({}).verdicts == {}


def test_dead_neurons_are_those_that_no_point_reaches():
    tree = run(load_config("orthogonal", {"flow.samples": 20}))
    last = tree["trajectory"].isel(time=-1)
    reached = (last["direction"].values @ tree["data"]["x"].values.T > 1e-9).any(axis=1)
    assert summarise(tree)["dead_neurons"] == (~reached).sum() > 5


def test_a_result_that_a_table_shows_has_a_heading():
    with pytest.raises(ValueError, match="needs a heading"):
        Result("a", lambda run: 1, listed=True)
