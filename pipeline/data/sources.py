"""Where points and labels come from: the configuration itself, a file, or an orthonormal family by seed."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
import zipfile
import zlib
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from pipeline.configuration import DataConfig, explain
from pipeline.errors import RequestError

Points = tuple[np.ndarray, np.ndarray, list[str]]
"""x (n, d), y (n,), and the names of the coordinates."""


def given_points(config: DataConfig) -> Points:
    """The points that stand in the configuration."""
    x = np.array(config.x, dtype=float)
    return x, np.array(config.y, dtype=float), coordinate_names(x.shape[1])


def coordinate_names(d: int) -> list[str]:
    """``x`` for one coordinate, ``x1``, ``x2``, ... for several."""
    return ["x"] if d == 1 else [f"x{i + 1}" for i in range(d)]


def points_from_file(config: DataConfig) -> Points:
    """The points of a CSV, npz or TOML file.

    Raises
    ------
    RequestError
        If the file can't be read as points and labels, or is no longer the one that the run is named by.
    """
    path = Path(str(config.file))
    readers = {".csv": _read_csv, ".npz": _read_npz, ".toml": _read_toml}
    reader = readers.get(path.suffix.lower())
    try:
        if reader is None:
            raise ValueError(f"allowed are the endings {', '.join(readers)}")
        content = path.read_bytes()
        if config.file_sha256 not in (None, hashlib.sha256(content).hexdigest()):
            raise ValueError("it was changed while it was read")
        x, y, names = reader(content)
        x = x[:, None] if x.ndim == 1 else x
        if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or x.size == 0:
            raise ValueError(f"x has the shape {x.shape} and y {y.shape}: allowed are (n, d) and (n,)")
    except OSError as error:
        raise RequestError(f"data.file = {path.name!r}: {error.strerror or error}") from None
    except (ValueError, csv.Error) as error:
        raise RequestError(f"data.file = {path.name!r}: {' '.join(str(error).split())}") from None
    return x, y, [name or default for name, default in zip(names, coordinate_names(x.shape[1]), strict=True)]


def _read_csv(content: bytes) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read numbers between commas, one point a line; the label is the column ``y``, else the last."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
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
    names = ["_".join(name.split()) for place, name in enumerate(header) if place != label]
    return np.delete(table, label, axis=1), table[:, label], names or [""] * (width - 1)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_npz(content: bytes) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read the arrays ``x`` and ``y``; nothing that would have to be unpickled."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError("it is not an npz file")
    arrays = []
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            for name in ("x", "y"):
                if name not in found:
                    raise ValueError(f"the array {name} is missing")
                array = found[name]
                if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
                    raise ValueError(f"the array {name} is not of real numbers")
                arrays.append(array.astype(float))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(f"it is damaged: {error}") from None
    x, y = arrays
    return x, y, [""] * (x.shape[1] if x.ndim == 2 else 1)


def _read_toml(content: bytes) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read ``x`` and ``y`` as they could stand in the configuration's own ``[data]``."""
    try:
        values = tomllib.loads(content.decode("utf-8"))
        read = DataConfig.model_validate({key: values[key] for key in ("x", "y") if key in values})
    except ValidationError as error:
        raise ValueError(explain(error.errors()[0])) from None
    except RecursionError as error:
        raise ValueError(error) from None
    return given_points(read)


def orthonormal_points(config: DataConfig) -> Points:
    """An orthonormal family: the first n columns of a random rotation of R^d.

    The labels are those given, or have sizes uniform in [0.5, 1.5], the first ``positive`` of them positive.
    """
    n = config.number
    d = config.dimension or n
    generator = np.random.default_rng(config.seed)
    rotation, triangle = np.linalg.qr(generator.standard_normal((d, n)))
    x = (rotation * np.sign(np.diag(triangle))).T
    if config.y is not None:
        y = np.array(config.y, dtype=float)
    else:
        positive = (n + 1) // 2 if config.positive is None else config.positive
        y = generator.uniform(0.5, 1.5, n) * np.where(np.arange(n) < positive, 1.0, -1.0)
    return x, y, coordinate_names(d)
