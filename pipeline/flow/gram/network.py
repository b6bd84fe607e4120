"""The neurons of a network, each in a unit of its own, in which (|w_j|^2 + a_j^2)/2 = 1 at a step's start.

A balanced one has |w_j| = |a_j| = 1 there: no neuron is told apart from others by that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

OFF, ON, SLIDING = -1.0, 1.0, 0.0
"""The three states of a point for a neuron, as ``side`` has them."""


class Data(NamedTuple):
    """Points, labels, and all products of points.

    x : float64[n, q]
    gram : float64[n, n]
        <x_k, x_l>.
    y : float64[n]
    slope : float
        Of the leaky ReLU.
    scale : float
        The labels' root mean square.
    length : float64[n]
        |x_k|.
    direct : bool
        Whether products with ``gram`` are cheaper than those with ``x`` and its transpose.
    """

    x: np.ndarray
    gram: np.ndarray
    y: np.ndarray
    slope: float
    scale: float
    length: np.ndarray
    direct: bool


class Network(NamedTuple):
    """The neurons at a step's start.

    w : float64[m, q]
    log_norm : float64[m]
        ln of the unit.
    sign, size, imbalance : float64[m]
        s_j, |a_j| and a_j^2 - |w_j|^2 (Lemma 1), which is 0 to the bit of a balanced neuron.
    g : float64[m, n]
        <w_j, x_k>.
    side : float64[m, n]
        ON, OFF or SLIDING.
    """

    w: np.ndarray
    log_norm: np.ndarray
    sign: np.ndarray
    size: np.ndarray
    imbalance: np.ndarray
    g: np.ndarray
    side: np.ndarray


class Trial(NamedTuple):
    """The neurons within a step, in the unit of its start.

    g, side : float64[m, n]
    sign, size : float64[m]
        s_j and |a_j|.
    moved : float64[m, n]
        What was added to w_j so far is the sum of moved_jk x_k.
    speed : float64[m, n]
        s_j <D_j, x_k>, in the end for the residual there.
    active_impulse : float64[m, n]
        Workspace: the impulse of each point that is active.
    force : float64[m, q]
        Workspace.
    """

    g: np.ndarray
    side: np.ndarray
    sign: np.ndarray
    size: np.ndarray
    moved: np.ndarray
    speed: np.ndarray
    active_impulse: np.ndarray
    force: np.ndarray


def make_data(x: np.ndarray, y: np.ndarray, slope: float, gram: np.ndarray | None = None) -> Data:
    """Points ``x`` (n, q) and labels ``y`` (n,)."""
    n, q = x.shape
    x = np.ascontiguousarray(x, dtype=float)
    gram = np.ascontiguousarray(x @ x.T) if gram is None else gram
    scale = float(np.sqrt(np.mean(y**2))) or 1.0
    return Data(x, gram, np.array(y, dtype=float), float(slope), scale, np.sqrt(np.diag(gram)), bool(n <= 2 * q))


def make_network(data: Data, z: np.ndarray, log_norm: np.ndarray) -> Network:
    """The network whose neurons are exp(log_norm) (w, a), with (w, a, a^2 - |w|^2) the rows of z (m, q + 2)."""
    w, a, imbalance = np.array(z[:, :-2], order="C"), z[:, -2], np.array(z[:, -1])
    g = np.ascontiguousarray(w @ data.x.T)
    side = (ON - OFF) * (g > 0.0) + OFF  # where(...) takes three times as long
    sign = np.where(a > 0.0, 1.0, -1.0)
    return Network(w, np.array(log_norm), sign, np.abs(a), imbalance, g, side)


def make_trial(data: Data, m: int) -> Trial:
    """Room for the same."""
    (n, q), rows = data.x.shape, [np.zeros((m, data.x.shape[0])) for _ in range(5)]
    del n
    return Trial(rows[0], rows[1], np.ones(m), np.ones(m), rows[2], rows[3], rows[4], np.zeros((m, q)))
