"""The search: problems of every kind on which a solver goes wrong, each held to the twin and to itself.

The classes are :mod:`flow_problems`'s, the checks :mod:`flow_search`'s. The quick suite runs one seed
of each class, the slow one twelve.
"""

import numpy as np
import pytest
from flow_problems import CLASSES, drawn
from flow_search import faults, of_the_flow, of_the_weights, solve, twin_of

SEEDS = 12
QUICK = dict.fromkeys(CLASSES, (0,)) | {
    "grid of 3 x 3, small start": (1, 8),
    "grid of 3 x 3, large start": (3, 5),
    "grid of 4 x 4": (2, 5),
    "grid of 5 x 5": (0, 9, 21),
    "identical neurons": (0, 10),
    "antipodal points": (1, 5),
    "coincident points": (0, 9),
    "points on a line": (1, 5),
    "points on a line through 0": (1, 8),
    "points of low rank": (6, 8),
    "start on a boundary": (5, 7),
    "start on a corner": (1, 5),
    "start on a shared boundary": (4, 9),
    "unbalanced, a larger": (1, 7),
    "unbalanced, both": (1, 2),
    "negative slope": (1, 8),
    "inputs of norm 1e3": (1, 2),
    "mixed norms": (1, 2),
    "orthogonal points": (0, 1),
    "start far above the labels": (1, 9),
    "tiny start": (1, 2),
}
"""Of each class the seeds on which the solver was once wrong, else the first."""


def has_no_fault(name, seed):
    problem = drawn(name, seed)
    said = faults(problem, twin_of(problem))
    assert not said, "; ".join(f"{one.check}: {one.text}" for one in said)


def quick_and_slow():
    """Of each class the first of its seeds quickly."""
    for name, (first, *others) in QUICK.items():
        yield pytest.param(name, first)
        yield from (pytest.param(name, seed, marks=pytest.mark.slow) for seed in others)


@pytest.mark.parametrize(("name", "seed"), list(quick_and_slow()))
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
