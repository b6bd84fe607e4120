"""The paper's statements, checked: which of them hold on a run, by what margin, and why the others don't apply.

In come the labelled data, trajectory, phases and comparison with the minimum; out goes one row for each
statement, in the paper's order: what was measured, what is claimed, the margin, the verdict, the reason. One
small function a row, in files by the paper's sections. Every comparison with a power of lambda is one of
logarithms. Knows nothing of how the trajectory was computed; says beforehand when it wants to look.
"""

from pipeline.statements.between_samples import DenseOutput
from pipeline.statements.check import add_rows, check_statements, statement_rows
from pipeline.statements.label_signs import idle_share
from pipeline.statements.rows import Row, in_digits, printed_sides
from pipeline.statements.small_starts import LIMIT_ENDS, check_small_start
from pipeline.statements.times import statement_times

__all__ = [
    "LIMIT_ENDS",
    "DenseOutput",
    "Row",
    "add_rows",
    "check_small_start",
    "check_statements",
    "idle_share",
    "in_digits",
    "printed_sides",
    "statement_rows",
    "statement_times",
]
