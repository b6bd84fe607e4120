"""The tables of a configuration: every key with its type, its bounds, its meaning and its default."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

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
