"""From an address to what is looked at and back."""

import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.run_selection import KEYS, open_tree, read_selection
from dashboards.shared_results import SharedResults
from pipeline import load_config, run


def context(catalog, **query):
    said = []
    made = PageContext(
        open_catalog(catalog), {key.replace("__", "."): value for key, value in query.items()}, say=said.append
    )
    made.said = said
    return made


def test_whoever_asks_for_nothing_sees_the_papers_experiment(tmp_path):
    selection = read_selection(context(tmp_path))
    assert selection.config == load_config("orthogonal")


@pytest.mark.parametrize(
    "preset", ["orthogonal", "non-orthogonal", "orthonormal", "leaky", "unbalanced", "high-dimensional"]
)
def test_an_address_says_it_all(tmp_path, preset):
    selection = read_selection(context(tmp_path, preset=preset, init__log10_scale="-50", init__seed="3"))
    said = selection.query()
    there = context(tmp_path, **{key.replace(".", "__"): value for key, value in said.items()})
    again = read_selection(there)
    assert there.said == []
    assert again.query() == said
    assert again.config.init == selection.config.init
    assert again.config.flow == selection.config.flow


def test_a_key_that_no_address_has_is_said_in_one_line(tmp_path):
    here = context(tmp_path, init__widht="5", utm_source="mail")
    assert read_selection(here).config == load_config("orthogonal")
    assert [line.partition(";")[0] for line in here.said] == ["'init.widht': not known as a key of an address"]


def test_a_published_run_is_opened_and_not_computed(tmp_path, monkeypatch):
    run(load_config("orthogonal", {"init.width": 5}), open_catalog(tmp_path))
    here = context(tmp_path, run="orthogonal")
    selection = read_selection(here)
    monkeypatch.setattr("dashboards.run_selection.run", None)
    assert open_tree(selection, here)["trajectory"].sizes["neuron"] == 5
    assert selection.query() == {"run": selection.run_id}


@pytest.mark.parametrize(("limit", "computations"), [(10**8, 1), (10, 2)])
def test_visitors_share_a_computed_run_unless_it_is_large(tmp_path, monkeypatch, limit, computations):
    monkeypatch.setattr("dashboards.run_selection.SHARED_BYTES", limit)
    shared, made = SharedResults(), []

    def visitor(number):
        here = context(tmp_path / "none", preset="orthogonal", init__width="4")
        here.share, here.scratch = shared.get, lambda: str(tmp_path / str(number))
        here.compute = lambda function, *args: made.append(number) or function(*args)
        return open_tree(read_selection(here), here)

    first, second = visitor(1), visitor(2)
    assert len(made) == computations
    assert first["trajectory"].sizes == second["trajectory"].sizes


def test_a_damaged_run_is_one_sentence(tmp_path):
    catalog = open_catalog(tmp_path)
    run(load_config("orthogonal", {"init.width": 5}), catalog)
    manifest = catalog.path(catalog.run_ids()[0]) / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    here = context(tmp_path, run="orthogonal")
    assert read_selection(here).run_id is None
    assert len(here.said) == 1


@settings(max_examples=amount(24, 60))
@given(
    st.dictionaries(
        st.sampled_from([*KEYS, "preset", "run", "t"]),
        st.text(max_size=30)
        | st.sampled_from(
            ["-1000", "1e999", "[[1,2],[3]]", "{}", "null", "true", "[]", "../../etc", "0", "-0.0", "[[[[1]]]]"]
        ),
        max_size=5,
    )
)
def test_no_address_breaks_it(tmp_path_factory, query):
    here = context(tmp_path_factory.getbasetemp() / "none", **query)
    selection = read_selection(here)
    assert selection.query()["preset"] == selection.config.name
    assert all(isinstance(line, str) for line in here.said)
