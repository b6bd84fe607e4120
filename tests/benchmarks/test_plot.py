"""The picture of work and precision: a panel a problem, and every solver in the legend."""

from benchmarks.measurement import Measurement
from benchmarks.plot import Style, draw
from benchmarks.research_plot import LOOKS
from benchmarks.research_problems import PATTERNS, Row
from benchmarks.work_precision import Findings


def test_every_problem_has_a_panel_and_every_solver_a_line():
    problems = [PATTERNS.problem(Row(n, 2, 3, 0.1, 1.0, 1e-8)) for n in (4, 5, 6)]
    points = [
        Measurement(problem.key, name, 1e-2, seconds, error)
        for problem in problems
        for name in LOOKS
        for seconds, error in ((1e-3, 1e-2), (1e-1, 1e-5))
    ]
    figure = draw(Findings(problems, points), Style(LOOKS, "error", "processor time", "title"))
    *panels, last = figure.axes
    assert [panel.get_title(loc="left") for panel in panels] == [problem.title for problem in problems]
    assert [len(panel.lines) for panel in panels] == [len(LOOKS)] * 3
    assert [text.get_text() for text in last.get_legend().texts] == [look[3] for look in LOOKS.values()]
    assert [panel.get_xlabel() for panel in panels] == ["", "error", "error"]
    assert panels[0].get_ylabel() == panels[2].get_ylabel() == "processor time"


def test_any_two_solvers_are_told_apart_by_two_of_colour_marker_and_dash():
    looks = list(LOOKS.values())
    for i, one in enumerate(looks):
        for other in looks[:i]:
            assert sum(a != b for a, b in zip(one[:3], other[:3], strict=True)) >= 2
