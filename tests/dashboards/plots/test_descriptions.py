"""What the pictures say, in words."""

import numpy as np
import pytest

from dashboards.plots.descriptions import facts, how_it_ended, samples, sentence, times, written
from dashboards.time_units import time_unit


def test_the_facts_at_the_end_are_the_run_s(drawing_of):
    drawing = drawing_of()
    said = dict(facts(drawing, time_unit("t", 0.0), len(drawing.time) - 1))
    assert said["phase"] == "convergence"
    assert said["the run ends"] == "t = 50.9, converged"
    assert how_it_ended(drawing).startswith(
        "The run ends at t = 50.9. The residual fell below 10⁻¹² of the labels"
    )
    assert said["½ |θ|²"] == said["least ½ |θ|²"] == "1.341641"
    assert said["λ"] == "1.3 × 10⁻⁷"
    assert said["data"] == "n = 2, d = 2"


def test_the_sentence_counts_the_neurons(drawing_of):
    drawing = drawing_of(quick=True, init__width=5000)
    said = sentence(drawing, facts(drawing, time_unit("t", 0.0), 0))
    assert said.startswith("At t = 0 the flow is in the phase 'alignment' and the loss is 0.5.")
    assert "5,000 neurons (the 1,500 largest are drawn)" in said


def test_times_stand_beside_the_paper_s(drawing_of):
    phases = drawing_of().run.groups["phases"]
    said = times(drawing_of()).rows
    assert [row[0] for row in said] == ["t₁", "t₂", "t₃"]
    assert float(said[1][1]) == float(f"{float(phases['t2']):.3g}")
    assert times(drawing_of("non-orthogonal")).rows[0][1] == "none"


def test_the_table_is_the_curves(drawing_of):
    drawing = drawing_of()
    rows = samples(drawing, time_unit("t", 0.0)).rows
    assert float(rows[0][2]) == 0.5
    assert float(rows[-1][2]) < 1e-12
    assert np.all(np.diff([float(row[0]) for row in rows]) > 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (-0.5, "−0.5"),
        (-7.0731e-15, "−7.073 × 10⁻¹⁵"),
        (2e10, "2 × 10¹⁰"),
        (np.nan, "–"),
        (0.0, "0"),
    ],
)
def test_a_number_in_a_sentence_is_printed_as_in_a_book(value, text):
    assert written(value).replace("\N{NO-BREAK SPACE}", " ") == text
