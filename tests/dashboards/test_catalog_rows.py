import numpy as np
import pandas as pd
import pytest

from catalog import CatalogError, select
from dashboards.catalog_rows import (
    add_headings,
    columns,
    format_distinct,
    format_value,
    join_texts,
    normalize_condition,
    phase_bars,
    search_texts,
    select_columns,
    tabulate_differences,
)


def test_the_newest_run_comes_first_with_its_numbers(small_catalog):
    frame = small_catalog.frame()
    rows = select_columns(frame)
    assert list(rows["run_id"]) == list(frame.index)[::-1]
    row = rows[rows["run_id"] == frame.index[0]].iloc[0]
    assert row["final loss"] == frame["final_loss"].iloc[0]
    verdicts = [name for name in frame if name.startswith("statements.")]
    assert row["hold"] == list(frame[verdicts].iloc[0]).count("holds")
    assert row["fail"] == list(frame[verdicts].iloc[0]).count("fails")


def test_an_empty_catalog_has_an_empty_table(tmp_path):
    from catalog import open_catalog

    frame = open_catalog(tmp_path).frame()
    assert select_columns(frame).empty
    assert search_texts(join_texts(frame), "x") == set()


def test_words_are_found_in_any_order_and_are_no_patterns(small_catalog):
    text = join_texts(small_catalog.frame())
    assert search_texts(text, "") == set(text.index)
    assert search_texts(text, "CONVERGED orthonormal") == {name for name in text.index if "orthonormal" in name}
    assert search_texts(text, ".*") == search_texts(text, "[a-z]") == set()


def test_ten_thousand_runs_are_searched_at_once():
    from time import process_time

    index = [f"orthogonal-{number:012x}" for number in range(10_000)]
    frame = pd.DataFrame(
        {"created": pd.Timestamp("2026-01-01"), "title": "a run", "status": "converged", "init.width": 60,
         "final_loss": np.linspace(0, 1, 10_000), "statements.lemma_1": "holds"}, index=index,
    )  # fmt: skip
    begun = process_time()
    select_columns(frame), search_texts(join_texts(frame), "converged 27f")
    assert process_time() - begun < 5  # 0.2 s on an idle core; of its own time, whatever else is at work


def test_differences_are_what_differs(small_catalog):
    first, second = (name for name in small_catalog if name.startswith("orthogonal"))
    table = tabulate_differences([small_catalog.manifest(first), small_catalog.manifest(second)])
    assert list(table.loc["configuration"].index) == ["init.log10_scale"]
    assert set(table.loc[("configuration", "init.log10_scale")]) == {"-6", "-9"}
    assert table.loc[("result", "status")].tolist() == ["converged", "converged"]
    for name in table.loc["statement"].index if "statement" in table.index.get_level_values(0) else []:
        assert table.loc[("statement", name)].nunique() > 1


def test_values_are_short_texts():
    assert format_value(None) == format_value(float("nan")) == "–"
    assert format_value(1 / 3) == "0.333333"
    assert len(format_value("x" * 1000)) == 80


def test_a_condition_may_name_every_head_of_the_table(small_catalog):
    frame = small_catalog.frame()
    table = add_headings(frame, select_columns(frame))
    for column in columns():
        text = "'x'" if not column.digits else "1"
        assert select(table, normalize_condition(f"{column.heading} != {text}")) is not None
    found = select(table, normalize_condition("log₁₀ scale == -9 and hold + fail > 3"))
    assert list(found["init.log10_scale"]) == [-9.0]
    assert list(found.index) == list(select(frame, "init.log10_scale == -9").index)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("exces > 1", "close to it: excess"),
        ("Final los < 1", "did you mean the column 'final loss'"),
        ("hold", "is no condition"),
        ("run", "is no condition"),
    ],
)
def test_what_is_nearly_a_head_is_named(small_catalog, condition, words):
    frame = small_catalog.frame()
    with pytest.raises(CatalogError, match=words):
        select(add_headings(frame, select_columns(frame)), normalize_condition(condition))


def test_a_number_that_a_run_lacks_leaves_the_others_numbers(small_catalog):
    frame = small_catalog.frame()
    frame["final_excess"] = [None, 0.00339, 7.45e-4]
    rows = select_columns(frame)
    assert rows["excess"].dtype == float
    assert rows.sort_values("excess")["excess"].tolist()[:2] == [7.45e-4, 0.00339]


def test_numbers_that_differ_late_are_told_apart():
    assert format_distinct([-6.0, -6.00000001, None]) == ["-6.0", "-6.00000001", "–"]
    assert format_distinct([0.25, 0.25]) == ["0.25", "0.25"]


def test_a_bar_has_the_shares_of_the_phases():
    frame = pd.DataFrame(
        {"t1": [1.0, np.nan, 1.0], "t2": [2.0, 3.0, np.nan], "t3": [4.0, 2.0, np.nan],
         "end_time": [10.0, 10.0, np.nan], "fitted_first": ["positive", "negative", "positive"]},
        index=["a", "b", "c"],
    )  # fmt: skip
    bars = phase_bars(frame)
    assert "alignment 10%, first fit 10%, second fit 20%, convergence 60%" in bars["a"]
    assert 'class="p3" style="flex:0.3000"' in bars["b"]  # the negative labels were fitted first, then nothing
    assert bars["c"] == ""
    assert phase_bars(frame[["t1"]]).tolist() == ["", "", ""]
