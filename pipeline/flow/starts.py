"""Starts made in Python, without a configuration: drawn, given as arrays, or where another flow was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from catalog.schema import conform
from catalog.schema.blocks import at_instant
from pipeline.configuration import (
    Arrays,
    GivenWeights,
    InitConfig,
    load_config,
    network_arrays,
    one_row,
    open_arrays,
)
from pipeline.flow.initial import initialise, network_of, refuse_impossible
from pipeline.inputs.arguments import matrix
from pipeline.inputs.errors import RequestError
from pipeline.network.samples import Weights, sample_at, trajectory_of


def start(data: xr.Dataset, **keys: Any) -> xr.Dataset:
    """Draw the start of a network on ``data``: the keys of ``[init]`` as arguments.

    Parameters
    ----------
    data
        From :func:`pipeline.data_set`, or any Dataset of x(point, coord) and y(point).
    keys
        width, log10_scale, seed and the others of :class:`pipeline.RunConfig`'s table ``[init]``, at their
        defaults where nothing is said.

    Returns
    -------
    Dataset
        As :func:`pipeline.initialise` returns it.

    Raises
    ------
    RequestError
        If a key is not known, or its value is not allowed.
    """
    dotted = {f"init.{key}": value for key, value in keys.items()}
    config: InitConfig = load_config({"data.x": [[1.0]], "data.y": [1.0]} | dotted).init
    return initialise(data, config)


def given_start(w: Any, a: Any = None) -> xr.Dataset:
    """Label weights of your own as the start of a flow.

    Parameters
    ----------
    w
        The neurons, (m, d), with the weight on the bias last where there is one; or (m,) of one coordinate. Or all
        of a network: what :func:`pipeline.weights` returns, a torch model with two linear layers, its state dict,
        any mapping with such names (of w and a; or, for weights of any scale, of log_norm, direction and
        output_ratio), or a file of one (npz, pt).
    a
        The output weights, (m,), (1, m) or (m, 1).

    Returns
    -------
    Dataset
        As :func:`pipeline.initialise` returns it.

    Raises
    ------
    RequestError
        Naming the argument that does not fit, or the neuron that could not move.

    Examples
    --------
    >>> given_start([[0.5, 1.0], [0.0, -1.0]], [1.0, 0.0])["output_ratio"].values.tolist()
    [0.8944271909999159, 0.0]
    """
    given = given_weights(w, a)
    refuse_impossible(given.w, given.a, None, table="")
    return network_of(given)


def given_weights(w: Any, a: Any = None) -> GivenWeights:
    """Take weights of your own in any of the forms of :func:`given_start`.

    Raises
    ------
    RequestError
    """
    if a is None and isinstance(w, Weights):
        w, a = w
    if a is None:
        arrays = arrays_of("w", w)
        if arrays is None:
            raise RequestError("a is missing: allowed is one output weight for each neuron")
        try:
            return network_arrays(arrays)
        except ValueError as error:
            raise RequestError(f"w: {error}") from None
    if isinstance(w, Mapping | str | Path) or hasattr(w, "state_dict"):
        raise RequestError("a: nothing is allowed where w is a whole network")
    neurons = matrix("w", w)
    row = one_row(matrix("a", a), len(neurons))
    if row.shape != (len(neurons),):
        raise RequestError(
            f"a has the shape {row.shape} for the {len(neurons)} neurons of w: allowed is one number for each"
        )
    return GivenWeights(neurons, row, np.zeros(len(neurons)))


def arrays_of(name: str, network: Any) -> Arrays | None:
    """The named arrays of a torch model, a state dict, a mapping, or a file of one; None of anything else.

    Raises
    ------
    RequestError
        If the file can't be read.
    """
    if hasattr(network, "state_dict"):
        network = network.state_dict()
    if isinstance(network, str | Path):
        try:
            return open_arrays(network)
        except OSError as error:
            raise RequestError(f"{name} = {str(network)!r}: {error.strerror or error}") from None
        except ValueError as error:
            raise RequestError(f"{name} = {str(network)!r}: {error}") from None
    if not isinstance(network, Mapping):
        return None
    return Arrays(tuple(map(str, network)), lambda key: _plain(network[key]))


def start_from(trajectory: xr.Dataset | xr.DataTree, time: float | None = None) -> xr.Dataset:
    """Take the network of a trajectory at one of its samples as a start, at any scale.

    Parameters
    ----------
    trajectory
        From :func:`pipeline.simulate`, or a whole run, in memory or from a catalog.
    time
        The paper's t, of which the nearest sample is taken; None: the end. The new flow's time begins at 0.

    Returns
    -------
    Dataset
        As :func:`pipeline.initialise` returns it; lambda is the root mean square of the entries of w. With the
        activation there: a neuron may rest on a boundary, where rounding decides on which side its w is.

    Raises
    ------
    RequestError
        If there is no such time in the run.
    """
    trajectory = trajectory_of(trajectory)
    sample = sample_at(trajectory, time)
    log_norm, direction, ratio = at_instant(trajectory, sample, "log_norm", "direction", "output_ratio")
    states = at_instant(trajectory, sample, "activation") if "activation" in trajectory.variables else ()
    # |w|^2 of a start of 1e-1000 is no float: its logarithm is.
    log_scale = 0.5 * (float(logsumexp(2.0 * log_norm)) - np.log(direction.size))
    initial = conform(
        "initial",
        {"log_norm": log_norm, "direction": direction, "output_ratio": ratio, "log_init_scale": log_scale}
        | dict(zip(["activation"], states, strict=False)),
    )
    initial.variables["coord"].attrs.update(trajectory.variables["coord"].attrs)
    return initial


def _plain(tensor: Any) -> Any:
    return tensor.detach().cpu().double().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)
