"""Section 2.2: what every gradient flow conserves."""

from __future__ import annotations

import numpy as np

from pipeline.statements.assumptions import one_speed
from pipeline.statements.reading import Reading
from pipeline.statements.rows import Row, Statement, at_most

CONSERVED = 1e-9
"""The relative drift that rounding over some thousand steps may cause."""
RESOLVED = 1e-12
"""The one up to which it is not told from none."""


def lemma_1(run: Reading) -> Row:
    """Measure how far a_j^2 - |w_j|^2 drifts from its start, over a_j^2 + |w_j|^2: of any data and slope."""
    worst = int(np.argmax(run.courses.drift))
    at, drift = float(run.time[worst]), float(run.courses.drift[worst])
    if drift <= RESOLVED:  # wherever rounding happens to be largest
        return at_most(RESOLVED, CONSERVED, f"below {RESOLVED:.0e}, which is rounding, throughout")
    return at_most(drift, CONSERVED, f"largest at t = {at:.4g}", at)


PRELIMINARIES = (
    Statement(
        "lemma_1", "a_j^2 - |w_j|^2 is constant: its drift over a_j^2 + |w_j|^2 is rounding", (one_speed,), lemma_1
    ),
)  # fmt: skip
