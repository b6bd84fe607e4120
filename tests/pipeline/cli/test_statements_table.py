"""The table of statements: what applies is a row, what does not is a name beside its reason."""

import io

from rich.console import Console

from pipeline import run, statement_rows
from pipeline.cli.statements_table import print_statements


def test_what_does_not_apply_is_one_line_for_each_reason():
    tree = run({"data.x": [[1.0, 0.0], [0.6, 0.8]], "data.y": [1.0, -1.0], "init.width": 4, "flow.samples": 5})
    statements, text = tree["statements"].to_dataset(), io.StringIO()
    print_statements(Console(file=text, width=400), "mine", statements)
    lines = [line for line in text.getvalue().splitlines() if line.startswith("Do not apply, because ")]
    apart = [row.reason for _, row in statement_rows(statements).values() if row.verdict == "not_applicable"]
    assert len(lines) == len(set(apart)) < len(apart)
    assert "assumption 1 fails: the inputs are not orthogonal (largest cosine 0.6): lemma_2_i," in lines[0]
    assert " lemma_1 " in text.getvalue()
