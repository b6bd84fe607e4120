"""The cube's dimensions: what each swept key is called, and how its values stand there as numbers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from pipeline.sweep.grid import PATHS, Axis, takes_whole_numbers

SCALE = "init.log10_scale"
MOST_FLAGS = 127
"""What an int8 counts to."""
LARGEST_INTEGER = 2**63 - 1


def dimension_names(axes: Sequence[Axis], taken: Collection[str]) -> dict[str, str]:
    """Name the dimension of each key: its last word, or both where another key or a result has that name.

    ``init.log10_scale`` becomes ``log_init_scale``: scales are stored as natural logarithms.

    Examples
    --------
    >>> dimension_names([Axis("init.seed", (0,)), Axis("data.seed", (0,)), Axis("init.width", (2,))], ())
    {'init.seed': 'init_seed', 'data.seed': 'data_seed', 'init.width': 'width'}
    """
    words = Counter(one.key.rpartition(".")[2] for one in axes)
    names = {}
    for one in axes:
        last = one.key.rpartition(".")[2]
        alone = words[last] == 1 and last not in taken
        names[one.key] = "log_init_scale" if one.key == SCALE else last if alone else one.key.replace(".", "_")
    return names


def coordinates(axes: Sequence[Axis], names: dict[str, str]) -> dict[str, xr.Variable]:
    """The coordinate of each dimension, and ``log10_scale`` beside ``log_init_scale``."""
    found: dict[str, xr.Variable] = {}
    for one in axes:
        dim = names[one.key]
        if one.key == SCALE:
            typed = np.array(one.values, dtype=float)
            natural = {
                "long_name": "ln of the configured scale", "units": "1",
                "comment": "Of 10^init.log10_scale, before a division by sqrt(width); each cell's own ln lambda "
                "is log_lambda.",
            }  # fmt: skip
            found[dim] = xr.Variable(dim, typed * log(10.0), natural)
            attributes = {"long_name": SCALE, "units": "1", "comment": "As it stands in the configuration."}
            found["log10_scale"] = xr.Variable(dim, typed, attributes)
        else:
            found[dim] = _coordinate(dim, one)
    return found


def shown(key: str, value: Any) -> Any:
    """Return the value as it may be shown to others: of a file its name, not the folders of this machine."""
    return Path(value).name if key in PATHS and isinstance(value, str) else value


def flags(words: Sequence[str]) -> dict[str, Any]:
    """The CF attributes of labels that count from 1; each word without what CF does not allow."""
    plain = [re.sub(r"[^A-Za-z0-9_.+@-]+", "_", word) or "_" for word in words]
    doubled = {word for word, count in Counter(plain).items() if count > 1}
    plain = [f"{word}_{i}" if word in doubled else word for i, word in enumerate(plain, start=1)]
    return {"flag_values": np.arange(1, len(plain) + 1, dtype="int8"), "flag_meanings": " ".join(plain)}


def _coordinate(dim: str, one: Axis) -> xr.Variable:
    attributes: dict[str, Any] = {"long_name": _long_name(one.key)}
    values = [shown(one.key, value) for value in one.values]
    kinds = {type(value) for value in values}
    if kinds <= {int, float}:
        whole = kinds == {int} or takes_whole_numbers(one.key)
        if all(abs(value) <= LARGEST_INTEGER for value in values):
            dtype = "int64" if whole and takes_whole_numbers(one.key) else "float64"
            return xr.Variable(dim, np.array(values, dtype=dtype), attributes | {"units": "1"})
    attributes["values"] = json.dumps(values, default=str)
    if kinds <= {bool}:
        return xr.Variable(dim, np.array(values, dtype="int8") + np.int8(1), attributes | flags(["false", "true"]))
    if kinds <= {str} and len(values) <= MOST_FLAGS:
        return xr.Variable(dim, np.arange(1, len(values) + 1, dtype="int8"), attributes | flags(values))
    comment = "Counted from 0; the values themselves are in the attribute 'values', as JSON."
    return xr.Variable(dim, np.arange(len(values)), attributes | {"units": "1", "comment": comment})


def _long_name(key: str) -> str:
    words = {
        "init.width": "number of neurons m",
        "init.seed": "seed of the start",
        "data.seed": "seed of the data",
    }
    if key == "flow.slope":
        return "slope of the leaky ReLU"
    return words.get(key, key)
