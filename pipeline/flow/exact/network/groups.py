"""Neurons with the same activation pattern share one propagator: the network as a few groups of rows.

D depends on a neuron only through its pattern (and nothing else of it), so everything the residual can see of
the neurons of one pattern is their second moment S = sum z z^T. A group therefore carries *rows* with
S = rows^T rows:

- few neurons (up to q + 1): the neurons themselves;
- many: q + 1 rows, a triangular factor of them. A factor, not S itself, because squaring would lose the small
  neurons of a group below 1e-8 of its largest. Such a group also carries its *propagator*: the product of all its
  boosts since the grouping, applied to the unit vectors. It gives any neuron back as z @ propagator.
- neurons on a line: balanced neurons with one direction left to move in (they slide along all others, or there
  is one coordinate only) just grow or shrink, all by the same factor: one row, whose direction never changes.

A step does nothing per neuron, unless neurons of the group may cross a boundary.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, llvm_inlined
from pipeline.flow.exact.network.partition import partition_by_pattern
from pipeline.flow.exact.network.problem import Problem
from pipeline.flow.exact.network.rows import BLOCK, write_rows
from pipeline.flow.exact.network.spans import Spans, write_spans, write_states


class Neurons(NamedTuple):
    """Every neuron at the time of the last grouping.

    z : float64[m, q + 2]
        (w, a, c), w and a in units of exp(log_scale) and c = a^2 - |w|^2 in its square;
        (|w|^2 + a^2)/2 = 1 there.
    log_scale : float64[m]
    sign : float64[m]
        The sign of a_j where it can't change (c >= 0), else 0.
    state : int8[m, n]
        OFF, ON or SLIDING at each point.
    """

    z: np.ndarray
    log_scale: np.ndarray
    sign: np.ndarray
    state: np.ndarray


class PatternGroups(NamedTuple):
    """The groups: neurons of one pattern, and the rows that stand for them.

    group : int64[m]
        Each neuron's.
    order : int64[m]
        The neurons, group after group; those of group g are ``order[start[g]:start[g + 1]]``: first those
        with a > 0, from ``minus[g]`` on those with a < 0, from ``free[g]`` on those whose a may change sign.
    start : int64[groups + 1]
    minus, free : int64[groups]
    row : int64[groups + 1]
        The rows of group g are ``rows[row[g]:row[g + 1]]``; none for a group that nothing can move.
    kind : int8[groups]
        FEW, MANY or LINE.
    state : int8[groups, n]
    derivative : float64[groups, n]
        phi' at each point, 0 where the group slides.
    edge : int64[groups + 1]
        ``normals[edge[g]:edge[g + 1]]`` spans the points that group g slides along.
    normals, normal_overlap : float64[:, q], float64[:, n]
        Orthonormal, and <normal, x_k>.
    rows, logs : float64[:, q + 2], float64[:]
        The rows (w, a, c), each in units of exp of its log. c is of use for FEW only.
    propagator, propagator_logs : float64[:, q + 1], float64[:]
        Row row[g] + i: the image of unit vector i; all of a group in the same unit. Of use for MANY; for LINE
        the one logarithm is the growth of every neuron.
    clear : float64[groups, n]
        How far a group of MANY may still turn until one of its neurons can be at that boundary; 0 or less: not
        known (``events.clearance``).
    """

    group: np.ndarray
    order: np.ndarray
    start: np.ndarray
    minus: np.ndarray
    free: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    state: np.ndarray
    derivative: np.ndarray
    edge: np.ndarray
    normals: np.ndarray
    normal_overlap: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    propagator: np.ndarray
    propagator_logs: np.ndarray
    clear: np.ndarray


class Rows(NamedTuple):
    """Rows of all groups at one instant: as in :class:`PatternGroups`."""

    rows: np.ndarray
    logs: np.ndarray


class GroupMotion(NamedTuple):
    """What a trial step writes of each group.

    weights : float64[2, n]
        What each point weighs in the step's two boosts, from
        :func:`pipeline.flow.exact.propagation.magnus.boost_weights`.
    impulses, middle_impulses : float64[2, groups, q]
        tau D of both boosts: over the step, and over the half of it that is looked at.
    middle : Rows
        The rows in the middle of the step and, after the other half, at its end.
    group_speeds, alignment : float64[groups]
        |D| of the groups that can grow, and the cosine with D: ``growth_rates`` and ``mean_alignment`` of
        :mod:`pipeline.flow.exact.corrector.step_control`.
    """

    weights: np.ndarray
    impulses: np.ndarray
    middle_impulses: np.ndarray
    middle: Rows
    group_speeds: np.ndarray
    alignment: np.ndarray


class Network(NamedTuple):
    """The network of one solver: the data, the neurons, and the groups that stand for them.

    problem : Problem
    neurons : Neurons
        At the last grouping.
    groups, trial : PatternGroups
        At the start of the step, and at the end of the step that is tried.
    motion : GroupMotion
    """

    problem: Problem
    neurons: Neurons
    groups: PatternGroups
    trial: PatternGroups
    motion: GroupMotion


@allocating
def group_by_pattern(neurons, problem):
    """Gather the neurons into groups and give each group its rows.

    A group that nothing can move (off everywhere: D = 0) and that adds nothing to h has no rows.

    Returns
    -------
    PatternGroups
    """
    n, size = neurons.state.shape[1], neurons.z.shape[1] - 1
    partition = partition_by_pattern(neurons)
    group_count = partition.minus.shape[0]
    state, derivative = np.empty((group_count, n), dtype=np.int8), np.empty((group_count, n))
    most = 1 + write_states(neurons, partition, problem.negative_slope, state, derivative)
    spans = Spans(  # with one normal more than are kept: a vector is written before it is found to be dependent
        state=state,
        derivative=derivative,
        row=np.zeros(group_count + 1, dtype=np.int64),
        kind=np.empty(group_count, dtype=np.int8),
        edge=np.zeros(group_count + 1, dtype=np.int64),
        normals=np.empty((most, size - 1)),
        normal_overlap=np.empty((most, n)),
    )
    write_spans(neurons, problem, partition, spans)
    rows = spans.row[group_count]
    groups = PatternGroups(
        group=partition.group,
        order=partition.order,
        start=partition.start,
        minus=partition.minus,
        free=partition.free,
        row=spans.row,
        kind=spans.kind,
        state=state,
        derivative=derivative,
        edge=spans.edge,
        normals=spans.normals,
        normal_overlap=spans.normal_overlap,
        rows=np.zeros((rows, size + 1)),
        logs=np.zeros(rows),
        propagator=np.zeros((rows, size)),
        propagator_logs=np.zeros(rows),
        clear=np.zeros((group_count, n)),
    )
    write_rows(neurons, groups, np.empty((size, BLOCK)))
    return groups


@allocating
def empty_like_groups(groups):
    """Make groups of the same neurons with rows and a propagator of their own, not yet written."""
    return PatternGroups(
        group=groups.group,
        order=groups.order,
        start=groups.start,
        minus=groups.minus,
        free=groups.free,
        row=groups.row,
        kind=groups.kind,
        state=groups.state,
        derivative=groups.derivative,
        edge=groups.edge,
        normals=groups.normals,
        normal_overlap=groups.normal_overlap,
        rows=np.empty_like(groups.rows),
        logs=np.empty_like(groups.logs),
        propagator=np.empty_like(groups.propagator),
        propagator_logs=np.empty_like(groups.propagator_logs),
        clear=groups.clear,
    )


@llvm_inlined
def copy_rows(source, target):
    """Write the rows and the propagator of the groups ``source`` into those of ``target``."""
    for i in range(source.rows.shape[0]):
        target.logs[i], target.propagator_logs[i] = source.logs[i], source.propagator_logs[i]
        for c in range(source.rows.shape[1]):
            target.rows[i, c] = source.rows[i, c]
        for c in range(source.propagator.shape[1]):
            target.propagator[i, c] = source.propagator[i, c]


@allocating
def make_network(neurons, problem):
    """Group the neurons, with workspace for the steps of these groups.

    Returns
    -------
    Network
    """
    groups = group_by_pattern(neurons, problem)
    (n, q), group_count = problem.x.shape, groups.derivative.shape[0]
    motion = GroupMotion(
        weights=np.empty((2, n)),
        impulses=np.empty((2, group_count, q)),
        middle_impulses=np.empty((2, group_count, q)),
        middle=Rows(np.empty_like(groups.rows), np.empty_like(groups.logs)),
        group_speeds=np.zeros(group_count),
        alignment=np.zeros(group_count),
    )
    return Network(problem, neurons, groups, empty_like_groups(groups), motion)
