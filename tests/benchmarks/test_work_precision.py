"""How far a solver is followed: from coarse to fine, until it takes too long."""

import numpy as np
import pytest

from benchmarks.research_problems import PATTERNS, Row
from benchmarks.solvers import Solver
from benchmarks.timing import Patience, TooLong
from benchmarks.work_precision import points

PROBLEM = PATTERNS.problem(Row(4, 2, 3, 0.1, 1.0, 1e-8))


def followed(seconds, **patience):
    """The settings and seconds of a solver that takes these, by a clock that it moves."""
    now = [0.0]

    def bind(problem, limit):
        def run(setting):
            took = seconds[setting]
            if took > limit:
                raise TooLong
            now[0] += took
            return setting

        return run

    solver = Solver("a", tuple(range(len(seconds))), (), bind, lambda problem, setting: np.full(1, setting))
    how = Patience(10.0, 0.0, lambda: now[0], **patience)
    return [(p.setting, p.seconds) for p in points(PROBLEM, solver, lambda r: 1.0 / (1.0 + r[0]), how)]


@pytest.mark.parametrize(
    ("seconds", "patience", "measured"),
    [
        ([1, 2, 11, 3], {}, [0, 1]),
        ([11, 2, 3, 4], {}, []),
        ([11, 2, 3, 4], {"tries": 2}, [1, 2, 3]),
        ([11, 11, 3, 4], {"tries": 2}, []),
        ([1, 2, 6, 9], {"growth": 2.0}, [0, 1, 2]),
        ([6, 2, 3, 4], {"growth": 2.0}, [0, 1, 2, 3]),
    ],
)
def test_a_solver_is_given_up_once_it_takes_too_long(seconds, patience, measured):
    found = followed(seconds, **patience)
    assert [setting for setting, took in found if np.isfinite(took)] == measured
    assert [took for _, took in found if np.isfinite(took)] == [seconds[i] for i in measured]


def test_a_solver_that_is_not_installed_is_a_row():
    def bind(problem, limit):
        raise ImportError("no", name="nothing")

    solver = Solver("a", (1.0,), (), bind, lambda problem, raw: raw)
    (point,) = points(PROBLEM, solver, float, Patience(1.0))
    assert point.note == "nothing is not installed"
