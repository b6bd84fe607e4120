"""``[init]``: the network's start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from pipeline.configuration.keys import UNSET, Count, Keys, Numbers, Rows, Seed, counted, misplaced, uneven

_DRAWN = frozenset({"log10_scale", "per_sqrt_width", "seed", "distribution", "antisymmetric"})
_TWO_SCALES = _DRAWN | {"log10_output_scale"}
_MEANT = {
    "balanced": _DRAWN,
    "unbalanced": _TWO_SCALES,
    "dominated": _TWO_SCALES,
    "torch": frozenset({"seed"}),
    "given": frozenset({"w", "a", "file"}),
    "run": frozenset({"from_run", "from_time"}),
}
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
        standard Gaussian number of its own. ``dominated``: the same w_j, and a_j^2 = |w_j|^2 + lambda^2 with a
        random sign. ``torch``: uniform in +-1/sqrt(fan-in), as torch.nn.Linear draws. ``given``: your own weights,
        in w and a or in a file. ``run``: where another run was.
    log10_output_scale
        For ``unbalanced`` and ``dominated``: log10 of the lambda of the a_j, if it is another one than the w_j's.
    distribution
        What w_j/lambda is: ``gaussian`` (standard), ``uniform`` (each coordinate in +-1) or ``sphere``
        (|w_j| = lambda).
    antisymmetric
        Neurons in pairs of equal w and opposite a, so that the network is 0 at the start.
    from_run, from_time
        For ``run``: the run of the catalog to go on from (its name or the beginning of it), and the time t in it;
        its end if not given. The new run's time begins at 0.
    w, a
        For ``given``: m rows of d numbers (bias coordinate included), and m numbers. An a_j may be 0, a row of w
        may not: with relu'(0) = 0 it would never move.
    file
        For ``given``, beside the configuration file: an npz file, a TOML file or a PyTorch file (.pt, .pth) with w
        and a, an npy file of one array (the last column is a), or a state dict (.pt, .npz) of two linear layers;
        the hidden one's bias is the weight on the last coordinate, and the output may have none.
    file_sha256
        The digest of that file; filled in on loading, so that the run's identity is the file's content.
    """

    width: Count = 60
    log10_scale: Annotated[float, Field(ge=-1e7, le=50)] = -6.0
    per_sqrt_width: bool = True
    seed: Seed = 0
    start: Literal["balanced", "unbalanced", "dominated", "torch", "given", "run"] = "balanced"
    log10_output_scale: Annotated[float, Field(ge=-1e7, le=50)] | None = None
    distribution: Literal["gaussian", "uniform", "sphere"] = "gaussian"
    antisymmetric: bool = False
    from_run: Annotated[str, Field(min_length=1)] | None = None
    from_time: Annotated[float, Field(ge=0)] | None = None
    w: Rows | None = None
    a: Numbers | None = None
    file: str | None = None
    file_sha256: str | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _as_wide_as_its_rows(cls, values: Any, check: ModelWrapValidatorHandler[InitConfig]) -> InitConfig:
        if isinstance(values, dict) and values.get("from_run") is not None and "start" not in values:
            values = values | {"start": "run"}
        if isinstance(values, dict) and "width" not in values and isinstance(values.get("w"), list):
            found = check(values | {"width": len(values["w"]) or cls.model_fields["width"].default})
            found.model_fields_set.discard("width")  # nobody said it: other weights may be more
            return found
        return check(values)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> InitConfig:
        # Each message begins with the key that it is about; `explain` puts the table's name before it.
        problem = misplaced(self, "start", _MEANT)
        if problem is None and self.start == "given":
            problem = self._given_problem()
        if problem is None and self.start == "run" and self.from_run is None:
            problem = "from_run is missing: allowed is the name of a run in the catalog"
        if problem is None and self.antisymmetric and self.width % 2:
            problem = f"width = {self.width}: an even number is allowed with antisymmetric = true"
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
