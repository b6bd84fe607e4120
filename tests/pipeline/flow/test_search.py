"""The search: problems of every kind on which a solver goes wrong, each held to the twin and to itself.

The classes are :mod:`flow_problems`'s, the checks :mod:`flow_search`'s. The quick suite runs two seeds of each
class, the slow one twelve.
"""

import numpy as np
import pytest
from flow_problems import CLASSES, drawn
from flow_search import faults, of_the_flow, of_the_weights, solve, twin_of

SEEDS = 12
QUICK = dict.fromkeys(CLASSES, (0, 1))
"""Two seeds of each class, chosen for what they meet and for what they cost."""


def has_no_fault(name, seed):
    problem = drawn(name, seed)
    said = faults(problem, twin_of(problem))
    assert not said, "; ".join(f"{one.check}: {one.text}" for one in said)


@pytest.mark.parametrize(("name", "seed"), [(name, seed) for name, seeds in QUICK.items() for seed in seeds])
def test_a_solved_problem_has_no_fault(name, seed):
    has_no_fault(name, seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", CLASSES)
def test_four_hundred_solved_problems_have_no_fault(name, seed):
    has_no_fault(name, seed)


def test_the_problems_are_the_same_on_every_machine():
    problem = drawn("points on a line", 3)
    assert problem.y == pytest.approx([0.5657736, 0.46857094, 0.65659084], abs=1e-7)


def test_a_wrong_answer_is_found():
    """A residual of 20 tolerances more, inside steps and at their ends; weights that are not the residual's."""
    problem = drawn("points on a line", 3)
    twin, found = twin_of(problem), solve(problem, problem.end_time)
    off = found._replace(r=found.r + 2e-5 * np.sqrt(np.mean(problem.y**2)))
    assert {one.check for one in of_the_flow(problem, twin, off)} == {"ends", "inside"}
    assert {one.check for one in of_the_weights(problem, off)} == {"stored residual"}
    assert "balancedness" in {one.check for one in of_the_weights(problem, found._replace(a=1.001 * found.a))}
