"""Costs of a step and of a crossing: what is measured crosses, or does not. Of times nothing is said."""

from benchmarks.growth import MOVING, STILL, one_step
from benchmarks.research_problems import Row, drawn


def test_one_step_crosses_nothing_and_the_other_much():
    problem = drawn(Row(40, 5, 20, 0.1, 1.0, 0.0), 3)
    assert one_step(problem, STILL)[1] == 0
    assert one_step(problem, MOVING)[1] > 5
