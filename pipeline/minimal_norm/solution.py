"""From reduced data to the minimum and its certificate in the data's own units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.minimal_norm.arrangement import words
from pipeline.minimal_norm.bound import certificate_bound
from pipeline.minimal_norm.interpolator import Network, network
from pipeline.minimal_norm.pricing import ACTIVE, balanced, climbed, generate
from pipeline.minimal_norm.program import Blocks
from pipeline.minimal_norm.reduction import Reduced, is_fitted_by_some
from pipeline.minimal_norm.sphere import Chart, Peaks, largest, make_charts, peaks

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


def least_norm(reduced: Reduced, slope: float) -> Found | str:
    """The minimum for reduced data, or in words why there is none."""
    points, labels = reduced.points, reduced.labels
    if not is_fitted_by_some(points, labels, slope):
        return "no network fits these labels"
    charts = make_charts(reduced)
    enumerated = all(chart.patterns is not None for chart in charts)
    if not enumerated and points.size > LARGEST_PROGRAM:
        return f"{len(points)} points of rank {points.shape[1]} are too many for the convex program"
    if labels.any() and charts:
        q, tops, used = _solved(reduced, charts, slope, enumerated)
    else:
        q, tops, used = np.zeros(len(points)), Peaks.none(*points.shape), 0
    norm = _certificate_norm(q, reduced, charts, slope, enumerated)
    q, norm = q / max(norm, 1.0), min(norm, 1.0)
    patterns = _count(reduced, charts) if enumerated else used
    return _in_units(reduced, network(reduced, tops, slope), q, norm, patterns, enumerated)


def _solved(
    reduced: Reduced, charts: list[Chart], slope: float, enumerated: bool
) -> tuple[np.ndarray, Peaks, int]:
    """The dual, the directions in which it is active, and the number of patterns that the program had."""
    optimum = generate(reduced, charts, slope)
    q, blocks = balanced(reduced, optimum.solution.q), optimum.blocks
    if not optimum.solution.feasible:
        return np.zeros_like(q), Peaks.none(*reduced.points.shape), 0
    tops = (
        peaks(q, charts, slope, 1 - ACTIVE)
        if enumerated
        else climbed(reduced, charts, slope, q, blocks)
    )  # fmt: skip
    return q, tops, _patterns(blocks)


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
