"""The least of loss plus norm, the counterpart of stopping early: min 1/(2n) sum r_k^2 + beta times the norm of h.

The norm of h is the least 1/2 |theta|^2 of a network that is h. Over activation patterns (``program``) it is

    min 1/(2 n beta) |r|^2 + sum |u_i|  over u_i in the cone of P_i with  r + sum_i s_i gain_i <u_i, x> + F f = y,

where the columns F of an output's own bias or of a skip connection x -> <v, x> cost nothing. Its dual is

    max <q, y> - n beta/2 |q|^2  over the q with  |sum_k q_k phi(<u, x_k>)| <= 1  for all unit u  and  F^T q = 0,

with q = r/(n beta): a q that breaks this in the cone of a pattern says that the pattern is missing. For beta = 0
the residual is 0, and this is the least norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import SLOPE, Allowed, at_least_one, number, one_or_several
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import truth
from pipeline.minimal_norm.program import Blocks, constraints
from pipeline.minimal_norm.reduction import Reduced
from pipeline.minimal_norm.sphere import Chart, are_few, climb_from, largest, make_charts, peaks
from pipeline.network.activation import Activation
from pipeline.network.activation_patterns import each_once
from pipeline.network.points import take_points

VIOLATION = 1e-9
"""How far above 1 the dual function may be at the end."""
MOST_ADDED, MOST_ROUNDS = 40, 100
"""How many patterns are added at a time, and how often."""
ALL_AT_ONCE = 30
"""Up to how many patterns the program takes all of them."""
PENALTY = Allowed(least=0.0)
METHOD = "convex program over all activation patterns"
NOTHING = 1e-8
"""The share of the largest mass, and the mass in units of 1, below which a neuron is rounding."""


@dataclass(frozen=True)
class Problem:
    """The data in units of 1, in coordinates of their span.

    Attributes
    ----------
    reduced, charts
        As the least norm's modules take them; no two points are merged, for their labels may differ.
    free
        [point, column]: an orthonormal basis of what costs nothing.
    functions
        [point, 1 + coord of the span]: the constant and the linear functions that cost nothing, themselves.
    slope
        The leaky ReLU's.
    """

    reduced: Reduced
    charts: list[Chart]
    free: np.ndarray
    functions: np.ndarray
    slope: float


@dataclass(frozen=True)
class Minimum:
    """u[neuron, coord of the span], output sign[neuron], the free columns' f, and the dual q[point], allowed."""

    u: np.ndarray
    sign: np.ndarray
    f: np.ndarray
    q: np.ndarray


def penalised_minimum(
    data: xr.Dataset,
    penalty: float | Sequence[float] | np.ndarray,
    *,
    slope: float = 0.0,
    output_bias: bool = False,
    skip: bool = False,
) -> xr.Dataset:
    """Find the network of least 1/(2n) sum r^2 + penalty 1/2 |theta|^2, of any width, with a dual certificate.

    Parameters
    ----------
    data
        Any Dataset of x(point, coord) and y(point): labels may contradict each other.
    penalty
        beta, one or several, at least 0; 0 is the interpolator of least norm.
    slope
        The leaky ReLU's; 0 is the ReLU.
    output_bias
        Whether the output has a constant of its own, which costs nothing.
    skip
        Whether the output has a linear function <v, x> besides, which costs nothing.

    Returns
    -------
    Dataset
        Over ``penalty``: value (for penalty 0 the norm alone), lower_bound (of the dual certificate) and gap, all
        of them right whatever the solver did; loss and norm, which value is made of; residual(penalty, point);
        certificate(penalty, point), the q of the bound; weight(penalty, minimal_neuron, coord) and output_sign of
        neurons with |a| = |w|, padded with zeros; output_constant(penalty) and skip_weight(penalty, coord), the
        least that act so on the points, and free_part(penalty, point), what they add there.

    Raises
    ------
    RequestError
        If the activation patterns are too many to be known, or for penalty 0 no network fits.
    """
    data, slope = take_points(data), number("slope", slope, SLOPE)
    betas = at_least_one("penalty", one_or_several(penalty), PENALTY)
    problem, basis, units = _problem(data, slope, output_bias, skip)
    found: dict[int, Minimum] = {}
    blocks = _first(problem)
    for place in np.argsort(-betas):  # few neurons first, which the next one begins with
        found[int(place)], blocks = _solve(problem, blocks, betas[place] / (units[0] * units[1]))
    minima = [found[place] for place in range(len(betas))]
    return _labelled(data, betas, minima, problem, basis, units)


def check_patterns(data: xr.Dataset) -> None:
    """Refuse data of which no penalised minimum is found, before anything is computed.

    Raises
    ------
    RequestError
        If the activation patterns are too many to be known.
    """
    n, rank = data.sizes["point"], int(np.linalg.matrix_rank(data["x"].values))
    _refuse_many(n, rank)


def _refuse_many(n: int, rank: int) -> None:
    if n and not are_few(n, rank):
        raise RequestError(
            f"data: {n} points of rank {rank} have too many activation patterns for a certificate: allowed are "
            "some 1,400 points of rank 2, 150 of rank 3, 60 of rank 4"
        )


def vanishing_penalty(
    data: xr.Dataset, *, slope: float = 0.0, output_bias: bool = False, skip: bool = False
) -> float:
    """The least penalty at which no neuron is left: the largest |1/n sum_k r_k phi(<u, x_k>)| over |u| = 1.

    r is what the functions that cost nothing leave of the labels. Where there are none this is the largest |G| on
    the sphere: the rate at which the first neurons of a small start escape.

    Raises
    ------
    RequestError
        As :func:`penalised_minimum` does.
    """
    problem, _, units = _problem(take_points(data), number("slope", slope, SLOPE), output_bias, skip)
    labels, free = problem.reduced.labels, problem.free
    left = labels - free @ (free.T @ labels)
    if np.abs(left).max(initial=0.0) <= 1e-12:
        return 0.0
    return largest(left, problem.charts, problem.slope) / len(labels) * units[0] * units[1]


def _problem(
    data: xr.Dataset, slope: float, output_bias: bool, skip: bool
) -> tuple[Problem, np.ndarray, tuple[float, float]]:
    """The data in units of their largest sizes, and the basis of their span."""
    output_bias, skip = truth("output_bias", output_bias), truth("skip", skip)
    x, y = data["x"].values, data["y"].values
    units = float(np.linalg.norm(x, axis=1).max()) or 1.0, float(np.abs(y).max()) or 1.0
    _, sizes, rows = np.linalg.svd(x / units[0], full_matrices=False)
    # Zero vectors alone span nothing: one coordinate, in which they are 0.
    basis = rows[: max(1, int((sizes > 1e-12 * max(sizes.max(initial=0.0), 1e-300)).sum()))]
    points, labels = x / units[0] @ basis.T, y / units[1]
    n, rank = points.shape
    functions = np.hstack([np.full((n, 1), float(output_bias)), points * float(skip)])
    _refuse_many(n, rank)
    reduced = Reduced(
        points, labels, rank, np.arange(n), np.ones(n), units[1], basis, np.zeros(x.shape[1]), units[0], None
    )
    charts = make_charts(reduced)
    # Columns that the others already have: without them the program has one solution.
    left, sizes, _ = np.linalg.svd(functions, full_matrices=False)
    rank_of_free = int((sizes > 1e-12 * sizes.max(initial=1.0)).sum())
    return Problem(reduced, charts, left[:, :rank_of_free], functions, slope), basis, units


def _first(problem: Problem) -> Blocks:
    points = problem.reduced.points
    patterns = [chart.patterns for chart in problem.charts if chart.patterns is not None]
    few = patterns[0] if patterns and len(patterns[0]) <= ALL_AT_ONCE else points @ points.T > 0
    first = each_once(np.concatenate([few, np.ones((1, len(points)), dtype=bool)]))
    return Blocks(np.tile(first, (2, 1)), np.repeat([1, -1], len(first)))


def _solve(problem: Problem, blocks: Blocks, beta: float) -> tuple[Minimum, Blocks]:
    """The program with the patterns that its dual asks for, until it asks for none."""
    for _ in range(MOST_ROUNDS):
        u, f, q = _program(problem, blocks, beta)
        added = _missing(problem, blocks, q)
        if not len(added):
            break
        blocks = blocks.joined(added.pattern, added.sign)
    height = float(peaks(q, problem.charts, problem.slope, 1.0).height.max(initial=1.0))
    mass = np.linalg.norm(u, axis=1)
    kept = mass > NOTHING * mass.max(initial=1.0)
    return Minimum(u[kept], blocks.sign[kept], f, q / height), blocks


def _program(problem: Problem, blocks: Blocks, beta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The u[block, coord], f and q over these blocks, by an interior-point method."""
    import clarabel
    from scipy.sparse import csc_matrix, diags, hstack, vstack

    reduced, free = problem.reduced, problem.free
    (n, r), count = reduced.points.shape, len(blocks)
    matrix = constraints(reduced, blocks, problem.slope)
    rows = matrix.shape[0]
    residual = n if beta > 0 else 0
    others = np.hstack([np.eye(n, residual) * np.sqrt(n * max(beta, 0.0)), free])
    more = vstack([csc_matrix(others), csc_matrix((rows - n, others.shape[1]))])
    # The residual in units of sqrt(n beta): its square is of the size of the norm, whatever beta is.
    cost = np.concatenate([np.tile(np.eye(1, r + 1)[0], count), np.zeros(others.shape[1])])
    square = np.concatenate([np.zeros(count * (r + 1)), np.ones(residual), np.zeros(free.shape[1])])
    right = np.zeros(rows)
    right[:n] = reduced.labels
    cones = [clarabel.ZeroConeT(n)]
    for _ in range(count):
        cones += [clarabel.NonnegativeConeT(n), clarabel.SecondOrderConeT(r + 1)]
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    found = clarabel.DefaultSolver(
        csc_matrix(diags(square)), cost, csc_matrix(hstack([matrix, more])), right, cones, settings
    ).solve()
    values = np.array(found.x)
    u = values[: count * (r + 1)].reshape(count, r + 1)[:, 1:]
    q = -np.array(found.z[:n])
    return u, values[count * (r + 1) + residual :], q - free @ (free.T @ q)


def _missing(problem: Problem, blocks: Blocks, q: np.ndarray) -> Blocks:
    """The blocks that q asks for: first uphill of those there are, then anywhere."""
    charts, slope, level = problem.charts, problem.slope, 1.0 + VIOLATION
    if not np.isfinite(q).all() or np.abs(q).max(initial=0.0) > 1e10:  # it fits no labels yet: all that helps
        q, level = np.nan_to_num(q) / (np.abs(np.nan_to_num(q)).max() or 1.0), 1e-7
    starts = [each_once(blocks.pattern)] * len(charts)
    for tops in (climb_from(q, charts, slope, starts, level), peaks(q, charts, slope, level)):
        joined = blocks.joined(tops.pattern[:MOST_ADDED], tops.sign[:MOST_ADDED])
        if len(joined) > len(blocks):
            return Blocks(joined.pattern[len(blocks) :], joined.sign[len(blocks) :])
    return Blocks(blocks.pattern[:0], blocks.sign[:0])


def _labelled(
    data: xr.Dataset,
    betas: np.ndarray,
    minima: list[Minimum],
    problem: Problem,
    basis: np.ndarray,
    units: tuple[float, float],
) -> xr.Dataset:
    """All minima in the data's own units: what is stored is computed from the networks and the certificates."""
    x, y = data["x"].values, data["y"].values
    (n, d), count = x.shape, len(betas)
    most = max(len(one.sign) for one in minima)
    weight, sign = np.zeros((count, most, d)), np.zeros((count, most), dtype=np.int8)
    residual, free_part, q = (np.zeros((count, n)) for _ in range(3))
    constant, skip, norm = np.zeros(count), np.zeros((count, d)), np.zeros(count)
    for place, one in enumerate(minima):
        v = one.u @ basis * (units[1] / units[0])  # a_j |w_j| is |v_j|
        size = np.linalg.norm(v, axis=1)
        weight[place, : len(v)] = v / np.sqrt(size)[:, None]
        sign[place, : len(v)] = one.sign
        constant[place], skip[place] = _free_functions(one, problem, basis, units)
        free_part[place] = constant[place] + x @ skip[place]
        residual[place] = y - one.sign @ Activation(problem.slope).value(v @ x.T) - free_part[place]
        q[place], norm[place] = one.q / units[0], size.sum()
    _refuse_misfit(betas, residual, units[1])
    loss = 0.5 * np.mean(residual**2, axis=1)
    value = np.where(betas == 0, norm, loss + betas * norm)
    scale = np.where(betas == 0, 1.0, betas)
    bound = scale * (q @ y - 0.5 * n * betas * (q**2).sum(axis=1))
    return xr.Dataset(
        {
            "value": ("penalty", value, {"long_name": "loss + penalty norm; at 0 the norm alone"}),
            "lower_bound": ("penalty", bound, {"long_name": "dual bound of the value"}),
            "gap": ("penalty", value - bound, {"long_name": "value - lower_bound"}),
            "loss": ("penalty", loss, {"long_name": "1/(2n) sum r^2"}),
            "norm": ("penalty", norm, {"long_name": "least 1/2 |theta|^2 of the function"}),
            "residual": (("penalty", "point"), residual, {"long_name": "y_k - h(x_k)"}),
            "certificate": (("penalty", "point"), q, {"long_name": "dual certificate q_k"}),
            "weight": (("penalty", "minimal_neuron", "coord"), weight, {"long_name": "w, with |a| = |w|"}),
            "output_sign": (("penalty", "minimal_neuron"), sign, {"long_name": "sign of a; 0: no neuron"}),
            "output_constant": ("penalty", constant, {"long_name": "constant of the output"}),
            "skip_weight": (("penalty", "coord"), skip, {"long_name": "v of the skip connection <v, x>"}),
            "free_part": (("penalty", "point"), free_part, {"long_name": "constant + <v, x_k>"}),
        },
        {"penalty": ("penalty", betas, {"long_name": "beta"}), "point": data["point"], "coord": data["coord"]},
        {"slope": problem.slope, "method": METHOD},
    )


def _free_functions(
    one: Minimum, problem: Problem, basis: np.ndarray, units: tuple[float, float]
) -> tuple[float, np.ndarray]:
    """The constant and the weight of the skip connection in the data's own units: the least that act so."""
    f = np.linalg.lstsq(problem.functions, problem.free @ one.f)[0]
    return units[1] * f[0], units[1] / units[0] * f[1:] @ basis


def _refuse_misfit(betas: np.ndarray, residual: np.ndarray, size: float) -> None:
    """Raise where an interpolator was asked for and there is none."""
    misfit = np.abs(residual).max(axis=1) / size
    for place in np.flatnonzero((betas == 0) & (misfit > 1e-5)):
        raise RequestError(
            f"penalty[{place}] = 0: no network fits these labels (one misses them by {misfit[place]:.1g}); "
            "a penalty above 0 is allowed"
        )
