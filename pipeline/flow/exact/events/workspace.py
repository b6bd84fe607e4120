"""The arrays in which events are looked for: laid out once, used for each group and each neuron."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating
from pipeline.flow.exact.propagation.bernstein import SIZE


class Reachable(NamedTuple):
    """Which boundaries the neurons of one group may reach in a step.

    side : float64[n]
        The sign of <w, x_k> beyond boundary k; 0 where none of them can get there.
    up, down : bool[n]
        Whether those with a > 0, and those with a < 0, may get there.
    turns : bool[n]
        Whether some of them may turn back before the step's end.
    """

    side: np.ndarray
    up: np.ndarray
    down: np.ndarray
    turns: np.ndarray


class GroupWorkspace(NamedTuple):
    """What is computed of one group.

    pushes : float64[6, n]
        n <D, x_k>.
    n_force : float64[q]
        n D at one Bernstein coefficient.
    push : float64[6, 1]
        One column of ``pushes``.
    derivative : float64[n]
        phi' of the group; written by :func:`pipeline.flow.exact.events.sliding.find_multipliers`.
    part : float64[6, n]
        The residual over a part of the step.
    weights, impulses : float64[2, n], float64[2, 1, q]
        The boosts over that part.
    rows, logs : float64[q + 1, q + 2], float64[q + 1]
        What the group's neurons are read from, after them.
    turning : Reachable
        One boundary alone: where the way to it turns.
    vector : float64[q + 2]
        One neuron.
    """

    pushes: np.ndarray
    n_force: np.ndarray
    push: np.ndarray
    derivative: np.ndarray
    part: np.ndarray
    weights: np.ndarray
    impulses: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    turning: Reachable
    vector: np.ndarray


class Multipliers(NamedTuple):
    """What holds a neuron at the boundaries that it slides along (``events.sliding``).

    boundaries : int64[n]
        Those that are slid along; the first ones have the columns of ``off`` and ``on``.
    gram : float64[n, n]
        Workspace: the normals' inner products and their factor.
    off, on : float64[6, n]
        nu and nu + gamma, as Bernstein coefficients in time.
    """

    boundaries: np.ndarray
    gram: np.ndarray
    off: np.ndarray
    on: np.ndarray


class Boosting(NamedTuple):
    """Workspace for carrying one neuron.

    part : float64[6, q]
        D over a part of the time.
    impulse : float64[q]
        tau D of one boost.
    """

    part: np.ndarray
    impulse: np.ndarray


class RootWorkspace(NamedTuple):
    """Workspace for finding when boundaries are reached.

    A tuple of its own, as a kernel that is called this often must not be handed more arrays than it uses.

    speeds : float64[6, n]
        <D, x_k> from the present instant on.
    approach_speed : float64[6, 1]
        The speed towards one boundary.
    there : float64[q + 2]
        The neuron at an instant.
    boosting : Boosting
    sensitive : float64[2]
        When the neuron first came close to a decision, as a fraction of the step, inf if never; the same for one
        boundary, as a fraction of the time left.
    margin : float64[1]
        The share of |w||x_k| by which an error of the tolerance's size may shift a neuron; 0: not asked for.
    """

    speeds: np.ndarray
    approach_speed: np.ndarray
    there: np.ndarray
    boosting: Boosting
    sensitive: np.ndarray
    margin: np.ndarray


class PathWorkspace(NamedTuple):
    """What is computed of one neuron on its way through a step.

    curve : float64[6, n]
        The residual from the present instant to the step's end.
    remaining : float64[6, n]
        Workspace: the same after the next event.
    derivative : float64[n]
        phi' of its pattern.
    normals : float64[q + 1, q]
        An orthonormal basis of the boundaries that it slides along.
    force : float64[6, q]
        D from the present instant on.
    multipliers : Multipliers
    roots : RootWorkspace
    end : float64[q + 2]
        The neuron at the step's end.
    times : float64[8]
        When the events were (:func:`pipeline.flow.exact.events.neuron_path.follow`).
    push_factor : float64[n]
        How many times rounding a push at a boundary must be to count: raised tenfold when it changed nothing.
    tried, residual, later : int8[n], float64[n], float64[n]
        States that are tried, and the residual at the event and a little after it.
    """

    curve: np.ndarray
    remaining: np.ndarray
    derivative: np.ndarray
    normals: np.ndarray
    force: np.ndarray
    multipliers: Multipliers
    roots: RootWorkspace
    end: np.ndarray
    times: np.ndarray
    push_factor: np.ndarray
    tried: np.ndarray
    residual: np.ndarray
    later: np.ndarray


class EventWorkspace(NamedTuple):
    """The arrays for one group and for one neuron.

    margin : float64[1]
        The same array as ``path.roots.margin``: ``integrate`` writes the tolerance into it.
    """

    reachable: Reachable
    group: GroupWorkspace
    path: PathWorkspace
    margin: np.ndarray


@allocating
def make_reachable(n):
    """Allocate for ``n`` boundaries, none of which is reachable."""
    return Reachable(
        side=np.zeros(n),
        up=np.zeros(n, dtype=np.bool_),
        down=np.zeros(n, dtype=np.bool_),
        turns=np.zeros(n, dtype=np.bool_),
    )


@allocating
def make_event_workspace(problem):
    """Allocate the workspace for events on this data set."""
    n, q = problem.x.shape
    margin = np.zeros(1)
    group = GroupWorkspace(
        pushes=np.empty((SIZE, n)),
        n_force=np.empty(q),
        push=np.empty((SIZE, 1)),
        derivative=np.empty(n),
        part=np.empty((SIZE, n)),
        weights=np.empty((2, n)),
        impulses=np.empty((2, 1, q)),
        rows=np.empty((q + 1, q + 2)),
        logs=np.zeros(q + 1),
        turning=make_reachable(n),
        vector=np.empty(q + 2),
    )
    path = PathWorkspace(
        curve=np.empty((SIZE, n)),
        remaining=np.empty((SIZE, n)),
        derivative=np.empty(n),
        normals=np.empty((q + 1, q)),
        force=np.empty((SIZE, q)),
        multipliers=Multipliers(
            boundaries=np.empty(n, dtype=np.int64),
            gram=np.empty((n, n)),
            off=np.empty((SIZE, n)),
            on=np.empty((SIZE, n)),
        ),
        roots=RootWorkspace(
            speeds=np.empty((SIZE, n)),
            approach_speed=np.empty((SIZE, 1)),
            there=np.empty(q + 2),
            boosting=Boosting(part=np.empty((SIZE, q)), impulse=np.empty(q)),
            sensitive=np.empty(2),
            margin=margin,
        ),
        end=np.empty(q + 2),
        times=np.empty(8),
        push_factor=np.empty(n),
        tried=np.empty(n, dtype=np.int8),
        residual=np.empty(n),
        later=np.empty(n),
    )
    return EventWorkspace(reachable=make_reachable(n), group=group, path=path, margin=margin)
