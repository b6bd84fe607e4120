"""The whole configuration of a run: read from a preset or a TOML file, overridden key by key, checked once.

Each default stands here and nowhere else. A preset is a file like the user's own; both end as one frozen
:class:`RunConfig`, whose hash names the run.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from pipeline.errors import RequestError

LARGEST = 10_000_000
"""A bound on every count: a thousand times it, and the system kills the process before NumPy can say why."""


def _whole(value: Any) -> Any:
    """Take 60.0 for 60 (a sweep's grid is made of floats), and leave 2.5 to be refused."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


class _Table(BaseModel):
    # Strict: else `width = true` would be a width of 1, and `y = ["1"]` a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataConfig(_Table):
    """``[data]``: which points and labels.

    Attributes
    ----------
    kind
        ``points`` (given here or in a file) or ``orthonormal`` (drawn by seed).
    x, y
        The points, one row each (or one number each), and their labels.
    file
        A CSV file (last column y), an npz file or a TOML file with x and y, beside the configuration file.
    file_sha256
        The digest of that file; filled in on loading, so that the run's identity is the file's content.
    bias
        Append a coordinate 1 to every point.
    points, dimension, positive, seed
        For ``orthonormal``: n, d (n if not given), how many labels are positive (half of them if not given),
        and the seed of the directions and of the labels (if y is not given).
    """

    kind: Literal["points", "orthonormal"] = "points"
    x: Annotated[list[list[float]], Field(min_length=1)] | None = None
    y: Annotated[list[float], Field(min_length=1)] | None = None
    file: str | None = None
    file_sha256: str | None = None
    bias: bool = False
    points: Annotated[Whole, Field(ge=1, le=LARGEST)] | None = None
    dimension: Annotated[Whole, Field(ge=1, le=LARGEST)] | None = None
    positive: Annotated[Whole, Field(ge=0)] | None = None
    seed: Annotated[Whole, Field(ge=0)] = 0

    @field_validator("x", mode="before")
    @classmethod
    def _one_number_is_a_point(cls, x: Any) -> Any:
        if isinstance(x, list) and x and all(isinstance(row, int | float) for row in x):
            return [[row] for row in x]
        return x

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> DataConfig:
        # Each message begins with the key that it is about; `explain` puts the table's name before it.
        contradiction = self._points_problem() if self.kind == "points" else self._orthonormal_problem()
        if contradiction:
            raise ValueError(contradiction)
        return self

    def _points_problem(self) -> str | None:
        for key in ("points", "dimension", "positive"):
            if getattr(self, key) is not None:
                return f"{key} = {getattr(self, key)}: allowed with kind = 'orthonormal' only, not with 'points'"
        if self.file is not None:
            both = self.x is not None or self.y is not None
            return f"file = {Path(self.file).name!r}: allowed without x and y only" if both else None
        if self.x is None or self.y is None:
            return f"{'x' if self.x is None else 'y'} is missing: allowed are x and y, or file"
        lengths = sorted({len(row) for row in self.x})
        if len(lengths) > 1 or lengths == [0]:
            return f"x has rows of {' and '.join(map(str, lengths))} numbers: allowed is one length of at least 1"
        if len(self.x) != len(self.y):
            labels, points = _counted(len(self.y), "label"), _counted(len(self.x), "point")
            return f"y has {labels} for {points}: allowed is one label for each point"
        return None

    def _orthonormal_problem(self) -> str | None:
        for key in ("x", "file"):
            if getattr(self, key) is not None:
                return f"{key}: allowed with kind = 'points' only; kind = 'orthonormal' draws its points"
        if self.points is not None and self.y is not None and self.points != len(self.y):
            labels = _counted(len(self.y), "label")
            return f"y has {labels} for points = {self.points}: allowed is one label for each point"
        if self.dimension is not None and self.dimension < self.number:
            return f"dimension = {self.dimension}: {self.number} orthonormal points need at least {self.number}"
        if self.positive is not None and self.y is not None:
            return f"positive = {self.positive}: allowed without y only, which has its own signs"
        if self.positive is not None and self.positive > self.number:
            return f"positive = {self.positive}: at most {self.number}, the number of points, is allowed"
        return None

    @property
    def number(self) -> int:
        """How many points an orthonormal family has."""
        return self.points or (len(self.y) if self.y is not None else 4)


class InitConfig(_Table):
    """``[init]``: the network's start, eq (4): w_j = lambda g_j, a_j = s_j |w_j|.

    Attributes
    ----------
    width
        m.
    log10_scale
        log10 of lambda, before the division by sqrt(width) if ``per_sqrt_width``. -1000 is fine; above 50 the
        square of the loss is no float.
    seed
        The same neurons on every machine.
    start
        ``balanced``: |a_j| = |w_j|.
    """

    width: Annotated[Whole, Field(ge=1, le=LARGEST)] = 60
    log10_scale: Annotated[float, Field(ge=-1e7, le=50)] = -6.0
    per_sqrt_width: bool = True
    seed: Annotated[Whole, Field(ge=0)] = 0
    start: Literal["balanced"] = "balanced"


class FlowConfig(_Table):
    """``[flow]``: how the flow is computed.

    Attributes
    ----------
    method
        ``exact``: the boosts of ENGINE.md.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square
        (or of the residual's at the start, if that is larger).
    end_time
        The paper's t at which to stop; if not given, when nothing moves any more.
    samples
        How many instants are stored; they are placed where the trajectory moves.
    """

    method: Literal["exact"] = "exact"
    tolerance: Annotated[float, Field(ge=1e-11, le=1e-1)] = 1e-6
    end_time: Annotated[float, Field(gt=0)] | None = None
    samples: Annotated[Whole, Field(ge=2, le=LARGEST)] = 400


class AnalysisConfig(_Table):
    """``[analysis]``: the free constant epsilon of the paper's lemmas."""

    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.05


class RunConfig(_Table):
    """A whole run.

    Attributes
    ----------
    name
        The preset's name or the file's stem: the readable part of the run's identity.
    title, description
        For people.
    """

    name: str
    title: str = ""
    description: str = ""
    data: DataConfig = Field(default_factory=DataConfig)
    init: InitConfig = Field(default_factory=InitConfig)
    flow: FlowConfig = Field(default_factory=FlowConfig)
    analysis: AnalysisConfig = Field(default_factory=AnalysisConfig)

    def resolved(self) -> dict[str, Any]:
        """The configuration as plain data with every default, without the folder of a data file."""
        values = self.model_dump(mode="json")
        if values["data"]["file"] is not None:
            values["data"]["file"] = Path(values["data"]["file"]).name
        return values

    def run_id(self, schema_version: str) -> str:
        """``name`` and 12 hexadecimal digits of the hash of everything that determines the run."""
        values = self.resolved()
        values["data"]["file"] = None  # its content determines the run, not what it is called
        identity = {key: values[key] for key in ("data", "init", "flow", "analysis")} | {"schema": schema_version}
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def presets() -> dict[str, Path]:
    """The presets' files by name."""
    folder = Path(str(resources.files("pipeline") / "presets"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_config(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """Read a preset or a TOML file and override single keys of it.

    Parameters
    ----------
    name_or_path
        A preset's name, or the path of a TOML file.
    overrides
        Dotted keys, for instance ``{"init.width": 100}``.

    Raises
    ------
    RequestError
        If there is no such preset or file, or it says something that is not allowed.

    Examples
    --------
    >>> load_config("orthogonal", {"init.log10_scale": -1000}).init.log10_scale
    -1000.0
    """
    path = _find(name_or_path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"{path}: not a TOML file: {error}") from None
    if "name" in values:
        raise RequestError(
            f"name = {values['name']!r}: not allowed, a run is named by its file, here {path.stem!r}"
        )
    data = values.setdefault("data", {})
    if isinstance(data, dict) and isinstance(data.get("file"), str):
        data["file"] = str(path.parent / data["file"])  # beside this file; an overridden one is where we are
    for key, value in (overrides or {}).items():
        _override(values, key, value)
    _pin_data_file(values["data"])
    try:
        return RunConfig.model_validate(values | {"name": run_name(path.stem)})
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
    """Read ``key=value`` as the command line gives it; the value is TOML, or else a plain word.

    Raises
    ------
    RequestError
        If there is no ``=``.

    Examples
    --------
    >>> parse_override("init.width=100")
    ('init.width', 100)
    """
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise RequestError(f"--set {text}: allowed is key=value, for instance init.width=100")
    try:
        read = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError):
        read = {}
    # More than one key: the value went on in another line.
    return key.strip(), read["value"] if len(read) == 1 else value.strip()


def _find(name_or_path: str | Path) -> Path:
    known = presets()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    try:
        if path.is_file():
            return path
    except OSError as error:  # a name that is too long
        raise RequestError(f"{_shown(str(name_or_path))}: {error.strerror or error}") from None
    if path.suffix == ".toml":
        raise RequestError(f"{name_or_path}: there is no such file")
    near = get_close_matches(str(name_or_path), known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise RequestError(
        f"preset = {str(name_or_path)!r} is not known{hint}: "
        f"allowed are {', '.join(known)}, or the path of a TOML file"
    )


def _override(values: dict[str, Any], key: str, value: Any) -> None:
    if key == "name":
        raise RequestError(f"name = {_shown(value)}: not allowed, a run is named by its file")
    if not all(key.split(".")):
        raise RequestError(f"{key!r} is not a known key: allowed are keys such as init.width")
    *tables, last = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise RequestError(f"{key} is not a known key: {table} is a value, not a table of keys")
    values[last] = _plain(value)


def _plain(value: Any) -> Any:
    """Turn what a notebook may give (NumPy numbers and arrays, tuples, paths) into what TOML holds."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _pin_data_file(data: Any) -> None:
    """Make ``data.file`` absolute and note its digest, so that the file's content is part of the identity."""
    if not isinstance(data, dict):
        return
    if data.get("file_sha256") is not None:
        raise RequestError(f"data.file_sha256 = {_shown(data['file_sha256'])}: not allowed, it is computed")
    if not isinstance(data.get("file"), str):
        return
    path = Path(data["file"])
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:  # ValueError: a null byte in its name
        reason = error.strerror if isinstance(error, OSError) else None
        raise RequestError(f"data.file = {data['file']!r}: {reason or error}") from None
    data["file"], data["file_sha256"] = str(path.resolve()), digest


_TABLES: dict[str, type[BaseModel]] = {
    "data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig,
}  # fmt: skip


_WORDS = {
    "int_type": "a whole number is allowed",
    "int_from_float": "a whole number is allowed",
    "float_type": "a number is allowed",
    "bool_type": "true or false is allowed",
    "string_type": "a text is allowed",
    "list_type": "a list is allowed",
    "model_type": "a table of keys is allowed",
    "finite_number": "a finite number is allowed",
    "too_short": "at least {min_length} is allowed",
    "greater_than": "more than {gt} is allowed",
    "greater_than_equal": "at least {ge} is allowed",
    "less_than": "less than {lt} is allowed",
    "less_than_equal": "at most {le} is allowed",
    "literal_error": "allowed is {expected}",
}
"""What pydantic's kinds of errors mean to a person."""


def explain(error: ErrorDetails) -> str:
    """One line for the first thing that pydantic found wrong: the key, the value, what is allowed."""
    places = [place for place in error["loc"] if not str(place).startswith(("list[", "function-"))]
    key = ".".join(str(place) for place in places if isinstance(place, str))
    index = "".join(f"[{place}]" for place in places if isinstance(place, int))
    if error["type"] == "extra_forbidden":
        table = _TABLES.get(str(places[0])) if len(places) > 1 else RunConfig
        known = [name for name in (table or RunConfig).model_fields if name not in ("name", "file_sha256")]
        near = get_close_matches(str(places[-1]), known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return _one_line(f"{key} is not a known key{hint}: allowed are {', '.join(known)}")
    if error["type"] == "value_error":  # of a whole table; the message begins with the key
        return _one_line(f"{key}{'.' if key else ''}{error['msg'].removeprefix('Value error, ')}")
    words = _WORDS.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
    return _one_line(f"{key}{index} = {_shown(error['input'])}: {words}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shown(value: Any) -> str:
    """The value as it would stand in a TOML file, more or less, cut where nobody reads on."""
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."
