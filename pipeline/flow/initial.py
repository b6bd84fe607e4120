"""The start of the network, equation (4): w_j = lambda g_j with g_j ~ N(0, I_d), a_j = s_j |w_j|."""

from __future__ import annotations

from math import log

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from pipeline.configuration import InitConfig


def initialise(data: xr.Dataset, config: InitConfig) -> xr.Dataset:
    """Draw the neurons of equation (4).

    Parameters
    ----------
    data
        Stage 1's dataset; only its number of coordinates matters.
    config
        Width, scale and seed.

    Returns
    -------
    Dataset
        log_norm(neuron) = ln |w_j|, direction(neuron, coord), output_ratio(neuron) = s_j, and the scalar
        log_init_scale = ln lambda. Norms are logarithms because lambda = 1e-1000 is not a float.
    """
    validate("data", data)
    generator = np.random.default_rng(config.seed)
    g = generator.standard_normal((config.width, data.sizes["coord"]))
    signs = generator.choice([-1.0, 1.0], config.width)
    lengths = np.linalg.norm(g, axis=1)
    log_scale = config.log10_scale * log(10.0) - (0.5 * log(config.width) if config.per_sqrt_width else 0.0)
    initial = conform(
        "initial",
        {
            "log_norm": np.log(lengths) + log_scale,
            "direction": g / lengths[:, None],
            "output_ratio": signs,
            "log_init_scale": log_scale,
        },
    )
    initial["coord"].attrs.update(data["coord"].attrs)
    return initial
