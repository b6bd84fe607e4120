"""The start weights that a user gives: in the configuration itself, or in a file."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pipeline.configuration.explaining import explain
from pipeline.configuration.files import npz_arrays, read_pinned
from pipeline.configuration.init_table import InitConfig

if TYPE_CHECKING:  # naming a run, and finding it in the catalog, takes no NumPy
    import numpy as np

    Weights = tuple[np.ndarray, np.ndarray]


def read_weights(config: InitConfig) -> Weights:
    """The weights w (m, d) and a (m,) of a ``given`` start, as they stand there.

    Raises
    ------
    RequestError
        If the file can't be read as such, or is no longer the one that the run is named by.
    """
    if config.file is None:
        return _in_the_table(config)
    return read_pinned("init", config.file, config.file_sha256, {".npz": _from_npz, ".toml": _from_toml})


def _in_the_table(config: InitConfig) -> Weights:
    import numpy as np

    return np.array(config.w, dtype=float), np.array(config.a, dtype=float)


def _from_npz(content: bytes) -> Weights:
    w, a = npz_arrays(content, ("w", "a"))
    w = w[:, None] if w.ndim == 1 else w
    if w.ndim != 2 or a.ndim != 1 or len(w) != len(a) or w.size == 0:
        raise ValueError(f"w has the shape {w.shape} and a {a.shape}: allowed are (m, d) and (m,)")
    return w, a


def _from_toml(content: bytes) -> Weights:
    """Read ``w`` and ``a`` as they could stand in the configuration's own ``[init]``."""
    values = tomllib.loads(content.decode("utf-8"))
    try:
        keys = {key: values[key] for key in ("w", "a") if key in values}
        return _in_the_table(InitConfig.model_validate({"start": "given"} | keys))
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None
