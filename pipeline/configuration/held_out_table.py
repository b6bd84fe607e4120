"""``[data.test]``: points that the flow does not see."""

from __future__ import annotations

from pydantic import model_validator

from pipeline.configuration.keys import UNSET, Count, Keys, Numbers, Rows, Seed, counted, uneven


class HeldOutConfig(Keys):
    """``[data.test]``: points and labels that the flow does not see, at which the network is evaluated.

    Attributes
    ----------
    x, y
        The points, one row each, without a bias coordinate, and their labels.
    file
        Beside the configuration file, instead of x and y: as ``data.file``.
    file_sha256
        The digest of that file; filled in on loading.
    points
        Instead: how many are drawn as the data were, with the same teacher's labels and no noise.
    seed
        Of the drawn ones; they are never those of the data.
    """

    x: Rows | None = None
    y: Numbers | None = None
    file: str | None = None
    file_sha256: str | None = None
    points: Count | None = None
    seed: Seed = 0

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> HeldOutConfig:
        ways = [self.x is not None or self.y is not None, self.file is not None, self.points is not None]
        if sum(ways) != 1:
            raise ValueError(f"x and y, or file, or points: one of these ways is allowed{UNSET}")
        if ways[0] and (problem := self._given_problem()) is not None:
            raise ValueError(problem)
        return self

    def _given_problem(self) -> str | None:
        if self.x is None or self.y is None:
            return f"{'x' if self.x is None else 'y'} is missing: allowed are x and y"
        if len(self.x) != len(self.y):
            labels, points = counted(len(self.y), "label"), counted(len(self.x), "point")
            return f"y has {labels} for {points}: allowed is one label for each point"
        return uneven("x", self.x)
