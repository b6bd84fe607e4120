"""The whole configuration of a run: read from a preset or a TOML file, overridden key by key, checked once.

Each default stands here and nowhere else. A preset is a file like the user's own; both end as one frozen
:class:`RunConfig`, whose hash names the run.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from pipeline.errors import RequestError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    points: Annotated[int, Field(ge=1)] | None = None
    dimension: Annotated[int, Field(ge=1)] | None = None
    positive: Annotated[int, Field(ge=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("x", mode="before")
    @classmethod
    def _one_number_is_a_point(cls, x: Any) -> Any:
        if isinstance(x, list) and x and all(isinstance(row, int | float) for row in x):
            return [[row] for row in x]
        return x

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> DataConfig:
        if self.kind == "points":
            given = [key for key in ("points", "dimension", "positive") if getattr(self, key) is not None]
            if given:
                raise ValueError(f"{given[0]} goes with kind = 'orthonormal', not with kind = 'points'")
            if (self.file is None) == (self.x is None and self.y is None):
                raise ValueError("give either x and y, or file")
            if self.file is None and (self.x is None or self.y is None):
                raise ValueError(f"{'x' if self.x is None else 'y'} is missing: give x and y, or file")
            if self.x is not None and self.y is not None:
                if len({len(row) for row in self.x}) > 1 or not self.x[0]:
                    raise ValueError(f"the rows of x have lengths {sorted({len(row) for row in self.x})}")
                if len(self.x) != len(self.y):
                    raise ValueError(f"y has {len(self.y)} labels for {len(self.x)} points")
            return self
        if self.x is not None or self.file is not None:
            raise ValueError("kind = 'orthonormal' draws its points: x and file go with kind = 'points'")
        number = self.number
        if self.points is not None and self.y is not None and self.points != len(self.y):
            raise ValueError(f"y has {len(self.y)} labels for points = {self.points}")
        if self.dimension is not None and self.dimension < number:
            raise ValueError(f"{number} orthonormal points need a dimension of at least {number}")
        if self.positive is not None and (self.y is not None or self.positive > number):
            raise ValueError("positive is at most the number of points, and goes without y")
        return self

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
        log10 of lambda, before the division by sqrt(width) if ``per_sqrt_width``. Any real number: -1000 is fine.
    seed
        The same neurons on every machine.
    start
        ``balanced``: |a_j| = |w_j|.
    """

    width: Annotated[int, Field(ge=1)] = 60
    log10_scale: float = -6.0
    per_sqrt_width: bool = True
    seed: Annotated[int, Field(ge=0)] = 0
    start: Literal["balanced"] = "balanced"


class FlowConfig(_Table):
    """``[flow]``: how the flow is computed.

    Attributes
    ----------
    method
        ``exact``: the boosts of ENGINE.md.
    tolerance
        The aim for the worst error of the residual over the whole run, in units of the labels' root mean square.
    end_time
        The paper's t at which to stop; if not given, when nothing moves any more.
    samples
        How many instants are stored; they are placed where the trajectory moves.
    """

    method: Literal["exact"] = "exact"
    tolerance: Annotated[float, Field(ge=1e-11, le=1e-1)] = 1e-6
    end_time: Annotated[float, Field(gt=0)] | None = None
    samples: Annotated[int, Field(ge=2)] = 400


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{path}: not a TOML file: {error}") from None
    for key, value in (overrides or {}).items():
        _override(values, key, value)
    if "name" in values:
        raise RequestError(f"name = {values['name']!r}: a run is named by its file, here {path.stem!r}")
    _pin_data_file(values, path.parent)
    try:
        return RunConfig.model_validate({"name": path.stem} | values)
    except ValidationError as error:
        raise RequestError(explain(error.errors()[0])) from None


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
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _find(name_or_path: str | Path) -> Path:
    known = presets()
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.suffix == ".toml":
        raise RequestError(f"{name_or_path}: there is no such file")
    near = get_close_matches(str(name_or_path), known, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise RequestError(
        f"preset = {str(name_or_path)!r} is not known{hint}: "
        f"allowed are {', '.join(known)}, or the path of a TOML file"
    )


def _override(values: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise RequestError(f"{key}: {table!r} is not a table")
    values[last] = value


def _pin_data_file(values: dict[str, Any], folder: Path) -> None:
    """Make ``data.file`` absolute and note its digest, so that the file's content is part of the identity."""
    data = values.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("file"), str):
        return
    path = folder / data["file"]
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RequestError(f"data.file = {data['file']!r}: {error.strerror or error}") from None
    data["file"], data["file_sha256"] = str(path.resolve()), digest


_TABLES: dict[str, type[BaseModel]] = {
    "data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig,
}  # fmt: skip


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
        return f"{key} is not a known key{hint}: allowed are {', '.join(known)}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if isinstance(error["input"], dict | BaseModel):
        return f"{key}: {message}" if key else message
    value = error["input"]
    if isinstance(value, float) and not isfinite(value):
        return f"{key}{index} = {value}: a finite number is allowed"
    return f"{key}{index} = {value!r}: {message}"
