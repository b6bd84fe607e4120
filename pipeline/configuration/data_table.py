"""``[data]``: which points and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.configuration.keys import UNSET, Count, Keys, Numbers, Rows, Seed, Whole, counted, misplaced, uneven

_ORTHONORMAL = frozenset({"y", "points", "dimension", "positive", "seed"})
_MEANT = {
    "points": frozenset({"x", "y", "names", "file"}),
    "orthonormal": _ORTHONORMAL,
    "nearly_orthonormal": _ORTHONORMAL | {"delta"},
    "gaussian_teacher": frozenset({"points", "dimension", "teacher_width", "seed"}),
    "linear_teacher": frozenset({"points", "dimension", "seed"}),
}
"""Which keys mean something for which kind; ``bias`` does for every kind."""


class DataConfig(Keys):
    """``[data]``: which points and labels.

    Attributes
    ----------
    kind
        ``points`` (given here or in a file), or drawn by seed: ``orthonormal``, ``nearly_orthonormal`` (unit
        vectors with small inner products), ``gaussian_teacher`` (standard Gaussian points, labelled by a random
        ReLU network) or ``linear_teacher`` (such points, labelled by <u, x> with a random unit vector u).
    x, y
        The points, one row each (or one number each), and their labels. The orthonormal kinds take y alone.
    names
        For x in the configuration itself: what its coordinates are called, else x1, x2, ...
    file
        Beside the configuration file: a CSV or TSV file (a row a point; the label is the column y, label or
        target, else the last one), an npz file, a TOML file or a PyTorch file (.pt) with x and y, or an npy file
        of one array (the last column is y).
    file_sha256
        The digest of that file; filled in on loading, so that the run's identity is the file's content.
    bias
        Append a coordinate 1 to every point (after a teacher has labelled it).
    points, dimension, seed
        n, d and the seed of whatever is drawn. The orthonormal kinds take n from y, else 4, and d = n if not
        given; the teachers' kinds must be told both.
    positive
        How many of the drawn labels of an orthonormal kind are positive; half of them if not given.
    delta
        For ``nearly_orthonormal``: the inner products are uniform in [-delta, delta]; 0 is the orthonormal
        family of the same seed. Less than 1/(n - 1): up to there every such Gram matrix is positive definite
        (Gershgorin), beyond it some are no unit vectors' at all.
    teacher_width
        For ``gaussian_teacher``: the neurons of the teacher, w ~ N(0, 1/(teacher_width d)) in each coordinate
        and a ~ N(0, 1/teacher_width).
    """

    kind: Literal["points", "orthonormal", "nearly_orthonormal", "gaussian_teacher", "linear_teacher"] = "points"
    x: Rows | None = None
    y: Numbers | None = None
    names: Annotated[list[str], Field(min_length=1)] | None = None
    file: str | None = None
    file_sha256: str | None = None
    bias: bool = False
    points: Count | None = None
    dimension: Count | None = None
    positive: Annotated[Whole, Field(ge=0)] | None = None
    delta: Annotated[float, Field(ge=0, lt=1)] = 0.0
    teacher_width: Count = 6
    seed: Seed = 0

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> DataConfig:
        # Each message begins with the key that it is about; `explain` puts the table's name before it.
        problem = (
            misplaced(self, "kind", _MEANT)
            or {
                "points": self._points_problem,
                "orthonormal": self._orthonormal_problem,
                "nearly_orthonormal": self._orthonormal_problem,
                "gaussian_teacher": self._teacher_problem,
                "linear_teacher": self._teacher_problem,
            }[self.kind]()
        )
        if problem:
            raise ValueError(problem)
        return self

    def _points_problem(self) -> str | None:
        if self.file is not None:
            both = self.x is not None or self.y is not None
            named = "names = [...]: allowed with x and y only, a table's header has them" if self.names else None
            return f"file = {Path(self.file).name!r}: allowed without x and y only{UNSET}" if both else named
        if self.x is None or self.y is None:
            return f"{'x' if self.x is None else 'y'} is missing: allowed are x and y, or file"
        if len(self.x) != len(self.y):
            labels, points = counted(len(self.y), "label"), counted(len(self.x), "point")
            return uneven("x", self.x) or f"y has {labels} for {points}: allowed is one label for each point"
        return uneven("x", self.x) or self._names_problem(len(self.x[0]))

    def _names_problem(self, d: int) -> str | None:
        if self.names is None:
            return None
        for name in self.names:
            if not name or name.split() != [name] or self.names.count(name) > 1:
                return f"names has {name!r}: allowed are different words without blanks"
        if len(self.names) != d:
            return f"names has {counted(len(self.names), 'word')}: allowed is {d}, one for each coordinate"
        return None

    def _orthonormal_problem(self) -> str | None:
        n, kind = self.number, self.kind.replace("_", " ")
        if self.y is not None and n != len(self.y):
            labels = counted(len(self.y), "label")
            return f"y has {labels} for points = {n}: allowed is one label for each point"
        if self.dimension is not None and self.dimension < n:
            return f"dimension = {self.dimension}: {n} {kind} points need at least {n}"
        if self.positive is not None and self.y is not None:
            return f"positive = {self.positive}: allowed without y only, which has its own signs"
        if self.positive is not None and self.positive > n:
            return f"positive = {self.positive}: at most {n}, the number of points, is allowed"
        if self.delta * (n - 1) >= 1:
            return (
                f"delta = {self.delta}: less than 1/(points - 1) = {1 / (n - 1):.6g} is allowed, else there need "
                "not be unit vectors with such inner products"
            )
        return None

    def _teacher_problem(self) -> str | None:
        for key in ("points", "dimension"):
            if getattr(self, key) is None:
                return f"{key} is missing: kind = {self.kind!r} needs points and dimension"
        return None

    @property
    def number(self) -> int:
        """How many points a drawn family has."""
        return self.points or (len(self.y) if self.y is not None else 4)

    @property
    def coordinates(self) -> int:
        """How many coordinates the points of a drawn family have."""
        return self.dimension or self.number
