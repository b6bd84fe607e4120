"""The stage ``minimal_norm`` on labelled data: which method finds the minimum for these points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform
from pipeline.inputs.arguments import SLOPE, number
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import dataset, refuse_other_sizes, truth
from pipeline.minimal_norm.bound import rough_certificate
from pipeline.minimal_norm.interpolator import Network
from pipeline.minimal_norm.orthogonal import certificate_norm, closed_form
from pipeline.minimal_norm.penalised import METHOD, penalised_minimum
from pipeline.minimal_norm.reduction import Reduced, reduce
from pipeline.minimal_norm.search import KNOWN
from pipeline.minimal_norm.solution import UPPER_BOUND, Found, TooMany, in_units, least_norm
from pipeline.network.activation import Activation
from pipeline.network.algebra import weights, weights_at
from pipeline.network.one_input import OneInput
from pipeline.network.points import describe_points, take_points
from pipeline.network.threads import one_thread

NOT_KNOWN = "not known"
"""What the attribute ``method`` begins with where there is a lower bound at most."""


def minimal_norm(
    data: xr.Dataset,
    *,
    slope: float = 0.0,
    free_bias: bool = False,
    output_bias: bool = False,
    skip: bool = False,
    known: Sequence[xr.Dataset] = (),
) -> xr.Dataset:
    """The interpolator of least norm with a dual certificate, for any data.

    Parameters
    ----------
    data
        The dataset of the stage data.
    slope
        The leaky ReLU's; 0 is the ReLU.
    free_bias
        Whether the weights on the coordinate labelled "bias" do not count in the norm.
    output_bias, skip
        Whether the output has a constant, or a linear function <v, x>, of its own that does not count either.
    known
        Networks that fit the labels, or nearly so, as log_norm(neuron), direction(neuron, coord) and
        output_ratio(neuron): the value is no more than the norm of any that fits. Of a trajectory the end is
        taken.

    Returns
    -------
    Dataset
        value, lower_bound, gap, the certificate, and the neurons weight(minimal_neuron, coord) with their
        output_sign; |a| = |w| for each. The attribute ``method`` says how the value was found:

        - in closed form for orthogonal inputs (Proposition 1), or over one input with a free bias (``line``);
        - by the convex program over all activation patterns (in the plane, or over one input with a penalised
          bias, for thousands of points: ``plane``), or over some of which the dual certifies that they
          are enough: minimum and certificate are exact up to ``gap``;
        - by the program over sampled patterns, if there are too many, or by an interpolator of another origin (a
          known one, one of two neurons, one over directions that the dual asks for): the value is its norm, so an
          upper bound; lower_bound is valid but need not be close;
        - not known: value and gap are NaN and there are no neurons. No network fits the data, or they are too
          many for any of this.

        Over one input with a bias, ``kink`` and ``slope_change`` are those of the interpolator itself.
        ``freedom`` is the dimension of the set of minimal networks, up to how collinear neurons share (NaN
        where the patterns are sampled, or too many), ``patterns`` how many patterns were taken into account (0:
        none had to be). With a free bias the value is sum |a| |w without its bias|, the least of 1/2 |theta
        without biases|^2; the attribute ``free_coordinate`` says which coordinate that is. A constant costs
        nothing then: its neuron has a bias alone, and the value is an infimum. With an output bias or a skip
        connection, ``output_constant`` and ``skip_weight`` are beside the neurons, and the attribute
        ``free_functions`` names them.

    Raises
    ------
    RequestError
        If a free bias is wanted and there is no coordinate "bias", or it is not above 0 at every point; or beside
        free functions.
    """
    data, slope = describe_points(data), number("slope", slope, SLOPE)
    free_bias, known = truth("free_bias", free_bias), _known(data, known)
    output_bias, skip = truth("output_bias", output_bias), truth("skip", skip)
    if output_bias or skip:
        if free_bias:
            raise RequestError("free_bias = true: allowed without output_bias and skip only")
        return _with_kinks(_beside_free_functions(data, slope, output_bias, skip), data, slope)
    x, y = data["x"].values, data["y"].values
    nothing_at_zero = not y[~x.any(axis=1)].any()
    if slope == 0.0 and not free_bias and nothing_at_zero and float(data["largest_cosine"]) <= ORTHOGONAL:
        return _with_kinks(_closed(x, y), data, slope)
    bias = bias_coordinate(data) if free_bias else None
    attributes = {} if bias is None else {"free_coordinate": bias}
    reduced = reduce(x, y, bias)
    if isinstance(reduced, str):
        return _nothing(data, reduced, slope, attributes)
    networks = [reduced.neurons(w, a) for w, a in map(weights_of, known)]
    with one_thread(len(y)):
        found = least_norm(reduced, slope, networks)
    if isinstance(found, str):
        return _nothing(data, found, slope, attributes)
    return _with_kinks(_found(x, found, attributes), data, slope)


def _beside_free_functions(data: xr.Dataset, slope: float, output_bias: bool, skip: bool) -> xr.Dataset:
    """The least norm beside a constant or a linear function that costs nothing: the penalised minimum at 0."""
    attributes = {"free_functions": " ".join(["constant"] * output_bias + ["linear"] * skip)}
    try:
        found = penalised_minimum(data, 0.0, slope=slope, output_bias=output_bias, skip=skip).isel(penalty=0)
    except RequestError as error:
        return _nothing(data, str(error).partition(": ")[2], slope, attributes)
    names = ("value", "lower_bound", "certificate", "weight", "output_sign", "output_constant", "skip_weight")
    return _dataset(
        f"{METHOD}, beside what costs nothing",
        attributes,
        **{name: found[name].values for name in names},
        certificate_norm=1.0,
        freedom=np.nan,
    )


def _known(data: xr.Dataset, known: Any) -> list[xr.Dataset]:
    """The networks that the caller knows, each of the data's coordinates."""
    if not isinstance(known, list | tuple):
        raise RequestError(f"known is a {type(known).__name__}: a list of Datasets is allowed")
    names = ("log_norm", "direction", "output_ratio")
    found = [dataset(f"known[{i}]", one, "initialise or simulate", *names) for i, one in enumerate(known)]
    for i, network in enumerate(found):
        refuse_other_sizes(data=data[["x"]].drop_dims("point"), **{f"known[{i}]": network})
    return found


def weights_of(network: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The w(neuron, coord) and a(neuron) of a network, or of a trajectory's end."""
    if "time" in network.dims:
        return weights_at(network, -1)
    return weights(*(network[name].values for name in ("log_norm", "direction", "output_ratio")))


def bias_coordinate(data: xr.Dataset) -> int:
    """Which coordinate of the data is the bias.

    Raises
    ------
    RequestError
        If there is none that could be left free.
    """
    data = take_points(data)
    names = str(data["coord"].attrs["labels"]).split()
    if "bias" not in names:
        raise RequestError(
            "analysis.free_bias = true: allowed for data with a coordinate named 'bias' only (data.bias = true)"
        )
    bias = names.index("bias")
    values = data["x"].values[:, bias]
    if not (values > 0).all():
        k = int(np.argmin(values))
        raise RequestError(
            f"analysis.free_bias = true: the bias coordinate of data.x[{k}] is {values[k]:g}, allowed is above 0"
        )
    return bias


def _closed(x: np.ndarray, y: np.ndarray) -> xr.Dataset:
    weight, output_sign, certificate = closed_form(x, y)
    return _dataset(
        "closed form for orthogonal inputs",
        {},
        value=float(np.sum(weight**2)),
        certificate=certificate,
        certificate_norm=certificate_norm(certificate, x),
        lower_bound=float(certificate @ y),
        weight=weight,
        output_sign=output_sign,
        # One point of a sign or many: v_+ and v_- alone are active, and independent on the data.
        freedom=0.0,
        patterns=0.0,
    )


def _found(x: np.ndarray, found: Found, attributes: dict[str, Any]) -> xr.Dataset:
    exact = found.interpolates
    missed = f"{NOT_KNOWN}: the {found.method.partition(':')[0]} misses the labels by {found.misfit:.1g}"
    certificate = np.zeros(len(x))
    certificate[found.point] = found.certificate
    return _dataset(
        found.method if exact else missed,
        attributes,
        value=found.value if exact else np.nan,
        certificate=certificate,
        certificate_norm=found.certificate_norm,
        lower_bound=found.lower_bound,
        weight=found.weight if exact else np.empty((0, x.shape[1])),
        output_sign=found.sign if exact else np.empty(0),
        freedom=found.freedom if exact else np.nan,
        patterns=float(found.patterns),
    )


def replaced(
    minimum: xr.Dataset, data: xr.Dataset, reduced: Reduced, network: Network, slope: float
) -> xr.Dataset:
    """``minimum`` with another interpolator, known from elsewhere; its certificate is the same."""
    value, weight = in_units(reduced, network)
    values = values_of(minimum)
    values |= {"value": value, "gap": value - values["lower_bound"], "freedom": np.nan}
    values |= {"weight": weight, "output_sign": network.sign}
    kept = {name: found for name, found in values.items() if name not in KINKS}
    attributes = dict(minimum.attrs) | {"method": f"{KNOWN}: {UPPER_BOUND}"}
    return _with_kinks(conform("minimum", kept, attributes), data, slope)


def with_penalised(minimum: xr.Dataset, penalised: xr.Dataset) -> xr.Dataset:
    """``minimum`` beside its penalised counterparts, of :func:`penalised_minimum`."""
    names = {f"penalised_{name}": penalised[name].values for name in ("loss", "norm", "lower_bound", "residual")}
    values = values_of(minimum) | names | {"penalty": penalised["penalty"].values}
    return conform("minimum", values, dict(minimum.attrs))


def values_of(minimum: xr.Dataset) -> dict[str, Any]:
    """The arrays of a minimum by name, the penalties of its penalised counterparts among them."""
    names = [*minimum.data_vars, *({"penalty"} & minimum.variables.keys())]
    return {str(name): minimum.variables[name].values for name in names}


KINKS = ("kink", "slope_change")


def _with_kinks(minimum: xr.Dataset, data: xr.Dataset, slope: float) -> xr.Dataset:
    """With the interpolator's kinks, if the data is over one input with a constant bias."""
    one = OneInput.of(data, Activation(slope))
    if one is None or one.bias_column is None:
        return minimum
    weight = minimum["weight"].values
    kinks = {
        "kink": one.kinks(weight),
        # a |w_1| (1 - slope): a neuron bends the function upwards by it whichever way it looks.
        "slope_change": (1.0 - slope)
        * minimum["output_sign"].values
        * np.linalg.norm(weight, axis=1)
        * np.abs(weight[:, one.column]),
    }
    values = {str(name): variable.values for name, variable in minimum.data_vars.items()}
    return conform("minimum", values | kinks, dict(minimum.attrs))


def _nothing(data: xr.Dataset, why: str, slope: float, attributes: dict[str, Any]) -> xr.Dataset:
    """No minimum; where there are interpolators, a lower bound of them (0 with a free bias)."""
    x, y = data["x"].values, data["y"].values
    certificate, norm = np.zeros(len(y)), 0.0
    if isinstance(why, TooMany) and not attributes:
        certificate, norm = rough_certificate(x, y, slope)
    return _dataset(
        f"{NOT_KNOWN}: {why}",
        attributes,
        value=np.nan,
        certificate=certificate,
        certificate_norm=norm,
        lower_bound=float(certificate @ y),
        weight=np.empty((0, x.shape[1])),
        output_sign=np.empty(0),
        freedom=np.nan,
        patterns=0.0,
    )


def _dataset(method: str, attributes: dict[str, Any], **values: Any) -> xr.Dataset:
    gap = values["value"] - values["lower_bound"]
    return conform("minimum", values | {"gap": gap}, {"method": method, **attributes})
