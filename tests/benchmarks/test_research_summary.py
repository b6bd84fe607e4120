"""Ratios at equal error, and who is ahead: of points that are made up."""

import pytest

from benchmarks.growth import COLLOCATION, Slope
from benchmarks.measurement import Measurement, best, seconds_at
from benchmarks.memory import STREAMED, Memory
from benchmarks.research_problems import PATTERNS, Row
from benchmarks.research_summary import against, of_grouped, of_rivals, of_size, of_slopes, ratio_of, ratios
from benchmarks.work_precision import Findings

KEY = "75x150x200"


def line(solver, *pairs):
    """A solver's points: (error, seconds) each."""
    return [Measurement(KEY, solver, 1e-3, seconds, error) for error, seconds in pairs]


@pytest.fixture
def found() -> Findings:
    """Ours takes error^-1/2 ms, Heun .1/error ms; Tsit5 is never quicker; the grouped path was given up."""
    points = line("reluflow", (1e-2, 10e-3), (1e-4, 100e-3), (1e-6, 1.0))
    points += line("diffrax Heun", (1e-2, 1e-3 * 10), (1e-3, 1e-3 * 100), (1e-4, 1.0))
    points += line("diffrax Tsit5, atol × 100", (3e-3, 0.5), (5e-3, 2.0))
    points += [Measurement(KEY, "grouped path", 1e-3, note="> 60 s (5 steps, t = 1)")]
    return Findings([PATTERNS.problem(Row(75, 150, 200, 0.01, 1.0, 1e-8))], points)


def test_the_best_settings_are_those_that_no_other_beats():
    points = line("x", (1e-2, 1.0), (1e-3, 3.0), (2e-3, 5.0), (1e-4, 9.0))
    assert [point.error for point in best(points)] == [1e-2, 1e-3, 1e-4]
    assert seconds_at(points, 10**-3.5) == (pytest.approx(27**0.5), True)
    assert seconds_at(points, 1e-1) == (1.0, False)


def test_the_ratio_is_the_fastest_rival_s_at_the_same_error(found):
    ratio = ratio_of(found, KEY, 1e-3)
    assert (ratio.rival, ratio.ours, ratio.theirs) == ("diffrax Heun", pytest.approx(0.1**1.5), pytest.approx(0.1))
    assert ratio_of(found, KEY, 1e-5).beside(1.0).startswith("alone")
    assert ratio_of(found, KEY, 1e-7).beside(1.0) == "not reached"
    assert ratio_of(found, KEY, 1e-3).beside(20.0) == "[red]3.2[/]"
    assert len(ratios(PATTERNS, found).columns) == 11


def test_a_rival_that_alone_reaches_an_error_is_ahead(found):
    found.points += line("diffrax Dopri8", (1e-8, 1e3))
    least = next(of_rivals({"patterns": found}))
    assert least.measured == 0.0
    assert "diffrax Dopri8" in least.remark


def test_all_who_are_ahead_are_named(found):
    everywhere, at_5e3, at_5e4 = of_rivals({"patterns": found})
    assert everywhere.measured == pytest.approx(1.0)
    assert (at_5e3.bound, at_5e4.bound) == (3.0, 20.0)
    assert f"{KEY} at 0.005: diffrax Heun 1.4" in at_5e3.remark
    assert "not met" in at_5e4.verdict


def test_a_path_that_was_given_up_tells_at_least(found):
    ratio, words = against(float("nan"), "> 60 s (5 steps)", 0.5)
    assert ratio == 120.0
    assert words.endswith("at least")
    line_of_75 = next(line for line in of_grouped({"patterns": found}) if KEY in line.words)
    assert line_of_75.measured == pytest.approx(60.0 / 10e-3)


def test_powers_and_sizes_stand_beside_what_was_asked_for():
    slope = Slope(COLLOCATION, (1.0, 10.0, 100.0), (2.0, 10.0**0.5 * 2.0, 20.0))
    assert slope.power == pytest.approx(0.5)
    *_, line = of_slopes([slope])
    assert "met" in line.verdict
    streamed, *_ = of_size({}, [Memory("1000x784x1000", STREAMED, 1e-3, 1.2e9, 3e8, 5.0)])
    assert "not met" in streamed.verdict
