"""Where given points and labels come from: the configuration itself, or a file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydantic import ValidationError

from pipeline.configuration import (
    Arrays,
    DataConfig,
    described,
    explain,
    npy_array,
    npz_arrays,
    one_row,
    parse_toml,
    read_pinned,
    torch_arrays,
)  # fmt: skip
from pipeline.data.text_tables import read_text
from pipeline.network.points import coordinate_names

Points = tuple[np.ndarray, np.ndarray, list[str]]
"""x (n, d), y (n,), and the names of the coordinates."""


def given_points(config: DataConfig) -> Points:
    """The points that stand in the configuration.

    Raises
    ------
    RequestError
        If they stand in a file that can't be read as points and labels, or that is no longer the one that the
        run is named by.
    """
    if config.file is not None:
        return read_pinned("data", config.file, config.file_sha256, READERS)
    x = np.array(config.x, dtype=float)
    return x, np.array(config.y, dtype=float), config.names or coordinate_names(x.shape[1])


def _from_arrays(arrays: Arrays) -> Points:
    """The arrays ``x`` and ``y``, in any case."""
    x, y = arrays.numbers("x"), arrays.numbers("y")
    x = x[:, None] if x.ndim == 1 else x
    row = one_row(y, len(x)) if x.ndim == 2 else y
    if x.ndim != 2 or row.ndim != 1 or len(x) != len(row) or x.size == 0:
        raise ValueError(f"{described([('x', x), ('y', y)])}: allowed are (n, d) and (n,)")
    return x, row, coordinate_names(x.shape[1])


def _from_npy(content: bytes) -> Points:
    """One array, a row a point; the label is the last column, as in a table without a header."""
    table = npy_array(content)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] < 2:
        raise ValueError(f"{described([('the array', table)])}: allowed is (n, d + 1), the last column is y")
    return table[:, :-1], table[:, -1], coordinate_names(table.shape[1] - 1)


def _read_toml(content: bytes) -> Points:
    """Read ``x`` and ``y`` as they could stand in the configuration's own ``[data]``."""
    values = parse_toml(content)
    try:
        return given_points(DataConfig.model_validate({key: values[key] for key in ("x", "y") if key in values}))
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None


READERS: dict[str, Callable[[bytes], Points]] = {
    ".csv": read_text,
    ".txt": read_text,
    ".dat": read_text,
    ".tsv": lambda content: read_text(content, "\t"),
    ".npy": _from_npy,
    ".npz": lambda content: _from_arrays(npz_arrays(content)),
    ".pt": lambda content: _from_arrays(torch_arrays(content)),
    ".pth": lambda content: _from_arrays(torch_arrays(content)),
    ".toml": _read_toml,
}
"""The function that reads a file's content, by the ending of its name."""
