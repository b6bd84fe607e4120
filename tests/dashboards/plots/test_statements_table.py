"""The statements table: every row, filtered, sorted, powers of lambda as powers of ten."""

import pytest

from dashboards.paper_notation import name_statement
from dashboards.plots.statements_table import (
    ORDERS,
    VERDICTS,
    count_verdicts,
    create_statements_table,
)
from pipeline import load_config, run, statement_rows


def column(table, number):
    return [row[number].text for row in table.rows]


def test_every_row_in_the_papers_order(paper):
    statements = paper["statements"].to_dataset()
    table = create_statements_table(statements)
    assert column(table, 0) == [name_statement(name) for name in statement_rows(statements)]
    assert len(table.rows) == 25
    assert set(column(table, 2)) <= set(VERDICTS.values())


def test_only_those_of_a_verdict(paper, oblique):
    for tree in (paper, oblique):
        statements = tree["statements"].to_dataset()
        counts = count_verdicts(statements)
        assert sum(counts.values()) == 25
        for verdict, count in counts.items():
            assert column(create_statements_table(statements, verdict), 2) == [VERDICTS[verdict]] * count


@pytest.mark.parametrize("order", ORDERS)
def test_sorting_loses_no_row(paper, order):
    statements = paper["statements"].to_dataset()
    assert sorted(column(create_statements_table(statements, "all", order), 0)) == sorted(
        column(create_statements_table(statements), 0)
    )


def test_orders(paper):
    statements = paper["statements"].to_dataset()
    rows = statement_rows(statements)
    first = column(create_statements_table(statements, "all", "verdict"), 2)
    assert first == sorted(first, key=[VERDICTS[word] for word in ("fails", "holds", "not_applicable")].index)
    by_margin = column(create_statements_table(statements, "all", "margin"), 0)
    assert by_margin[0] == name_statement(min(rows, key=lambda name: rows[name][1].margin))
    assert column(create_statements_table(statements, "all", "time"), 6)[-1] == "–"


def test_sides_that_are_no_float_are_powers_of_ten():
    tree = run(load_config("orthonormal", {"init.log10_scale": -1000}))
    table = create_statements_table(tree["statements"].to_dataset())
    row = table.rows[column(table, 0).index("Lemma 2 (iii)")]
    assert "e-" in row[3].text
    assert int(row[3].text.partition("e")[2]) < -700


def test_statements_that_do_not_apply_for_one_reason_are_one_row(oblique):
    statements = oblique["statements"].to_dataset()
    counts = count_verdicts(statements)
    assert counts["not_applicable"] > 3
    table = create_statements_table(statements)
    (joined,) = (row for row in table.rows if row[0].text.endswith(" statements"))
    assert len(joined[1].below.split(", ")) >= int(joined[0].text.split()[0]) >= 3
    assert len(table.rows) == 25 - int(joined[0].text.split()[0]) + 1
    assert len(create_statements_table(statements, "not_applicable").rows) == counts["not_applicable"]
