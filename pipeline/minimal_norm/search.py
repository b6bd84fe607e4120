"""The dual vector and the best interpolator that can be had, whatever fails on the way.

The program's dual says where its neurons are. If they can't interpolate (rounding, where norms are many times the
labels; a program that was stopped), or if patterns may be missing, other interpolators are compared with them: the
program's own solution brought to fit exactly, networks that are known, and masses on many directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.minimal_norm.bound import best_certificate, rough_certificate
from pipeline.minimal_norm.candidates import (
    along_known,
    blocks_of,
    exact,
    of_two_neurons,
    over_many_directions,
    reoptimised,
    together,
)
from pipeline.minimal_norm.cells import heights_above
from pipeline.minimal_norm.column_generation import Optimum, balanced, climbed, generate
from pipeline.minimal_norm.columns import many_directions, over_directions
from pipeline.minimal_norm.interpolator import Network, network
from pipeline.minimal_norm.moving_directions import over_moving_directions
from pipeline.minimal_norm.plane import least_in_the_plane
from pipeline.minimal_norm.reduction import Neurons, Reduced
from pipeline.minimal_norm.sphere import Chart, Peaks, largest, peaks
from pipeline.network.activation_patterns import each_once

ACTIVE = (1e-6, 1e-5, 1e-4)
"""How far below 1 the dual function may be in the direction of a neuron: at most by as much is the norm too large.
The next is tried if those before can't interpolate, the dual being no better (norms of 1e4 for labels of 1)."""
PROGRAM = "convex program"
KNOWN = "an interpolator that was known"
TWO = "an interpolator of two neurons"
MANY = "an interpolator over random directions"
ASKED = "an interpolator over directions that its dual asked for"
"""What the method says of where the network is from."""
SAMPLE, FOR_EACH_COORDINATE = 1_000, 20
"""So many points, or so many for each coordinate if these are more, have a dual vector where there are more."""
CLOSE = 0.01
"""The relative gap up to which no other directions are sought where the patterns are sampled."""
BETTER = 1e-9
"""By what share another network has to be of less norm to take the program's place."""


@dataclass(frozen=True)
class Best:
    """An interpolator, or the network next to one, and a dual vector.

    Attributes
    ----------
    network
        As it says.
    q, height
        [point], and a bound of the maximum over the sphere of |sum_k q_k phi(<u, x_k>)|.
    patterns
        How many the program took.
    origin
        In words, where the network is from.
    """

    network: Network
    q: np.ndarray
    height: float
    patterns: int = 0
    origin: str = PROGRAM


def by_the_program(reduced: Reduced, charts: list[Chart], slope: float, known: Sequence[Neurons]) -> Best:
    """The minimum by the convex program, or what is next to it."""
    enumerated = all(chart.patterns is not None for chart in charts)
    start = blocks_of(reduced, together(known)) if known else None
    optimum = generate(reduced, charts, slope, start)
    q, height = _dual(reduced, charts, slope, optimum, enumerated)
    first = _at_the_peaks(reduced, charts, slope, optimum, enumerated)
    patterns = len(each_once(optimum.blocks.pattern))
    least = float(q @ reduced.labels) / max(height, 1.0)
    if enumerated and first.interpolates(reduced) and first.norm(reduced) <= (1 + ACTIVE[0]) * least:
        return Best(first, q, height, patterns)
    columns = over_directions(reduced, slope, many_directions(reduced), charts) if enumerated else None
    if columns is not None:
        q, height = _higher(reduced, (q, height), (columns[0], largest(columns[0], charts, slope)))
    own = exact(reduced, Neurons(optimum.solution.weight, optimum.blocks.sign), slope)
    program = _least(reduced, [first, own, None if columns is None else columns[1]])
    others = _known_ones(reduced, slope, known, Neurons(program.weight, program.sign))
    best = _least(reduced, [program, *others])
    found = Best(best, q, height, patterns, PROGRAM if best is program else KNOWN)
    return (
        found
        if best.interpolates(reduced) and (enumerated or _is_close(reduced, found))
        else _asked(reduced, slope, found)
    )


def _is_close(reduced: Reduced, found: Best) -> bool:
    """Whether the dual leaves little to gain."""
    return found.network.norm(reduced) <= (1 + CLOSE) * float(found.q @ reduced.labels) / max(found.height, 1.0)


def _asked(reduced: Reduced, slope: float, found: Best) -> Best:
    """The same, or a better interpolator over directions that its dual asks for; at worst over many directions."""
    best = found.network
    others = [(ASKED, over_moving_directions(reduced, slope, Neurons(best.weight, best.sign)))]
    if not any(one is not None and one.interpolates(reduced) for one in (best, others[0][1])):
        others.append((MANY, over_many_directions(reduced, slope)))
    least = _least(reduced, [best, *(one for _, one in others)])
    origin = next((words for words, one in others if one is least), found.origin)
    return replace(found, network=least, origin=origin)


def in_the_plane(reduced: Reduced, slope: float, known: Sequence[Neurons]) -> Best | None:
    """The minimum for points that span a plane; None if no interpolator is found."""
    plane = least_in_the_plane(reduced, slope)
    others = [] if plane.network is not None else _known_ones(reduced, slope, known)
    if plane.network is None and not others:
        return None
    best = _least(reduced, [plane.network, *others])
    return Best(best, plane.q, plane.height, plane.sectors, KNOWN if others else PROGRAM)


def without_the_program(reduced: Reduced, slope: float, known: Sequence[Neurons]) -> Best | None:
    """What can be said where the points are too many for the program; None if no interpolator is found."""
    found = [(one, KNOWN) for one in _known_ones(reduced, slope, known)]
    two = of_two_neurons(reduced, slope)
    found += [] if two is None else [(two, TWO)]
    asked = over_moving_directions(reduced, slope, together(known) if known else None)
    found += [] if asked is None else [(asked, ASKED)]
    if not found:
        many = over_many_directions(reduced, slope)
        if many is None:
            return None
        found = [(many, MANY)]
    best = _least(reduced, [one for one, _ in found])
    origin = next(origin for one, origin in found if one is best)
    return Best(best, *_relaxed(reduced, slope, reduced.labels), origin=origin)


def better(
    reduced: Reduced, slope: float, minimal: Neurons, known: Neurons, *, near: bool = True
) -> Network | None:
    """An interpolator of less norm than ``minimal`` (of any if that has no neurons), by a known network.

    Of one that is not ``near`` the labels the directions alone are taken.
    """
    found = _known_ones(reduced, slope, [known] if near else [], minimal)
    found += [
        one for one in (along_known(reduced, known, slope), _from_both(reduced, slope, minimal, known)) if one
    ]
    if not found:
        return None
    best = _least(reduced, found)
    least = np.linalg.norm(minimal.weight[:, : reduced.penalised], axis=1).sum()
    return best if not len(minimal.sign) or best.norm(reduced) < (1 - BETTER) * least else None


def _from_both(reduced: Reduced, slope: float, minimal: Neurons, known: Neurons) -> Network | None:
    """An interpolator over directions that its dual asks for, from those of both networks on."""
    return over_moving_directions(reduced, slope, together([minimal, known]))


def _dual(
    reduced: Reduced, charts: list[Chart], slope: float, optimum: Optimum, enumerated: bool
) -> tuple[np.ndarray, float]:
    """The program's dual vector and a bound of its height."""
    q = balanced(reduced, optimum.solution.q)
    if not optimum.solution.feasible:
        return _rough(reduced, slope) if enumerated else _relaxed(reduced, slope, reduced.labels)
    if enumerated:
        return q, largest(q, charts, slope)
    if optimum.height is not None:
        return q, optimum.height
    found = heights_above(1.0, q, charts, slope)
    if found is not None:
        return q, found.bound
    return _relaxed(reduced, slope, q)


def _higher(
    reduced: Reduced, one: tuple[np.ndarray, float], other: tuple[np.ndarray, float]
) -> tuple[np.ndarray, float]:
    """The dual vector, with its height, that bounds the norm more closely."""
    bounds = [float(q @ reduced.labels) / max(height, 1.0) for q, height in (one, other)]
    return one if bounds[0] >= bounds[1] else other


def _relaxed(reduced: Reduced, slope: float, start: np.ndarray) -> tuple[np.ndarray, float]:
    """A dual vector where the sphere's maximum can be bounded only; if there is a rough one, at least as good.

    Any points' own dual vector, 0 at the others, is one of all: their least norm is no larger. Of many points a
    sample is worth more than all, of which the search would end after a few tries.
    """
    n, most = len(reduced.labels), max(SAMPLE, FOR_EACH_COORDINATE * reduced.points.shape[1])
    if n > most:
        some = np.sort(np.random.default_rng(0).choice(n, most, replace=False))
        q = np.zeros(n)
        q[some], height = _relaxed(reduced.of(some), slope, start[some])
        return q, height
    rough = _rough(reduced, slope)
    return _higher(reduced, rough, best_certificate(reduced, slope, rough[0] if rough[0].any() else start))


def _rough(reduced: Reduced, slope: float) -> tuple[np.ndarray, float]:
    """A dual vector where the program has none."""
    if reduced.bias is not None:
        return np.zeros(len(reduced.labels)), 0.0
    return rough_certificate(reduced.points, reduced.labels, slope)


def _at_the_peaks(
    reduced: Reduced, charts: list[Chart], slope: float, optimum: Optimum, enumerated: bool
) -> Network:
    """The network along the directions in which the dual is active; its freedom is known if all of them are."""
    q, blocks = balanced(reduced, optimum.solution.q), optimum.blocks
    if not optimum.solution.feasible:
        return network(reduced, Peaks.none(*reduced.points.shape), slope)
    found: list[Network] = []
    reached = None
    for below in ACTIVE:
        cells = None if optimum.height is None else heights_above(1 - below, q, charts, slope)
        if enumerated:
            tops = peaks(q, charts, slope, 1 - below)
        elif cells is not None:
            tops = cells.peaks(reduced.points)
        else:  # a climb leads to the same place whatever is asked of it
            reached = reached or climbed(reduced, charts, slope, q, blocks, ACTIVE[-1])
            tops = reached.above(1 - below)
        found.append(network(reduced, tops, slope))
        if found[-1].interpolates(reduced):
            break
    best = min(found, key=lambda candidate: candidate.misfit)
    return best if enumerated else replace(best, freedom=np.nan)


def _known_ones(
    reduced: Reduced, slope: float, known: Sequence[Neurons], minimal: Neurons | None = None
) -> list[Network]:
    """The known networks brought to fit, and the best with the patterns of all of them and of ``minimal``."""
    if not known:
        return []
    found = [exact(reduced, one, slope) for one in known]
    found.append(reoptimised(reduced, together([*known, *([] if minimal is None else [minimal])]), slope))
    return [one for one in found if one is not None]


def _least(reduced: Reduced, found: Sequence[Network | None]) -> Network:
    """The interpolator of least norm, the first of those that are as good; else the one that misses least."""
    there = [one for one in found if one is not None]
    exact = [one for one in there if one.interpolates(reduced)]
    if not exact:
        return min(there, key=lambda one: one.misfit)
    least = min(one.norm(reduced) for one in exact)
    return next(one for one in exact if one.norm(reduced) <= (1 + BETTER) * least)
