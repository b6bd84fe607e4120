"""The Gauss collocation method with s nodes, and the polynomials that belong to it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial, legendre


class Tableau(NamedTuple):
    """The method on [0, 1]; l_i are the Lagrange polynomials of its nodes, L_i their integrals from 0.

    nodes, places : tuple of s and of q floats
        The nodes; and those of a Gauss rule on [0, 1] for what is integrated over a part of a step, of degree
        3 s - 2. Tuples, whose lengths are known when the kernels are compiled: loops over s are written out.
    weights, shares, inverse : float64[s], float64[q], float64[s]
        The weights of both; and one over those of the nodes.
    inner : float64[s, s]
        L_l at node i.
    end : float64[s + 1]
        What the value at 0 and those at the nodes weigh in their polynomial's value at 1.
    through : float64[s + 1, s + 1]
        ``through[q, i]``: the coefficient of t^q in the polynomial that is 1 at 0 (i = 0) or at node i - 1.
    basis : float64[s, s]
        ``basis[i, q]``: the coefficient of t^q in l_i.
    integral : float64[s, s + 1]
        The same of L_i.
    """

    nodes: tuple[float, ...]
    places: tuple[float, ...]
    weights: np.ndarray
    shares: np.ndarray
    inverse: np.ndarray
    inner: np.ndarray
    end: np.ndarray
    through: np.ndarray
    basis: np.ndarray
    integral: np.ndarray


def gauss_rule(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the Gauss rule on [0, 1]."""
    nodes, weights = legendre.leggauss(count)
    return 0.5 * (1.0 + nodes), 0.5 * weights


def lagrange(nodes: np.ndarray) -> list[Polynomial]:
    """The polynomials that are 1 at one of the nodes and 0 at the others."""
    found = []
    for i, node in enumerate(nodes):
        others = np.delete(nodes, i)
        found.append(Polynomial.fromroots(others) / np.prod(node - others))
    return found


@cache  # to find one takes as long as a short run
def gauss(stages: int) -> Tableau:
    """The Gauss method with so many nodes: of order 2 ``stages``, and |a|^2 - |w|^2 stays what it is."""
    nodes, weights = gauss_rule(stages)
    basis = lagrange(nodes)
    integral = [polynomial.integ() for polynomial in basis]
    through = lagrange(np.concatenate([[0.0], nodes]))
    places, shares = gauss_rule((3 * stages) // 2)
    return Tableau(
        tuple(nodes.tolist()),
        tuple(places.tolist()),
        weights,
        shares,
        1.0 / weights,
        np.array([[whole(node) for whole in integral] for node in nodes]),
        np.array([polynomial(1.0) for polynomial in through]),
        np.ascontiguousarray(np.array([polynomial.coef for polynomial in through]).T),
        np.array([polynomial.coef for polynomial in basis]),
        np.array([polynomial.coef for polynomial in integral]),
    )
