"""Networks of research size: who is measured, what is kept, what is drawn. Of times nothing is said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import research_plot, research_size, research_summary
from benchmarks.descents import DESCENTS
from benchmarks.research_problems import FAMILIES, PATTERNS, POINTS, Row, row_of
from benchmarks.solvers import OURS, Solver
from benchmarks.timing import Failed
from benchmarks.work_precision import Findings

SETTINGS = (1e-2, 1e-4, 1e-10)
ROW = Row(8, 3, 5, 0.3, 1.0, 1e-7, (1e-2,))


def stand_in(solver: Solver) -> Solver:
    """A rival that misses by its tolerance, and fails at the finest: diffrax takes seconds to compile."""

    def bind(problem, limit):
        exact = research_size.read_ours(problem, research_size.bind_ours(problem, limit)(1e-8))

        def run(rtol):
            if rtol < 1e-9:
                raise Failed("too fine")
            return exact + rtol

        return run

    return replace(solver, settings=SETTINGS, quick=SETTINGS, bind=bind, enough=0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the results are kept."""
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def found(folder) -> Findings:
    """One tiny problem, measured in haste."""
    request, problem = research_size.Request(quick=True, folder=folder), PATTERNS.problem(ROW)
    result = Findings([problem])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(research_size, "RIVALS", tuple(map(stand_in, research_size.RIVALS)))
        patch.setattr(research_size, "DESCENTS", (DESCENTS[0], stand_in(DESCENTS[1])))
        for point in research_size.measure(problem, ROW, result, request):
            result.points.append(point)
            request.keep("time", point)
    return result


def test_every_rival_is_in_the_table_and_in_the_picture(found, folder):
    names = found.solvers(ROW.key)
    methods = ("Tsit5", "Dopri5", "Dopri8", "Heun")
    diffrax = [f"diffrax {method}{loose}" for method in methods for loose in ("", ", atol × 100")]
    assert names == [OURS.name, *diffrax, "descent, compiled", "descent, torch SGD", "grouped path"]
    table = research_size.table(found, found.problems[0]).renderables[0]
    assert list(table.columns[0].cells) == names
    drawn = research_plot.with_best_settings(found)
    assert set(drawn.solvers(ROW.key)) == set(research_plot.LOOKS)
    path = research_plot.write(PATTERNS, found, folder)
    assert path.name == "research-size-patterns.png"
    assert path.stat().st_size > 10_000


def test_errors_are_over_the_labels_and_a_failure_is_said(found):
    problem = found.problems[0]
    unit = max(np.mean(problem.y**2), np.mean(problem.residual(problem.start[None])[0] ** 2)) ** 0.5
    first, second, third = found.of(ROW.key, "diffrax Heun")
    assert first.error == pytest.approx(1e-2 / unit, rel=1e-3)
    assert second.error == pytest.approx(1e-4 / unit, rel=1e-2)
    assert third.note == "failed: too fine"
    ours = [point for point in found.of(ROW.key, OURS.name) if point.measured]
    assert all(point.error < point.setting for point in ours)
    assert len(ours) == 4


def test_each_result_is_kept_as_it_comes(found, folder):
    lines = (folder / "research-size.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["solver"] for line in lines] == [point.solver for point in found.points]


def test_rows_are_chosen_by_name_or_by_haste():
    assert [row.key for row in PATTERNS.chosen(("200x50x500", "800x2x5"), False)] == ["200x50x500"]
    assert [row.key for row in POINTS.chosen((), True)] == ["200x2x5"]
    assert sum(len(family.chosen((), False)) for family in FAMILIES) == 14
    assert {"1000x784x1000", "100000x9x20"} <= {row.key for family in FAMILIES for row in family.rows}
    assert [family for family, _ in research_size.Request(("800x2x5",)).families] == [POINTS]


def test_residuals_are_compared_while_they_change():
    """A large start is fitted soon: at eleven instants of equal distance nothing would be left to compare."""
    family, row = row_of("100x50x200")
    problem = family.problem(row)
    followed = research_size.bind_ours(problem, np.inf)(1e-2)
    sizes = np.linalg.norm(research_size.read_ours(problem, followed), axis=1) / np.linalg.norm(problem.y)
    assert ((sizes > 1e-3) & (sizes < 30.0)).sum() >= 5
    multiples = problem.times / problem.times[1]
    assert np.allclose(multiples, np.rint(multiples), rtol=1e-12)  # for gradient descent's steps


def test_every_line_that_was_promised_is_in_the_summary(found):
    lines = research_summary.table({"patterns": found}, [], [])
    words = " ".join(lines.columns[0].cells)
    paths = "200x50x500", "75x150x200", "500x100x500"
    for each in ("from 0.01 to 1e-07", "at 0.005", "at 0.0005", *paths, "m n q", "n + q", "m n d"):
        assert each in words
