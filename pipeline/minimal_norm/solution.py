"""From reduced data to the minimum and its certificate in the data's own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.minimal_norm.interpolator import Network, network
from pipeline.minimal_norm.line import least_spline
from pipeline.minimal_norm.reduction import NO_NETWORK, Neurons, Reduced, is_fitted_by_some
from pipeline.minimal_norm.search import PROGRAM, Best, by_the_program, in_the_plane, without_the_program
from pipeline.minimal_norm.sphere import Chart, Peaks, make_charts
from pipeline.network.activation_patterns import words

LARGEST_PROGRAM, MOST_POINTS = 6_000, 150
"""How many numbers, in coordinates of their span, and how many points there may be where patterns are sampled: a
block of the program has twice as many numbers, it takes dozens of blocks, and the cube of the points."""
FEW = 12
"""Up to how many points in a plane the program over all patterns is as fast as the one over sectors."""
UPPER_BOUND = "the value is an upper bound"
CERTIFIED = 1e-6
"""The relative gap up to which the value is that of the minimum."""


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
    misfit, interpolates
        The largest |h(x_k) - y_k|, relative, and whether it is rounding.
    freedom, patterns, method
        As in the dataset.
    """

    value: float
    lower_bound: float
    weight: np.ndarray
    sign: np.ndarray
    point: np.ndarray
    certificate: np.ndarray
    certificate_norm: float
    misfit: float
    interpolates: bool
    freedom: float
    patterns: int
    method: str


class TooMany(str):
    """Why the program is not tried, for labels that some network fits."""

    __slots__ = ()


def least_norm(reduced: Reduced, slope: float, known: Sequence[Neurons] = ()) -> Found | str:
    """The minimum for reduced data, or in words why there is none.

    Parameters
    ----------
    known
        Networks that fit the labels, or nearly so: no more than the norm of any of them is returned.
    """
    points, labels = reduced.points, reduced.labels
    if not is_fitted_by_some(points, labels, slope):
        return f"{NO_NETWORK}: opposite points ask for outputs that are not linear there"
    if reduced.bias is not None and reduced.penalised == 1 and slope != 1.0:
        return _on_a_line(reduced, slope)
    if _spans_a_plane(reduced, slope):
        plane = in_the_plane(reduced, slope, known)
        if plane is not None:
            return _found(reduced, plane, plane.patterns, True)
    charts = make_charts(reduced)
    enumerated = all(chart.patterns is not None for chart in charts)
    if not labels.any() or not charts:
        best = Best(network(reduced, Peaks.none(*points.shape), slope), np.zeros(len(points)), 0.0)
    elif not enumerated and (points.size > LARGEST_PROGRAM or len(points) > MOST_POINTS):
        found = without_the_program(reduced, slope, known)
        if found is None:
            return TooMany(f"{len(points)} points of rank {points.shape[1]} are too many for the convex program")
        best = found
    else:
        best = by_the_program(reduced, charts, slope, known)
    return _found(reduced, best, _count(reduced, charts) if enumerated else best.patterns, enumerated)


def _spans_a_plane(reduced: Reduced, slope: float) -> bool:
    plane = reduced.bias is None and reduced.penalised == 2 and slope != 1.0
    return plane and len(reduced.points) > FEW and bool(reduced.labels.any())


def _on_a_line(reduced: Reduced, slope: float) -> Found:
    spline = least_spline(reduced.points[:, 0], reduced.labels, slope)
    weight = np.column_stack([spline.weight, spline.bias])
    minimal = Network.of(reduced, weight, spline.sign, slope, spline.freedom)
    origin = "closed form over one input with a free bias"
    return _found(reduced, Best(minimal, spline.q, spline.certificate_norm, origin=origin), 0, False)


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


def _found(reduced: Reduced, best: Best, patterns: int, enumerated: bool) -> Found:
    minimal, q = best.network, best.q / max(best.height, 1.0)
    norm, bound = minimal.norm(reduced), float(q @ reduced.labels)
    value, weight = in_units(reduced, minimal)
    return Found(
        value=value,
        lower_bound=reduced.unit * bound,
        weight=weight,
        sign=minimal.sign,
        point=reduced.point,
        certificate=q / reduced.length / reduced.size,
        certificate_norm=min(best.height, 1.0),
        misfit=minimal.misfit,
        interpolates=minimal.interpolates(reduced),
        freedom=minimal.freedom,
        patterns=patterns,
        method=_in_words(best, patterns, enumerated, abs(norm - bound) <= CERTIFIED * norm),
    )


def in_units(reduced: Reduced, network: Network) -> tuple[float, np.ndarray]:
    """The norm in the data's own units, and the weights, each neuron shared out so that |a| = |w|."""
    weight = reduced.weight(network.weight)
    length = np.linalg.norm(weight, axis=1)
    share = np.sqrt(reduced.label_size) / np.sqrt(np.where(length > 0, length, 1.0))
    return reduced.unit * network.norm(reduced), weight * share[:, None]


def _in_words(best: Best, patterns: int, enumerated: bool, certified: bool) -> str:
    words = best.origin
    if words == PROGRAM:
        what = f"all {patterns} activation" if enumerated else f"{patterns} " + "sampled" * (not certified)
        words = f"{PROGRAM} over {what.strip()} patterns"
    if certified:
        return words if enumerated or best.origin != PROGRAM else f"{words}, certified by its dual"
    return f"{words}: {UPPER_BOUND}"
