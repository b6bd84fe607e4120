"""The desk on which one neuron at a time is followed: arrays laid out once, used for each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import allocating
from pipeline.flow.exact.curve import SIZE


class Desk(NamedTuple):
    """The arrays that following one neuron needs: laid out once, used for each.

    curve : float64[6, n]
        The residual from the present instant to the step's end.
    force : float64[6, q]
        D there.
    off, on : float64[6, n]
        The pulls of the boundaries slid along.
    speeds : float64[6, n]
        <D, x_k> from the present instant to the step's end.
    times : float64[8]
        When the events were (:func:`follow`).
    touching : bool[n]
        Whether those with a > 0 may get to a boundary (:mod:`~pipeline.flow.exact.marking`).
    ignored : bool[n]
        Whether those with a < 0 may get to a boundary.
    wait : float64[n]
        By what a push at a boundary must be larger than rounding: more where it has changed nothing.
    margin : float64[1]
        The share of |w||x_k| by which an error of the tolerance's size may shift a neuron; 0 if nobody asks.
    sensitive : float64[2]
        Where one neuron has been followed: when it first came that close to a decision, as a fraction of the
        step, inf if never; the same for one boundary, as a fraction of the time left.
    tried, later : int8[n], float64[n]
        States that are tried, and the residual for which they are.
    """

    gain: np.ndarray
    normals: np.ndarray
    boundaries: np.ndarray
    curve: np.ndarray
    force: np.ndarray
    part: np.ndarray
    rate: np.ndarray
    off: np.ndarray
    on: np.ndarray
    gram: np.ndarray
    there: np.ndarray
    push: np.ndarray
    spare: np.ndarray
    touching: np.ndarray
    ignored: np.ndarray
    turns: np.ndarray
    end: np.ndarray
    glance: np.ndarray
    alone: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    weights: np.ndarray
    pushes: np.ndarray
    times: np.ndarray
    speeds: np.ndarray
    margin: np.ndarray
    sensitive: np.ndarray
    tried: np.ndarray
    wait: np.ndarray
    later: np.ndarray


@allocating
def lay_desk(problem):
    """An empty desk."""
    n, q = problem.x.shape
    return Desk(
        np.empty(n), np.empty((q + 1, q)), np.empty(n, dtype=np.int64), np.empty((SIZE, n)), np.empty((SIZE, q)),
        np.empty((SIZE, q)), np.empty((SIZE, 1)), np.empty((SIZE, n)),
        np.empty((SIZE, n)), np.empty((n, n)), np.empty(q + 2), np.empty(q), np.empty((SIZE, n)),
        np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.empty(q + 2),
        np.empty(q + 2), np.empty(n), np.empty((q + 1, q + 2)), np.zeros(q + 1), np.empty((2, n)),
        np.empty((2, 1, q)), np.empty(8), np.empty((SIZE, n)),
        np.zeros(1), np.empty(2), np.empty(n, dtype=np.int8), np.empty(n), np.empty(n),
    )  # fmt: skip
