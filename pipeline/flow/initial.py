"""The start of the network: drawn by equation (4), balanced or not, or given by the user."""

from __future__ import annotations

from math import log

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from pipeline.configuration import GivenWeights, InitConfig, as_table, read_weights
from pipeline.flow.draws import draw
from pipeline.inputs.errors import RequestError
from pipeline.network.points import take_points

SMALLEST, LARGEST = 1e-150, 1e150
"""The sizes of given weights whose squares and quotients are floats, and the largest output whose square is."""
ROUNDING = 1e-14
"""How far |a_j|/|w_j| of given weights may be from 1 and still mean 1: a balanced run's own weights, written down
and read again, are balanced up to the rounding of |w_j|, and an imbalance grows where a neuron shrinks."""


def initialise(data: xr.Dataset, config: InitConfig) -> xr.Dataset:
    """Draw the neurons of equation (4), w_j = lambda g_j with g_j ~ N(0, I_d), or take the given ones.

    Parameters
    ----------
    data
        The dataset of the stage data; of it matter the number of coordinates and the largest size.
    config
        The start: ``balanced`` (a_j = s_j |w_j|), ``unbalanced`` (a_j = lambda times a standard Gaussian
        number; the w_j are the balanced ones of the same seed), ``dominated``, ``torch`` or ``given``; width,
        scale and seed. A whole configuration, or its name, stands for its ``[init]``.

    Returns
    -------
    Dataset
        log_norm(neuron) = ln |w_j|, direction(neuron, coord), output_ratio(neuron) = a_j/|w_j|, and the scalar
        log_init_scale = ln lambda; for given weights, of the root mean square of the entries of w. Norms are
        logarithms because lambda = 1e-1000 is not a float.

    Raises
    ------
    RequestError
        If given weights don't fit the data, or could not move, or the network's output is so large that the
        loss is no float.
    """
    data, config = take_points(data), as_table(config, InitConfig)
    if config.start == "given":
        given = read_weights(config)
        if (wrong := config.width_problem(len(given.w))) is not None:
            raise RequestError(f"init.{wrong}")
        refuse_impossible(given.w, given.a, data.sizes["coord"])
        initial = network_of(given)
    elif config.start == "run":
        raise RequestError(
            f"init.from_run = {config.from_run!r}: allowed with a run of a catalog only; elsewhere "
            "start_from(run, time) takes its network over, or a file: reluflow export RUN weights.npz"
        )
    else:
        labels = str(data["coord"].attrs.get("labels", "")).split()
        drawn = draw(config, data.sizes["coord"], labels[-1:] == ["bias"])
        refuse_lopsided(drawn.ratio)
        initial = conform(
            "initial",
            {
                "log_norm": drawn.log_norm,
                "direction": drawn.direction,
                "output_ratio": _exact_where_balanced(drawn.ratio),
                "log_init_scale": drawn.log_scale,
            },
        )
    refuse_overflow(data, initial, config)
    initial.variables["coord"].attrs.update(data.variables["coord"].attrs)
    return initial


def take_start(init: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Return a start in the form that every method computes with, if it is one on these data.

    Raises
    ------
    RequestError
        If it is none, or of another number of coordinates.
    """
    if not isinstance(init, xr.Dataset):
        raise RequestError(
            f"init is a {type(init).__name__}: allowed is what initialise, start or given_start returns"
        )
    try:
        init = validate("initial", init)
    except ValueError as error:
        hint = "; reluflow.start_from(trajectory, time) takes one sample" if "time" in init.dims else ""
        raise RequestError(f"init: {error}{hint}") from None
    if init.sizes["coord"] != data.sizes["coord"]:
        raise RequestError(
            f"init has neurons of {init.sizes['coord']} coordinates: allowed is {data.sizes['coord']}, as the "
            "data have (the bias is one of them)"
        )
    return init


def network_of(given: GivenWeights) -> xr.Dataset:
    """Label the weights of a network as the start of a flow."""
    w, a, log_size = given
    lengths = np.linalg.norm(w, axis=1)
    if log_size.any():  # the directions of a run come back as they were
        lengths = np.where(np.abs(lengths - 1.0) <= ROUNDING, 1.0, lengths)
    values = {
        "log_norm": np.log(lengths) + log_size,
        "direction": w / lengths[:, None],
        "output_ratio": _ratio(a, lengths),
    }
    largest = float(log_size.max())  # |w| of 1e-1000 is no float: in units of the largest it is
    scale = largest + _log_root_mean_square(np.exp(log_size - largest)[:, None] * w)
    return conform("initial", values | {"log_init_scale": scale})


def refuse_impossible(w: np.ndarray, a: np.ndarray, d: int | None, table: str = "init.") -> None:
    """Raise for given weights (m, d) and (m,) that don't fit, or can't start a flow.

    Parameters
    ----------
    d
        How many coordinates the data have; None if that is not known.
    table
        Where w and a stand, for the message.

    Raises
    ------
    RequestError
    """
    if d is not None and w.shape[1] != d:
        raise RequestError(
            f"{table}w has rows of {w.shape[1]} numbers: allowed is {d}, the number of the data's coordinates "
            "(the bias is one of them)"
        )
    for name, values in (("w", w), ("a", a)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            place = "".join(f"[{i}]" for i in bad[0])
            raise RequestError(f"{table}{name}{place} = {values[tuple(bad[0])]}: a finite number is allowed")
        sizes = np.abs(values).reshape(len(values), -1).max(axis=1)
        for j in np.flatnonzero((sizes > LARGEST) | ((sizes > 0) & (sizes < SMALLEST))):
            raise RequestError(
                f"{table}{name}[{j}] is of the size {sizes[j]:g}: {SMALLEST:g} to {LARGEST:g} is allowed; at any "
                "scale as log_norm, direction and output_ratio"
            )
    for j in np.flatnonzero(~w.any(axis=1)):
        raise RequestError(
            f"{table}w[{j}] is the zero vector: with relu'(0) = 0 that neuron never moves, leave it out with its a"
        )


def refuse_overflow(data: xr.Dataset, initial: xr.Dataset, config: InitConfig) -> None:
    """Raise if the network's output at the data may be too large for a float to square.

    Raises
    ------
    RequestError
    """
    longest = float(np.linalg.norm(data.variables["x"].values, axis=1).max())
    start = initial.variables
    with np.errstate(divide="ignore"):  # an a_j of 0 adds nothing, which is ln 0
        outputs = 2.0 * start["log_norm"].values + np.log(np.abs(start["output_ratio"].values))
        largest = float(np.logaddexp.reduce(outputs) + np.log(longest))
    if largest > log(LARGEST):
        key = "w and a" if config.start == "given" else f"log10_scale = {config.log10_scale:g}"
        raise RequestError(
            f"init.{key}: with these points the network's output is up to 1e{largest / log(10.0):+.0f}: "
            f"at most {LARGEST:g} is allowed"
        )


def refuse_lopsided(ratio: np.ndarray) -> None:
    """Raise if a_j and |w_j| are so far apart that their quotient is no float that can be squared.

    Raises
    ------
    RequestError
    """
    sizes = np.abs(ratio)
    if not ((sizes <= LARGEST) & (sizes >= SMALLEST)).all():
        raise RequestError(
            "init.log10_output_scale: |a|/|w| of a neuron would be beyond "
            f"{SMALLEST:g} to {LARGEST:g}, which is allowed"
        )


def _ratio(a: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return _exact_where_balanced(a / lengths)


def _exact_where_balanced(ratio: np.ndarray) -> np.ndarray:
    return np.where(np.abs(np.abs(ratio) - 1.0) <= ROUNDING, np.sign(ratio), ratio)


def _log_root_mean_square(w: np.ndarray) -> float:
    largest = float(np.abs(w).max())
    return log(largest) + 0.5 * log(float(np.mean((w / largest) ** 2)))
