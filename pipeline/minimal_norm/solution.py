"""From reduced data to the minimum and its certificate in the data's own units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.minimal_norm.arrangement import words
from pipeline.minimal_norm.bound import certificate_bound
from pipeline.minimal_norm.interpolator import EXACT, Network, network
from pipeline.minimal_norm.pricing import balanced, climbed, generate
from pipeline.minimal_norm.program import Blocks
from pipeline.minimal_norm.reduction import NO_NETWORK, Reduced, is_fitted_by_some
from pipeline.minimal_norm.sphere import Chart, Peaks, largest, make_charts, peaks

ACTIVE = (1e-6, 1e-5, 1e-4)
"""How far below 1 the dual function may be in the direction of a neuron: at most by as much is the norm too large.
The next is tried if those before can't interpolate, the dual being no better (norms of 1e4 for labels of 1)."""
LARGEST_PROGRAM = 10_000
"""How many numbers the points may have, in coordinates of their span, where patterns are sampled: a block of the
program has twice as many, and it takes dozens of blocks."""


@dataclass(frozen=True)
class Found:
    """The minimum.

    Attributes
    ----------
    value, lower_bound
        Norm of the network, and <q, y> of the certificate.
    weight, sign
        [neuron, coord] and [neuron]: with |a| = |w|.
    point, certificate
        q, at these points of the data; it is 0 at the others.
    certificate_norm
        The maximum over the sphere, or a bound of it.
    misfit
        The largest |h(x_k) - y_k|, relative.
    freedom, patterns, enumerated
        As in the dataset, and whether the patterns are all.
    """

    value: float
    lower_bound: float
    weight: np.ndarray
    sign: np.ndarray
    point: np.ndarray
    certificate: np.ndarray
    certificate_norm: float
    misfit: float
    freedom: int
    patterns: int
    enumerated: bool


class TooMany(str):
    """Why the program is not tried, for labels that some network fits."""

    __slots__ = ()


def least_norm(reduced: Reduced, slope: float) -> Found | str:
    """The minimum for reduced data, or in words why there is none."""
    points, labels = reduced.points, reduced.labels
    if not is_fitted_by_some(points, labels, slope):
        return f"{NO_NETWORK}: opposite points ask for outputs that are not linear there"
    charts = make_charts(reduced)
    enumerated = all(chart.patterns is not None for chart in charts)
    if not enumerated and points.size > LARGEST_PROGRAM:
        return TooMany(f"{len(points)} points of rank {points.shape[1]} are too many for the convex program")
    if labels.any() and charts:
        q, minimal, used = _solved(reduced, charts, slope, enumerated)
    else:
        q, used = np.zeros(len(points)), 0
        minimal = network(reduced, Peaks.none(*points.shape), slope)
    norm = _certificate_norm(q, reduced, charts, slope, enumerated)
    q, norm = q / max(norm, 1.0), min(norm, 1.0)
    patterns = _count(reduced, charts) if enumerated else used
    return _in_units(reduced, minimal, q, norm, patterns, enumerated)


def _solved(
    reduced: Reduced, charts: list[Chart], slope: float, enumerated: bool
) -> tuple[np.ndarray, Network, int]:
    """The dual, the network along the directions in which it is active, and the number of patterns it took."""
    optimum = generate(reduced, charts, slope)
    q, blocks = balanced(reduced, optimum.solution.q), optimum.blocks
    if not optimum.solution.feasible:
        q = np.zeros_like(q)
        return q, network(reduced, Peaks.none(*reduced.points.shape), slope), 0
    found: list[Network] = []
    for below in ACTIVE:
        tops = (
            peaks(q, charts, slope, 1 - below) if enumerated else climbed(reduced, charts, slope, q, blocks, below)
        )
        found.append(network(reduced, tops, slope))
        if found[-1].misfit <= EXACT:
            break
    return q, min(found, key=lambda candidate: candidate.misfit), _patterns(blocks)


def _patterns(blocks: Blocks) -> int:
    return len(np.unique(blocks.pattern, axis=0))


def _certificate_norm(
    q: np.ndarray, reduced: Reduced, charts: list[Chart], slope: float, enumerated: bool
) -> float:
    if enumerated:
        return largest(q, charts, slope)
    # With a free bias and the kink on a point, |b| <= |w| <= 1: the sphere of radius 2^(1/2) holds (w, b).
    radius = 1.0 if reduced.bias is None else np.sqrt(2.0)
    return float(radius * certificate_bound(q, reduced.points, slope))


def _count(reduced: Reduced, charts: list[Chart]) -> int:
    """The number of all patterns: with a free bias, of those on either side of each point."""
    if reduced.bias is None:
        return sum(len(chart.patterns) for chart in charts if chart.patterns is not None)
    found = []
    for l, chart in enumerate(charts):
        assert chart.patterns is not None
        for state in (False, True):
            there = chart.patterns.copy()
            there[:, l] = state
            found.append(words(there))
    return len(np.unique(np.concatenate(found))) if found else 2


def _in_units(
    reduced: Reduced, minimal: Network, q: np.ndarray, norm: float, patterns: int, enumerated: bool
) -> Found:
    """A norm is multiplied by label_size/size, a neuron shared out so that |a| = |w|, and q is per unit of y."""
    weight = reduced.weight(minimal.weight)
    length = np.linalg.norm(weight, axis=1)
    share = np.sqrt(reduced.label_size) / np.sqrt(np.where(length > 0, length, 1.0))
    unit = reduced.label_size / reduced.size
    return Found(
        value=unit * float(np.linalg.norm(minimal.weight[:, : reduced.penalised], axis=1).sum()),
        lower_bound=unit * float(q @ reduced.labels),
        weight=weight * share[:, None],
        sign=minimal.sign,
        point=reduced.point,
        certificate=q / reduced.length / reduced.size,
        certificate_norm=norm,
        misfit=minimal.misfit,
        freedom=minimal.freedom,
        patterns=patterns,
        enumerated=enumerated,
    )
