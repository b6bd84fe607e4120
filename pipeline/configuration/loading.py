"""Reading a configuration: a preset or a file, single keys overridden, the files it names pinned by content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.configuration.bounds import parse_toml, read_bytes
from pipeline.configuration.explaining import explain
from pipeline.configuration.files import TABLES_WITH_FILES, pin_file, tables_with_files
from pipeline.configuration.tables import RunConfig
from pipeline.configuration.titles import called_by_its_data, named_by_its_data, preset_behind, presets
from pipeline.configuration.weights import read_weights
from pipeline.configuration.wording import one_line, shown
from pipeline.inputs.errors import RequestError

Table = TypeVar("Table", bound=BaseModel)

DATA_FILES = (".csv", ".tsv", ".txt", ".dat", ".npy", ".npz")
"""The endings of files that are no configuration but a run's points: allowed where a file is."""
FOREIGN = {
    (".parquet", ".feather", ".xlsx", ".xls", ".ods", ".json", ".h5", ".hdf5", ".pkl", ".pickle"): (
        "read it by pandas, and write a table: frame.to_csv('points.csv', index=False)"
    ),
    (".mat", ".pt", ".pth", ".png", ".jpg"): "read it in Python, and write numpy.savez('points.npz', x=x, y=y)",
    (".gz", ".zip", ".bz2", ".xz"): "unpack it before",
}
"""Endings of files in which people have points, and what makes a table of them."""


def load_config(
    name_or_path: str | Path | Mapping[str, Any], overrides: Mapping[str, Any] | None = None
) -> RunConfig:
    """Read a preset or a TOML file and override single keys of it.

    Parameters
    ----------
    name_or_path
        A preset's name, the path of a TOML file, that of a table (.csv, .tsv, .txt, .dat) or npz file of points,
        or the keys themselves: a dictionary of tables, or of dotted keys, whose arrays are of any kind.
    overrides
        Dotted keys, for instance ``{"init.width": 100}``. None unsets a key: it is as if the preset or the file
        did not say it.

    Returns
    -------
    RunConfig
        Named by the file, or by the preset as long as the data are the preset's: on other data it has a name and a
        title that say what they are.

    Raises
    ------
    RequestError
        If there is no such preset or file, or it says something that is not allowed.

    Examples
    --------
    >>> load_config("orthogonal", {"init.log10_scale": -1000}).init.log10_scale
    -1000.0
    >>> load_config("orthogonal", {"data.x": [[1.0], [3.0]]}).title
    '2 points in 1 dimension, with a bias'
    >>> load_config({"data.x": [1.0, 3.0], "data.y": [2.0, 1.0]}).init.width
    60
    """
    overrides = {} if overrides is None else overrides
    if not _is_keys(overrides):
        raise RequestError(f"overrides = {shown(overrides)}: a dictionary of keys is allowed{ARRAYS}")
    if _is_keys(name_or_path):
        return _from_keys(name_or_path, overrides)
    if not isinstance(name_or_path, str | Path):
        raise RequestError(
            f"name_or_path = {shown(name_or_path)}: a preset's name, a file's path or a dictionary of keys is "
            f"allowed{ARRAYS}"
        )
    path = _find(name_or_path)
    values = _read(path)
    for table in ("data", "init"):
        values.setdefault(table, {})
    for keys in tables_with_files(values):
        if isinstance(keys.get("file"), str):
            keys["file"] = str(
                path.parent / Path(keys["file"]).expanduser()
            )  # beside this file; an overridden one is where we are
    for key, value in overrides.items():
        _override(values, key, value)
    for table in TABLES_WITH_FILES:
        pin_file(values, table)
    config = _checked(values | {"name": run_name(path.stem)})
    is_preset = path == presets().get(path.stem)
    return called_by_its_data(config, path.stem, set(overrides)) if is_preset else config


def _is_keys(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is a dictionary; a Dataset is a mapping of its variables, and no configuration."""
    return isinstance(value, Mapping) and not hasattr(value, "dims")


def _from_keys(keys: Mapping[str, Any], overrides: Mapping[str, Any]) -> RunConfig:
    """Make a configuration of keys alone, named by its data."""
    values: dict[str, Any] = {"data": {}, "init": {}}
    for key, value in [*_dotted(keys), *overrides.items()]:
        _override(values, key, value)
    for table in TABLES_WITH_FILES:
        pin_file(values, table)
    return named_by_its_data(_checked(values | {"name": "run"}), set(values))


def _dotted(keys: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The same keys, those in a table with its name before them."""
    for key, value in keys.items():
        if not isinstance(key, str):
            raise RequestError(f"{shown(key)} is not a known key: allowed are texts such as 'init.width'")
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", found) for inner, found in value.items())
        else:
            yield key, value


def _read(path: Path) -> dict[str, Any]:
    """What a configuration's file says; of a file of points, that these are the data."""
    if path.suffix.lower() in DATA_FILES:
        return {"title": f"The points of {path.name}", "data": {"file": path.name}}
    _refuse_foreign(path)
    values = read_toml(path)
    if "name" in values:
        raise RequestError(
            f"name = {values['name']!r}: not allowed, a run is named by its file, here {path.stem!r}"
        )
    if "grid" in values:
        raise RequestError(
            f"{path} is a sweep, it has a grid: allowed is a run; `reluflow sweep {path}` computes it"
        )
    return values


def _refuse_foreign(path: Path) -> None:
    """Raise for a file that is no text by its ending, and say what makes a table of it."""
    for endings, remedy in FOREIGN.items():
        if path.suffix.lower() in endings:
            raise RequestError(f"{path.name}: allowed are TOML and the tables {', '.join(DATA_FILES)}; {remedy}")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file of a run or a sweep.

    Raises
    ------
    RequestError
        If it can't be read, or is no TOML.
    """
    try:
        return parse_toml(read_bytes(path))
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise RequestError(f"{path}: not a TOML file: {error}") from None


def as_config(config: RunConfig | str | Path | Mapping[str, Any]) -> RunConfig:
    """Take a configuration as it is, and load what :func:`load_config` takes.

    Raises
    ------
    RequestError
        If it is neither, or can't be loaded.
    """
    if isinstance(config, RunConfig):
        return config
    if isinstance(config, str | Path) or _is_keys(config):
        return load_config(config)
    raise RequestError(
        f"config = {shown(config)}: a RunConfig (from load_config), a preset's name, a file's path or a "
        f"dictionary of keys is allowed{ARRAYS}"
    )


ARRAYS = "; arrays of your own go into reluflow.data_set(x, y)"
"""What helps where somebody gives points to what takes a configuration."""


def as_table(config: Any, table: type[Table]) -> Table:
    """Take one table of a configuration as it is, and find it in a whole configuration, or in what loads as one.

    Parameters
    ----------
    config
        Such a table, a RunConfig, a preset's name, a file's path or a dictionary of keys.
    table
        DataConfig or InitConfig.

    Raises
    ------
    RequestError
        If it is none of these, or can't be loaded.
    """
    if isinstance(config, table):
        return config
    if not isinstance(config, RunConfig | str | Path) and not _is_keys(config):
        raise RequestError(
            f"config = {shown(config)}: a {table.__name__} is allowed, or what load_config takes{ARRAYS}"
        )
    whole = as_config(config)
    found: Table = next(value for _, value in whole if isinstance(value, table))
    return found


def override(config: RunConfig, overrides: Mapping[str, Any]) -> RunConfig:
    """Override single keys of a configuration, as :func:`load_config` does, without reading its file again.

    Parameters
    ----------
    config
        From :func:`load_config`. A table of it whose keys stay as they are is shared.
    overrides
        Dotted keys, for instance ``{"init.width": 100}``; None unsets a key.

    Returns
    -------
    RunConfig
        The one that ``load_config`` makes of the same file with these overrides (besides those of ``config``).

    Raises
    ------
    RequestError
        If it says something that is not allowed.

    Notes
    -----
    A sweep's cells take a tenth of the time: what is validated again is the tables that change. A file of
    numbers that a table names is read again, and pinned again, where that table changes.

    Examples
    --------
    >>> override(load_config("orthogonal"), {"init.log10_scale": -1000}).init.log10_scale
    -1000.0
    """
    values: dict[str, Any] = {}
    for key, value in overrides.items():
        table, dot, _ = key.partition(".")
        if dot and table not in values and table in RunConfig.model_fields:
            values[table] = _said(getattr(config, table))
        _override(values, key, value)
    for table in TABLES_WITH_FILES:
        pin_file(values, table)
    # A model that is checked already counts as it is: pydantic does not check instances again.
    rest = {name: getattr(config, name) for name in config.model_fields_set - set(values)}
    found = _checked(rest | values)
    preset = preset_behind(config) if found.data is not config.data else None
    return found if preset is None else called_by_its_data(found, preset, set(overrides))


def _said(table: Any) -> Any:
    """The keys that were said of a table, as they may be said again; anything else is no table."""
    if not isinstance(table, BaseModel):
        return table
    said = {name: _said(getattr(table, name)) for name in table.model_fields_set}
    said.pop("file_sha256", None)
    return said


def _checked(values: dict[str, Any]) -> RunConfig:
    """Validate a whole configuration, or say in one line what is wrong with it."""
    try:
        config = RunConfig.model_validate(values)
        return config if values.get("init") is config.init else _as_wide_as_its_file(config)
    except ValidationError as error:
        errors = error.errors()
        # A misspelt key first: it is why another one is missing.
        unknown = [found for found in errors if found["type"] == "extra_forbidden"]
        raise RequestError(explain((unknown or errors)[0])) from None


def run_name(stem: str) -> str:
    """Turn a file's stem into what may begin a run's identifier: letters, digits, ``_ . + -``.

    Examples
    --------
    >>> run_name("my data (1)")
    'my-data-1'
    """
    allowed = re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", stem))
    if allowed != stem:
        allowed = allowed.strip("-")
    # A folder's name has at most 255 bytes; the hash and the staging place's digits take some of them.
    return allowed.lstrip(".+-").encode()[:150].decode(errors="ignore") or "run"


def parse_override(text: str) -> tuple[str, Any]:
    """Read ``key=value`` as the command line gives it: TOML, or else a plain word; no value at all unsets the key.

    Raises
    ------
    RequestError
        If there is no ``=``.

    Examples
    --------
    >>> parse_override("init.width=100")
    ('init.width', 100)
    >>> parse_override("data.x=")
    ('data.x', None)
    """
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise RequestError(f"--set {text}: allowed is key=value, for instance init.width=100")
    if not value.strip():
        return key.strip(), None
    try:
        read = parse_toml(f"value = {value}")
    except ValueError:
        read = {}
    # More than one key: the value went on in another line.
    return key.strip(), read["value"] if len(read) == 1 else value.strip()


def _find(name_or_path: str | Path) -> Path:
    known = presets()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path).expanduser()
    try:
        if path.is_file() or (path.exists() and path.suffix in (".toml", *DATA_FILES)):
            return path  # what is no regular file is refused when it is read
    except OSError as error:  # a name that is too long
        raise RequestError(f"{shown(str(name_or_path))}: {error.strerror or error}") from None
    if path.suffix in (".toml", *DATA_FILES):
        raise RequestError(f"{name_or_path}: there is no such file")
    if (Path(str(resources.files("pipeline"))) / "sweep" / "examples" / f"{path.name}.toml").is_file():
        raise RequestError(f"{path.name} is a sweep: allowed is a run; `reluflow sweep {path.name}` computes it")
    if str(name_or_path) and path.is_dir():
        raise RequestError(
            f"{one_line(str(name_or_path))} is a folder: allowed is a preset's name, or the path of a file"
        )
    near = get_close_matches(str(name_or_path), known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise RequestError(
        f"preset = {str(name_or_path)!r} is not known{hint}: "
        f"allowed are {', '.join(known)}, or the path of a TOML, CSV, txt or npz file"
    )


def _override(values: dict[str, Any], key: str, value: Any) -> None:
    if not isinstance(key, str):
        raise RequestError(f"{shown(key)} is not a known key: allowed are texts such as 'init.width'")
    if key == "name":
        raise RequestError(f"name = {shown(value)}: not allowed, a run is named by its file")
    if not all(key.split(".")):
        raise RequestError(f"{key!r} is not a known key: allowed are keys such as init.width")
    *tables, last = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise RequestError(f"{key} is not a known key: {table} is a value, not a table of keys")
    if value is None and _known(tables, last):
        values.pop(last, None)
    else:
        values[last] = _plain(value)


def _known(tables: list[str], key: str) -> bool:
    """Whether a key may be unset: one that is not known stays, to be refused."""
    model: Any = RunConfig
    for table in tables:
        field = model.model_fields.get(table)
        model = field.annotation if field is not None else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return False
    return key in model.model_fields


def _plain(value: Any) -> Any:
    """Turn what a notebook may give (arrays of any library, tuples, paths) into what TOML holds."""
    if hasattr(value, "detach"):  # a tensor that may ask for gradients
        value = value.detach().cpu()
    if not hasattr(value, "tolist") and hasattr(value, "to_numpy"):  # a DataFrame, a DataArray
        value = value.to_numpy()
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy, JAX and torch, a Series
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _as_wide_as_its_file(config: RunConfig) -> RunConfig:
    """Fill in the width that a file of weights has, unless it is said."""
    init = config.init
    if init.file is None or "width" in init.model_fields_set:
        return config
    filled = init.model_copy(update={"width": len(read_weights(init)[0])})
    filled.model_fields_set.discard("width")  # nobody said it: other weights may be more
    return config.model_copy(update={"init": filled})
