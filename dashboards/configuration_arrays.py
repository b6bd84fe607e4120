"""The configuration of a published run with arrays in place of files, which this machine may not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from pipeline.configuration import RunConfig, override


def embed_arrays(config: RunConfig, opened: Callable[[], xr.DataTree]) -> RunConfig:
    """Replace the files of a configuration by the points and weights that they hold.

    Parameters
    ----------
    config
        The configuration of a published run, whose files have names without folders.
    opened
        Opens the run, whose groups hold the same numbers; called only if there is a file.

    Returns
    -------
    RunConfig
        The same points and weights, up to the last digit; without a file the configuration as it is.

    Raises
    ------
    CatalogError
        If the run can't be opened.
    """
    held_out = None if config.data.test is None else config.data.test.file
    if all(one is None for one in (config.data.file, config.init.file, config.init.from_run, held_out)):
        return config
    tree, keys = opened(), dict[str, Any]()
    if config.data.file is not None:
        data = tree["data"].to_dataset()
        x = np.asarray(data["x"].values)
        given = x[:, :-1] if config.data.bias else x  # the bias was appended
        keys |= {"data.file": None, "data.x": given, "data.y": data["y"].values}
    if held_out is not None:
        unseen = tree["data"].to_dataset()
        x = np.asarray(unseen["test_x"].values)
        keys |= {
            "data.test.file": None,
            "data.test.x": x[:, :-1] if config.data.bias else x,
            "data.test.y": unseen["test_y"].values,
        }
    if config.init.file is not None or config.init.from_run is not None:
        start = tree["trajectory"].to_dataset()[["direction", "log_norm", "output_ratio"]].isel(time=0).load()
        norm = np.exp(start["log_norm"].values)
        weights = {
            "init.w": norm[:, None] * start["direction"].values,
            "init.a": norm * start["output_ratio"].values,
        }
        taken = {"init.start": "given", "init.file": None, "init.from_run": None, "init.from_time": None}
        keys |= taken | weights
    return override(config, keys)
