"""The labelled layer of stage 4: which way to the minimum there is for this data and this activation."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform, validate
from pipeline.minimal_norm.orthogonal import certificate_norm, closed_form
from pipeline.minimal_norm.unknown import certificate_bound, feasible_certificate

NOT_KNOWN = "not known"
"""What the attribute ``method`` begins with where there is a lower bound alone."""


def minimal_norm(data: xr.Dataset, *, slope: float = 0.0) -> xr.Dataset:
    """The interpolator of least norm, where it is known; else what bounds it from below.

    Parameters
    ----------
    data
        Stage 1's dataset.
    slope
        The leaky ReLU's; 0 is the ReLU.

    Returns
    -------
    Dataset
        value, lower_bound, gap, the certificate, and the neurons weight(minimal_neuron, coord) with their
        output_sign; |a| = |w| for each. The attribute ``method`` says how the value was found. For oblique
        inputs and for a leaky ReLU it says that it is not known: then value and gap are NaN, there are no
        neurons, and lower_bound is valid but far from tight.
    """
    validate("data", data)
    x, y = data["x"].values, data["y"].values
    cosine = float(data["largest_cosine"])
    if slope == 0.0 and cosine <= ORTHOGONAL:
        return _known(x, y)
    return _unknown(x, y, slope, f"leaky ReLU (slope {slope:g})" if slope else _oblique(cosine))


def _oblique(cosine: float) -> str:
    return f"oblique inputs (largest cosine {cosine:.3g})"


def _known(x: np.ndarray, y: np.ndarray) -> xr.Dataset:
    weight, output_sign, certificate = closed_form(x, y)
    value = float(np.sum(weight**2))
    return _dataset(
        "closed form for orthogonal inputs",
        value=value,
        certificate=certificate,
        certificate_norm=certificate_norm(certificate, x),
        lower_bound=float(certificate @ y),
        weight=weight,
        output_sign=output_sign,
    )


def _unknown(x: np.ndarray, y: np.ndarray, slope: float, why: str) -> xr.Dataset:
    certificate = feasible_certificate(x, y, slope)
    return _dataset(
        f"{NOT_KNOWN}: {why}",
        value=np.nan,
        certificate=certificate,
        certificate_norm=certificate_bound(certificate, x, slope),
        lower_bound=float(certificate @ y),
        weight=np.empty((0, x.shape[1])),
        output_sign=np.empty(0, dtype=np.int8),
    )


def _dataset(method: str, **values: Any) -> xr.Dataset:
    gap = values["value"] - values["lower_bound"]
    return conform("minimum", values | {"gap": gap}, {"method": method})
