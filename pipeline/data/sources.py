"""Where points and labels come from: the configuration itself, a file, or an orthonormal family by seed."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline.configuration import DataConfig
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
        If the file can't be read as points and labels.
    """
    path = Path(str(config.file))
    readers = {".csv": _read_csv, ".npz": _read_npz, ".toml": _read_toml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise RequestError(f"data.file = {path.name!r}: allowed are the endings {', '.join(readers)}")
    try:
        x, y, names = reader(path)
    except RequestError:
        raise
    except (OSError, ValueError, KeyError, BadZipFile, tomllib.TOMLDecodeError) as error:
        raise RequestError(f"data.file = {path.name!r}: {_one_line(error)}") from None
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or y.ndim != 1 or len(x) != len(y) or x.size == 0:
        raise RequestError(
            f"data.file = {path.name!r}: x has the shape {x.shape} and y {y.shape}: allowed are (n, d) and (n,)"
        )
    return x, y, names or coordinate_names(x.shape[1])


def _one_line(error: Exception) -> str:
    missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return " ".join(missing.split())


def _read_csv(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if any(cell.strip() for cell in row)]
    if not rows:
        raise ValueError("there is no row in it")
    header: list[str] = []
    try:
        [float(cell) for cell in rows[0]]
    except ValueError:
        header, rows = [cell.strip() for cell in rows[0]], rows[1:]
    for number, row in enumerate(rows, start=2 if header else 1):
        if len(row) != len(rows[0]) or len(row) < 2:
            raise ValueError(
                f"line {number} has {len(row)} columns, at least 2 and everywhere the same are allowed"
            )
        for cell in row:
            try:
                float(cell)
            except ValueError:
                raise ValueError(f"line {number}: {cell!r} is not a number") from None
    if not rows:
        raise ValueError("there are no points in it")
    table = np.array(rows, dtype=float)
    label = header.index("y") if "y" in header else table.shape[1] - 1
    names = [name for place, name in enumerate(header) if place != label]
    return np.delete(table, label, axis=1), table[:, label], [name.replace(" ", "_") for name in names]


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    with np.load(path, allow_pickle=False) as arrays:
        return np.asarray(arrays["x"], dtype=float), np.asarray(arrays["y"], dtype=float), []


def _read_toml(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return np.array(values["x"], dtype=float), np.array(values["y"], dtype=float), []


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
