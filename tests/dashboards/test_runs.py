import numpy as np
import pandas as pd

from dashboards.runs import differences, searchable, searched, shown, value_text


def test_the_newest_run_comes_first_with_its_numbers(small_catalog):
    frame = small_catalog.frame()
    rows = shown(frame)
    assert list(rows["run_id"]) == list(frame.index)[::-1]
    row = rows[rows["run_id"] == frame.index[0]].iloc[0]
    assert row["final loss"] == frame["final_loss"].iloc[0]
    verdicts = [name for name in frame if name.startswith("statements.")]
    assert row["hold"] == list(frame[verdicts].iloc[0]).count("holds")
    assert row["fail"] == list(frame[verdicts].iloc[0]).count("fails")


def test_an_empty_catalog_has_an_empty_table(tmp_path):
    from catalog import open_catalog

    frame = open_catalog(tmp_path).frame()
    assert shown(frame).empty
    assert searched(searchable(frame), "x") == set()


def test_words_are_found_in_any_order_and_are_no_patterns(small_catalog):
    text = searchable(small_catalog.frame())
    assert searched(text, "") == set(text.index)
    assert searched(text, "CONVERGED orthonormal") == {name for name in text.index if "orthonormal" in name}
    assert searched(text, ".*") == searched(text, "[a-z]") == set()


def test_ten_thousand_runs_are_searched_at_once():
    from time import perf_counter

    index = [f"orthogonal-{number:012x}" for number in range(10_000)]
    frame = pd.DataFrame(
        {"created": pd.Timestamp("2026-01-01"), "title": "a run", "status": "converged", "init.width": 60,
         "final_loss": np.linspace(0, 1, 10_000), "statements.lemma_1": "holds"}, index=index,
    )  # fmt: skip
    begun = perf_counter()
    shown(frame), searched(searchable(frame), "converged 27f")
    assert perf_counter() - begun < 5  # 0.2 s on an idle core


def test_differences_are_what_differs(small_catalog):
    first, second = (name for name in small_catalog if name.startswith("orthogonal"))
    table = differences([small_catalog.manifest(first), small_catalog.manifest(second)])
    assert list(table.loc["configuration"].index) == ["init.log10_scale"]
    assert set(table.loc[("configuration", "init.log10_scale")]) == {"-6", "-9"}
    assert table.loc[("result", "status")].tolist() == ["converged", "converged"]
    for name in table.loc["statement"].index if "statement" in table.index.get_level_values(0) else []:
        assert table.loc[("statement", name)].nunique() > 1


def test_values_are_short_texts():
    assert value_text(None) == value_text(float("nan")) == "–"
    assert value_text(1 / 3) == "0.333333"
    assert len(value_text("x" * 1000)) == 80
