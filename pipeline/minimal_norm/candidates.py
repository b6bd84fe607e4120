"""Interpolators of other origins than the program's dual: each is an upper bound of the least norm.

The network of a flow's end or a teacher nearly fits the labels, or fits them; so do the neurons of the program's
own solution, within its tolerance. They are brought to fit exactly by the smallest change of their weights,
neurons of one sign and one pattern added up before: |u + v| <= |u| + |v|, and on the data u + v does what the two
do. Where nothing is known, masses on many directions are a linear problem that always has a solution if some
network fits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.minimal_norm.columns import many_directions, of_length_1, of_masses, over_directions
from pipeline.minimal_norm.interpolator import Network, corrected
from pipeline.minimal_norm.program import Blocks, solve, with_one_line
from pipeline.minimal_norm.reduction import Neurons, Reduced
from pipeline.network.activation import Activation
from pipeline.network.activation_patterns import words

VANISHING = (1e-8, 1e-6, 1e-4)
"""The share of the total mass below which a neuron is left out: the others are corrected for it. The next is tried
if that does not lead to an interpolator: of very small neurons the correction changes the patterns."""
UNUSED = 1e-5
"""The share of the total mass below which a program is not given a neuron's pattern: an interior-point method
leaves as much in the blocks that it does not use, and every block costs."""
MOST_UNKNOWNS = 2_500
"""How many equations or weights a correction may have, whichever are fewer: some seconds' work."""
LARGEST_PROGRAM = 250_000
"""How many numbers the blocks of a program may have: about a second's work. The heaviest are taken."""
STRETCH = 10_000
"""How many neurons are added up at a time: of a million the patterns would be gigabytes."""
MOST_ROUNDS = 12
"""How many corrections are tried: where a kink is close to a point it takes more than two."""
MOST_DIRECTIONS = 1_000
"""How many neurons' directions are taken, the heaviest."""
MOST_FOR_LEAST_SUM = 150
"""Up to how many points these masses are those of least sum: the simplex method is slow with many directions."""
LARGEST_LINEAR_PROGRAM = 300
"""Up to how many points the masses on many directions are those of least sum; above, those of least squares."""
MOST_POINTS = 1_500
"""Up to how many points masses on many directions are sought at all: n^3 operations, some seconds."""


def together(networks: Sequence[Neurons]) -> Neurons:
    """The neurons of all of them."""
    return Neurons(
        np.concatenate([one.weight for one in networks]), np.concatenate([one.sign for one in networks])
    )


def merged(reduced: Reduced, neurons: Neurons, vanishing: float = VANISHING[0]) -> Neurons:
    """Those that matter, added up where sign and pattern are the same, the heaviest first."""
    length = np.linalg.norm(neurons.weight, axis=1)
    kept = np.flatnonzero(length > vanishing * length.sum())
    parts = [neurons.of(kept[i : i + STRETCH]) for i in range(0, max(len(kept), 1), STRETCH)]
    found = _merged(reduced, together([_merged(reduced, part) for part in parts]))
    return found.of(np.argsort(-np.linalg.norm(found.weight, axis=1), kind="stable"))


def _merged(reduced: Reduced, neurons: Neurons) -> Neurons:
    keys = np.column_stack([neurons.sign > 0, neurons.weight @ reduced.points.T > 0])
    _, first, owner = np.unique(words(keys), return_index=True, return_inverse=True)
    total = np.zeros((len(first), neurons.weight.shape[1]))
    np.add.at(total, owner.ravel(), neurons.weight)
    return Neurons(total, neurons.sign[first])


def exact(reduced: Reduced, neurons: Neurons, slope: float) -> Network | None:
    """The interpolator next to these neurons, or None if the corrections do not lead to one."""
    for vanishing in VANISHING:
        near = merged(reduced, neurons, vanishing)
        if not len(near.sign):
            return None
        rounds = MOST_ROUNDS if min(near.weight.size, len(reduced.points)) <= MOST_UNKNOWNS else 0
        weight = corrected(near.weight, near.sign, reduced, slope, rounds)
        found = Network.of(reduced, weight, near.sign, slope, np.nan)
        if found.interpolates(reduced):
            return found
        if len(reduced.points) > near.weight.size:
            break
    return None


def reoptimised(reduced: Reduced, neurons: Neurons, slope: float) -> Network | None:
    """The interpolator of least norm whose neurons have the signs and the patterns of these, by the program."""
    n, r = reduced.points.shape
    near = merged(reduced, neurons, UNUSED)
    heaviest = np.arange(min(len(near.sign), LARGEST_PROGRAM // (n * (r + 1)) + 1))
    if len(heaviest) < len(near.sign) and len(heaviest) * r < n:  # so few can fit by chance alone
        return None
    return _by_blocks(reduced, blocks_of(reduced, near.of(heaviest)), slope)


def of_two_neurons(reduced: Reduced, slope: float) -> Network | None:
    """The interpolator of least norm with one neuron for the positive labels and one for the negative.

    For independent points and slope 0 there is one; for orthogonal points it is the minimum.
    """
    patterns = np.stack([reduced.labels > 0, reduced.labels < 0])
    return _by_blocks(reduced, Blocks(patterns, np.array([1, -1])), slope)


def _by_blocks(reduced: Reduced, blocks: Blocks, slope: float) -> Network | None:
    blocks = with_one_line(reduced, blocks, slope)
    n, r = reduced.points.shape
    if not len(blocks) or len(blocks) * n * (r + 1) > 4 * LARGEST_PROGRAM:
        return None
    solution = solve(reduced, blocks, slope)
    if not solution.feasible:
        return None
    return exact(reduced, Neurons(solution.weight, blocks.sign), slope)


def along_known(reduced: Reduced, neurons: Neurons, slope: float) -> Network | None:
    """Masses along the neurons' own directions and many others: of least sum, of many points nearest to their own.

    It needs no network near the labels: a direction that the flow has found is worth having before its mass is.
    """
    if len(reduced.points) > MOST_POINTS:
        return None
    heaviest = np.argsort(-np.linalg.norm(neurons.weight, axis=1), kind="stable")[:MOST_DIRECTIONS]
    near = neurons.of(heaviest[neurons.weight[heaviest].any(axis=1)])
    directions = np.concatenate([near.weight, many_directions(reduced)])
    if len(reduced.points) <= MOST_FOR_LEAST_SUM:
        found = over_directions(reduced, slope, directions)
        return found[1] if found is not None and found[1].interpolates(reduced) else None
    unit, _ = of_length_1(reduced, directions)
    mass = np.zeros(len(unit))
    mass[: len(near.sign)] = near.sign * np.linalg.norm(near.weight[:, : reduced.penalised], axis=1)
    outputs = Activation(slope).value(reduced.points @ unit.T)
    mass += np.linalg.lstsq(outputs, reduced.labels - outputs @ mass)[0]
    there = mass != 0
    unit, mass = unit[there], mass[there]
    network = Network.of(reduced, np.abs(mass)[:, None] * unit, np.where(mass > 0, 1, -1), slope, np.nan)
    return network if network.interpolates(reduced) else None


def blocks_of(reduced: Reduced, neurons: Neurons) -> Blocks:
    """Their patterns and signs, each once."""
    nothing = Blocks(np.zeros((0, len(reduced.points)), dtype=bool), np.zeros(0, dtype=int))
    return nothing.joined(neurons.weight @ reduced.points.T > 0, neurons.sign)


def over_many_directions(reduced: Reduced, slope: float) -> Network | None:
    """Masses on the points' own directions and on random ones, of least sum where the points are few."""
    if len(reduced.points) > MOST_POINTS:
        return None
    directions = many_directions(reduced)
    few = len(reduced.points) <= LARGEST_LINEAR_PROGRAM
    found = over_directions(reduced, slope, directions) if few else None
    if found is not None and found[1].interpolates(reduced):
        return found[1]
    unit, _ = of_length_1(reduced, directions)
    outputs = Activation(slope).value(reduced.points @ unit.T)
    network = of_masses(reduced, slope, unit, np.linalg.lstsq(outputs, reduced.labels)[0])
    return network if network.interpolates(reduced) else None
