"""From arrays to all that is known of a run, in one call: no file, no catalog."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import xarray as xr

from pipeline import RequestError
from pipeline.configuration import RunConfig, load_config
from pipeline.data import data_set, held_out_arrays
from pipeline.flow import given_weights
from pipeline.inputs.kinds import truth
from pipeline.network.points import coordinate_names
from pipeline.workflow.computation import run
from pipeline.workflow.notebook_progress import notebook_progress

_TABLES = ("init", "flow", "analysis")
SHORTEST = 4
"""Letters of a wrong key that is looked for inside of others: ``scale`` means ``log10_scale``."""


def fit(
    x: Any,
    y: Any = None,
    *,
    bias: bool = False,
    test: Any = None,
    catalog: Any = None,
    progress: bool | None = None,
    **keys: Any,
) -> xr.DataTree:
    """Follow the gradient flow on arrays of your own, and analyse it.

    Parameters
    ----------
    x, y, bias, test
        As :func:`pipeline.data_set` takes them.
    catalog
        From ``open_catalog``, or what it takes, to keep the run, or to find it; None: nothing is kept.
    progress
        Whether to say what is being done; None: in a notebook.
    keys
        Any key of the tables ``[init]``, ``[flow]`` and ``[analysis]`` by its own name: width, log10_scale, seed,
        slope, end_time, tolerance, free_bias, penalty ... Weights of your own: w and a, or w alone, a torch model
        or its state dict; or a file of them.

    Returns
    -------
    DataTree
        The groups data, trajectory, phases, plateaus, clusters, function, minimal_norm and statements, as
        :func:`pipeline.run` returns them.

    Raises
    ------
    RequestError
        Naming the argument that is not known, or not allowed.
    """
    config = configuration_of(data_set(x, y), truth("bias", bias), test, keys)
    progress = None if progress is None else truth("progress", progress)
    with notebook_progress(progress) as stages:
        return run(config, catalog, stages=stages)


def configuration_of(data: xr.Dataset, bias: bool, test: Any, keys: dict[str, Any]) -> RunConfig:
    """Write a data set and keys without their tables as a configuration.

    Raises
    ------
    RequestError
    """
    dotted: dict[str, Any] = {
        "data.x": data["x"].values,
        "data.y": data["y"].values,
        "data.bias": bias,
    }
    if test is not None:
        dotted["data.test.x"], dotted["data.test.y"] = held_out_arrays(test)
    names = str(data["coord"].attrs["labels"]).split()
    if names != coordinate_names(len(names)):
        dotted["data.names"] = names
    tables = {key: f"{table}.{key}" for table in reversed(_TABLES) for key in _keys_of(table)}
    for key, value in keys.items():
        if key not in tables:
            around = [one for one in tables if len(key) >= SHORTEST and key in one]
            near = around or get_close_matches(key, tables, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise RequestError(f"{key} is not a known key{hint}: allowed are {', '.join(sorted(tables))}")
        dotted[tables[key]] = value
    if keys.get("w") is not None:
        given = given_weights(keys["w"], keys.get("a"))
        if given.log_size.any():
            raise RequestError("w: weights of any scale are allowed as file = ....npz only, or in given_start")
        dotted |= {"init.w": given.w, "init.a": given.a}
    if {"w", "a", "file"} & keys.keys() and "start" not in keys:
        dotted["init.start"] = "given"
    return load_config(dotted)


def _keys_of(table: str) -> list[str]:
    model: Any = RunConfig.model_fields[table].annotation
    return [key for key in model.model_fields if key != "file_sha256"]
