"""``[data]``: which points and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.configuration.held_out_table import HeldOutConfig
from pipeline.configuration.keys import UNSET, Count, Keys, Numbers, Rows, Seed, Whole, counted, misplaced, uneven

_ORTHONORMAL = frozenset({"y", "points", "dimension", "positive", "seed"})
_DRAWN = frozenset({"points", "dimension", "noise", "seed"})
_MEANT = {
    "points": frozenset({"x", "y", "names", "file"}),
    "orthonormal": _ORTHONORMAL,
    "nearly_orthonormal": _ORTHONORMAL | {"delta"},
    "gaussian_teacher": _DRAWN | {"teacher_width"},
    "linear_teacher": _DRAWN,
    "one_neuron": _DRAWN | {"spread"},
    "opposite_neurons": _DRAWN,
    "orthonormal_neurons": _DRAWN | {"teacher_width"},
    "line": frozenset({"points", "noise", "function", "seed"}),
    "digits": frozenset({"digits"}),
}
"""Which keys mean something for which kind; ``bias`` and ``test`` do for every kind."""
Digit = Annotated[Whole, Field(ge=0, le=9)]
"""Of a number in base 10."""
TEACHERS = (
    "gaussian_teacher", "linear_teacher", "one_neuron", "opposite_neurons", "orthonormal_neurons", "line",
)  # fmt: skip
"""The kinds whose points are drawn one by one and labelled by a function, so that there are more of them."""


class DataConfig(Keys):
    """``[data]``: which points and labels.

    Attributes
    ----------
    kind
        ``points`` (given here or in a file), or drawn by seed: ``orthonormal``, ``nearly_orthonormal`` (unit
        vectors with small inner products), ``gaussian_teacher`` (standard Gaussian points, labelled by a random
        ReLU network), ``linear_teacher`` (such points, labelled by <u, x> with a random unit vector u),
        ``opposite_neurons`` (by relu(<u, x>) + relu(-<u, x>)), ``orthonormal_neurons`` (by a sum of
        teacher_width of them), ``one_neuron`` (by relu(x_1), points around e_1), ``line`` (points evenly from
        -1 to 1, labelled by a function) or ``digits`` (images of two handwritten digits from scikit-learn's
        table, 64 pixels from 0 to 1 each; pip install 'reluflow[digits]').
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
    test
        A table of its own: points that the flow does not see, given, in a file, or drawn from the same teacher.
    teacher_width
        For ``gaussian_teacher``: the neurons of the teacher, w ~ N(0, 1/(teacher_width d)) in each coordinate
        and a ~ N(0, 1/teacher_width). For ``orthonormal_neurons``: how many, each with a = 1.
    noise
        Of the kinds with a teacher and of ``line``: the standard deviation of Gaussian noise on each label.
    spread
        For ``one_neuron``: the points are e_1 plus a Gaussian vector whose length is about ``spread``.
    function
        For ``line``: ``sine`` (of pi x), ``absolute`` (|x|), ``step`` (the sign) or ``four_kinks``
        (-relu(x) + relu(2x + 0.6) - relu(1.5x - 0.6) + relu(0.5x - 0.4)).
    digits
        For ``digits``: the two, the first labelled 1 and the second -1.
    """

    kind: Literal[
        "points", "orthonormal", "nearly_orthonormal", "gaussian_teacher", "linear_teacher", "one_neuron",
        "opposite_neurons", "orthonormal_neurons", "line", "digits",
    ] = "points"  # fmt: skip
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
    noise: Annotated[float, Field(ge=0)] = 0.0
    spread: Annotated[float, Field(gt=0)] = 0.5
    function: Literal["sine", "absolute", "step", "four_kinks"] = "sine"
    digits: Annotated[list[Digit], Field(min_length=2, max_length=2)] = [1, 0]  # noqa: RUF012 - pydantic copies it
    test: HeldOutConfig | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> DataConfig:
        # Each message begins with the key that it is about; `explain` puts the table's name before it.
        problem = (
            misplaced(self, "kind", _MEANT)
            or {
                "points": self._points_problem,
                "orthonormal": self._orthonormal_problem,
                "nearly_orthonormal": self._orthonormal_problem,
                "digits": self._digits_problem,
            }.get(self.kind, self._teacher_problem)()
            or self._test_problem()
        )
        if problem:
            raise ValueError(problem)
        return self

    def _points_problem(self) -> str | None:
        if self.file is not None:
            both = self.x is not None or self.y is not None
            named = "names = [...]: allowed with x and y only, a table's header has them" if self.names else None
            return f"file = {Path(self.file).name!r}: give either a file or x and y{UNSET}" if both else named
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

    def _digits_problem(self) -> str | None:
        first, second = self.digits
        return f"digits = [{first}, {second}]: allowed are two different ones" if first == second else None

    def _teacher_problem(self) -> str | None:
        needed = ("points",) if self.kind == "line" else ("points", "dimension")
        for key in needed:
            if getattr(self, key) is None:
                return f"{key} is missing: kind = {self.kind!r} needs {' and '.join(needed)}"
        if self.kind == "orthonormal_neurons" and self.teacher_width > self.coordinates:
            return f"teacher_width = {self.teacher_width}: at most dimension = {self.coordinates} is allowed"
        return None

    def _test_problem(self) -> str | None:
        if self.test is not None and self.test.points is not None and self.kind not in TEACHERS:
            kinds = " or ".join(map(repr, TEACHERS))
            return f"test.points = {self.test.points}: allowed with kind = {kinds} only, which draw their points"
        return None

    @property
    def number(self) -> int:
        """How many points a drawn family has."""
        return self.points or (len(self.y) if self.y is not None else 4)

    @property
    def coordinates(self) -> int:
        """How many coordinates the points of a drawn family have."""
        return 1 if self.kind == "line" else self.dimension or self.number
