"""The strip above the statements: a mark for each, a sentence for each reason."""

import pytest

from dashboards.plots.statements_table import create_statements_table
from dashboards.views.theory.summary import summary_html
from pipeline import load_config, run


@pytest.fixture(scope="module")
def statements():
    return run(load_config("non-orthogonal", {"init.width": 12, "flow.samples": 40}))["statements"].to_dataset()


def test_one_reason_is_one_sentence(statements):
    text = summary_html(statements)
    assert text.count("<li") == statements.sizes["statement"]
    assert text.count("assumption 1 fails") == 1
    assert 'class="holds" title="holds">✓ Lemma 1</li>' in text


def test_what_applies_comes_first(statements):
    rows = create_statements_table(statements, "all").rows
    verdicts = [row[2].css_class for row in rows]
    assert verdicts == sorted(verdicts, key=lambda word: word == "not_applicable")
