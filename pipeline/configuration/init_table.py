"""``[init]``: the network's start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from pipeline.configuration.keys import UNSET, Count, Keys, Numbers, Rows, Seed, counted, misplaced, uneven

_DRAWN = frozenset({"log10_scale", "per_sqrt_width", "seed"})
_MEANT = {"balanced": _DRAWN, "unbalanced": _DRAWN, "given": frozenset({"w", "a", "file"})}
"""Which keys mean something for which start; ``width`` does for every start."""


class InitConfig(Keys):
    """``[init]``: the network's start, eq (4): w_j = lambda g_j, a_j = s_j |w_j|.

    Attributes
    ----------
    width
        m. With ``given`` weights it is their number of rows, filled in on loading, and need not be said.
    log10_scale
        log10 of lambda, before the division by sqrt(width) if ``per_sqrt_width``. -1000 is fine; above 50 the
        square of the loss is no float.
    seed
        The same neurons on every machine.
    start
        ``balanced``: |a_j| = |w_j| with a random sign. ``unbalanced``: the same w_j, and a_j = lambda times a
        standard Gaussian number of its own. ``given``: your own weights, in w and a or in a file.
    w, a
        For ``given``: m rows of d numbers (bias coordinate included), and m numbers. An a_j may be 0, a row of w
        may not: with relu'(0) = 0 it would never move.
    file
        For ``given``, beside the configuration file: an npz file, a TOML file or a PyTorch file (.pt) with w and
        a, or a state dict (.pt, .npz) of two linear layers: the hidden one's bias is the weight on the last
        coordinate, and the output may have none.
    file_sha256
        The digest of that file; filled in on loading, so that the run's identity is the file's content.
    """

    width: Count = 60
    log10_scale: Annotated[float, Field(ge=-1e7, le=50)] = -6.0
    per_sqrt_width: bool = True
    seed: Seed = 0
    start: Literal["balanced", "unbalanced", "given"] = "balanced"
    w: Rows | None = None
    a: Numbers | None = None
    file: str | None = None
    file_sha256: str | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _as_wide_as_its_rows(cls, values: Any, check: ModelWrapValidatorHandler[InitConfig]) -> InitConfig:
        if isinstance(values, dict) and "width" not in values and isinstance(values.get("w"), list):
            found = check(values | {"width": len(values["w"]) or cls.model_fields["width"].default})
            found.model_fields_set.discard("width")  # nobody said it: other weights may be more
            return found
        return check(values)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> InitConfig:
        # Each message begins with the key that it is about; `explain` puts the table's name before it.
        problem = misplaced(self, "start", _MEANT) or (self._given_problem() if self.start == "given" else None)
        if problem:
            raise ValueError(problem)
        return self

    def _given_problem(self) -> str | None:
        if self.file is not None:
            both = self.w is not None or self.a is not None
            return f"file = {Path(self.file).name!r}: give either a file or w and a{UNSET}" if both else None
        if self.w is None or self.a is None:
            return f"{'w' if self.w is None else 'a'} is missing: allowed are w and a, or file"
        if len(self.w) != len(self.a):
            numbers, rows = counted(len(self.a), "number"), counted(len(self.w), "row")
            return f"a has {numbers} for {rows} of w: allowed is one number for each row"
        return uneven("w", self.w) or self.width_problem(len(self.w))

    def width_problem(self, rows: int) -> str | None:
        """What is wrong if ``width`` is not the number of rows of w."""
        if rows == self.width:
            return None
        return f"width = {self.width}: allowed is {rows}, the number of rows of w, or no width at all{UNSET}"
