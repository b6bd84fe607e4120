"""Where given points and labels come from: the configuration itself, or a file."""

from __future__ import annotations

import csv
import io
import tomllib

import numpy as np
from pydantic import ValidationError

from pipeline.configuration import DataConfig, explain, npz_arrays, read_pinned
from pipeline.points import coordinate_names

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
        readers = {".csv": _read_csv, ".npz": _read_npz, ".toml": _read_toml}
        return read_pinned("data", config.file, config.file_sha256, readers)
    x = np.array(config.x, dtype=float)
    return x, np.array(config.y, dtype=float), coordinate_names(x.shape[1])


def _read_csv(content: bytes) -> Points:
    """Read numbers between commas, one point a line; the label is the column ``y``, else the last."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    try:
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(error) from None
    if not lines:
        raise ValueError("there is no line in it")
    width = len(lines[0][1])
    if width < 2:
        raise ValueError(
            f"line {lines[0][0]} has 1 column: at least 2 are allowed, coordinates and the label, between commas"
        )
    header = [cell.strip() for cell in lines[0][1]]
    # A line of data with a slip in it must not pass for a header and vanish.
    if "y" in header or not any(map(_is_number, header)):
        lines = lines[1:]
    else:
        header = []
    for number, row in lines:
        if len(row) != width:
            raise ValueError(f"line {number} has {len(row)} columns: {width} are allowed, as in the first line")
        for cell in row:
            if not _is_number(cell):
                raise ValueError(f"line {number}: {cell!r} is not a number")
    if not lines:
        raise ValueError("there are no points in it")
    table = np.array([[float(cell) for cell in row] for _, row in lines])
    label = header.index("y") if "y" in header else width - 1
    said = ["_".join(name.split()) for place, name in enumerate(header) if place != label]
    defaults = coordinate_names(width - 1)
    names = [name or default for name, default in zip(said or defaults, defaults, strict=True)]
    return np.delete(table, label, axis=1), table[:, label], names


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_npz(content: bytes) -> Points:
    """Read the arrays ``x`` and ``y``."""
    x, y = npz_arrays(content, ("x", "y"))
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or x.size == 0:
        raise ValueError(f"x has the shape {x.shape} and y {y.shape}: allowed are (n, d) and (n,)")
    return x, y, coordinate_names(x.shape[1])


def _read_toml(content: bytes) -> Points:
    """Read ``x`` and ``y`` as they could stand in the configuration's own ``[data]``."""
    values = tomllib.loads(content.decode("utf-8"))
    try:
        return given_points(DataConfig.model_validate({key: values[key] for key in ("x", "y") if key in values}))
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None
