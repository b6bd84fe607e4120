"""Which patterns the program needs: those that its dual asks for, until it asks for none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.minimal_norm.cells import Heights, are_likely_few, heights_above, uphill
from pipeline.minimal_norm.program import TOLERANCE, Blocks, Solution, solve, with_one_line
from pipeline.minimal_norm.reduction import Reduced
from pipeline.minimal_norm.sphere import Chart, Peaks, climb_from, peaks
from pipeline.network.activation_patterns import each_once

ALL_AT_ONCE = 30
"""Up to how many patterns the program takes all of them: one solution then."""
VIOLATION = 1e-9
"""How far above 1 the dual function may be at the end."""
MOST_ADDED = 40
"""How many patterns are added at a time, those first that are violated most."""
MOST_ROUNDS = 60
MOST_WORK = 200_000
"""The numbers in the blocks of all rounds together, where no maximum is found: some seconds' work. What was
reached then is an upper bound."""
PROMISING = 1e-7
"""The height at which a pattern may help to interpolate, for a q of size 1."""

ROUGHER, VIOLATION_SAMPLED = 1e-7, 1e-5
"""The program's tolerance and the violation where the patterns are sampled: no certificate comes that close."""
VIOLATION_IN_CELLS = 1e-7
"""The violation where the maximum over the sphere is found by cells."""
LARGE = 100_000
"""The numbers in the blocks from which those that are not used are left out again."""
EXPLORED = 100
"""How many random directions are tried then."""


@dataclass(frozen=True)
class Optimum:
    """The last solution, its blocks, and whether no pattern (that was found) is missing.

    ``height`` bounds the dual function over the sphere, where the maximum was found by cells.
    """

    solution: Solution
    blocks: Blocks
    settled: bool
    height: float | None = None


def generate(reduced: Reduced, charts: list[Chart], slope: float, known: Blocks | None = None) -> Optimum:
    """Solve the program, adding patterns until none is violated.

    Parameters
    ----------
    known
        Blocks to begin with, beside others: those of an interpolator.
    """
    enumerated = all(chart.patterns is not None for chart in charts)
    by_cells = not enumerated and are_likely_few(charts)
    explored = [] if enumerated else [_explored(chart) for chart in charts]
    if enumerated or known is None:
        first = _first(reduced, charts, slope, explored)
    else:  # an interpolator's own dual says more of what is missing than the labels do
        first = _both_signs(_everywhere(reduced))
    if known is not None:
        first = known.joined(first.pattern, first.sign)
    blocks = with_one_line(reduced, first, slope)
    settled = False
    work = 0
    for _ in range(MOST_ROUNDS):
        solved, height = blocks, None
        work += len(blocks) * reduced.points.size
        solution = solve(reduced, blocks, slope, TOLERANCE if enumerated or by_cells else ROUGHER)
        if enumerated:
            added = _missing(reduced, charts, slope, blocks, solution)
        else:
            above = VIOLATION_IN_CELLS if by_cells else VIOLATION_SAMPLED
            added = _missing_uphill(reduced, charts, slope, blocks, _asked(reduced, solution, above), explored)
        # Last of all: a hundred times the time of climbing, and the highest are not the ones that help most.
        if by_cells and solution.feasible and not len(added):
            added, height = _missing_in_cells(reduced, charts, slope, blocks, solution)
        settled = solution.feasible and not len(added)
        if not len(added) or (work > MOST_WORK and not (enumerated or by_cells)):
            break
        if not enumerated and solution.feasible and len(blocks) * reduced.points.size > LARGE:
            blocks = _used(blocks, solution)  # many points: every block costs
        blocks = with_one_line(reduced, blocks.joined(added.pattern, added.sign), slope)
    return Optimum(solution, solved, settled, height)


def _asked(reduced: Reduced, solution: Solution, above: float) -> tuple[np.ndarray, float]:
    """The dual vector, and from which height on a pattern is missing."""
    q = balanced(reduced, solution.q)
    return (q, 1 + above) if solution.feasible else (q / np.abs(q).max(), PROMISING)


def _missing_uphill(
    reduced: Reduced,
    charts: list[Chart],
    slope: float,
    blocks: Blocks,
    asked: tuple[np.ndarray, float],
    explored: list[np.ndarray],
) -> Blocks:
    """The blocks that the dual asks for uphill of those there are and of the explored ones."""
    q, level = asked
    own = each_once(blocks.pattern)
    found = uphill(level, q, charts, slope, [np.concatenate([own, random]) for random in explored])
    return _new(reduced, slope, blocks, *_patterns_at(reduced, found))


def _missing_in_cells(
    reduced: Reduced, charts: list[Chart], slope: float, blocks: Blocks, solution: Solution
) -> tuple[Blocks, float | None]:
    """The blocks of the highest cells that are violated, and the maximum; nothing if the cells are too many."""
    found = heights_above(1 + VIOLATION_IN_CELLS, balanced(reduced, solution.q), charts, slope)
    if found is None:
        return Blocks(blocks.pattern[:0], blocks.sign[:0]), None
    return _new(reduced, slope, blocks, *_patterns_at(reduced, found)), found.bound


def _patterns_at(reduced: Reduced, found: Heights) -> tuple[np.ndarray, np.ndarray]:
    """The patterns and signs where the sum is highest; with a kink on a point those on either side."""
    most = max(min(MOST_ADDED, LARGE // reduced.points.size), 2)
    most = most if reduced.bias is None else most // 2
    pattern = found.direction[:most] @ reduced.points.T > 0
    sign, kink = found.sign[:most], found.kink[:most]
    both = [pattern.copy(), pattern.copy()]
    for state, side in enumerate(both):
        side[kink >= 0, kink[kink >= 0]] = bool(state)
    return np.concatenate(both), np.tile(sign, 2)


def _new(reduced: Reduced, slope: float, blocks: Blocks, pattern: np.ndarray, sign: np.ndarray) -> Blocks:
    """Those of these blocks that are not there yet."""
    both = with_one_line(reduced, blocks.joined(pattern, sign), slope)
    return Blocks(both.pattern[len(blocks) :], both.sign[len(blocks) :])


def balanced(reduced: Reduced, q: np.ndarray) -> np.ndarray:
    """The nearest q that a free bias allows: of sum 0."""
    return q if reduced.bias is None else q - q.mean()


def climbed(
    reduced: Reduced, charts: list[Chart], slope: float, q: np.ndarray, blocks: Blocks, below: float
) -> Peaks:
    """The directions that the blocks and the explored ones lead to in which q is ``below`` 1 at most."""
    starts = [each_once(np.concatenate([blocks.pattern, _explored(chart)])) for chart in charts]
    return climb_from(q, charts, slope, starts, 1 - below)


def _explored(chart: Chart) -> np.ndarray:
    """The patterns of the points, of their opposites and of random directions, always the same."""
    points = chart.points
    random = np.random.default_rng(0).standard_normal((EXPLORED, points.shape[1]))
    return each_once(np.concatenate([points @ points.T > 0, points @ points.T < 0, random @ points.T > 0]))


def _used(blocks: Blocks, solution: Solution) -> Blocks:
    mass = np.linalg.norm(solution.weight, axis=1)
    kept = (mass > 1e-5 * mass.max()) | blocks.pattern.all(axis=1) | ~blocks.pattern.any(axis=1)
    return Blocks(blocks.pattern[kept], blocks.sign[kept])


def _first(reduced: Reduced, charts: list[Chart], slope: float, explored: list[np.ndarray]) -> Blocks:
    points = reduced.points
    if len(charts) == 1 and (patterns := charts[0].patterns) is not None and len(patterns) <= ALL_AT_ONCE:
        return _both_signs(patterns)
    if not explored:
        return _both_signs(np.concatenate([_everywhere(reduced), points @ points.T > 0, points @ points.T < 0]))
    guess = uphill(0.0, balanced(reduced, reduced.labels), charts, slope, explored)
    return _both_signs(_everywhere(reduced)).joined(*_patterns_at(reduced, guess))


def _everywhere(reduced: Reduced) -> np.ndarray:
    """The patterns of the neurons that are active on every point, and on none."""
    return np.repeat([[True], [False]], len(reduced.points), axis=1)


def _both_signs(patterns: np.ndarray) -> Blocks:
    patterns = each_once(patterns)
    return Blocks(np.tile(patterns, (2, 1)), np.repeat([1, -1], len(patterns)))


def _missing(reduced: Reduced, charts: list[Chart], slope: float, blocks: Blocks, solution: Solution) -> Blocks:
    """The blocks that the dual asks for where all patterns are known: first uphill of those there are."""
    q, level = _asked(reduced, solution, VIOLATION)

    def new(found: Peaks) -> Blocks:
        return _new(reduced, slope, blocks, found.pattern[:MOST_ADDED], found.sign[:MOST_ADDED])

    added = new(climb_from(q, charts, slope, [each_once(blocks.pattern)] * len(charts), level))
    return added if len(added) else new(peaks(q, charts, slope, level))
