"""The list of results: what each is called, what it means, and which method of a reader gives it.

Of the standard library alone: a table of runs must not wait for xarray. So the schema, which has more of them, is
imported by :func:`every_result`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from pipeline.network.status import Status

if TYPE_CHECKING:
    from catalog.schema import Variable
    from pipeline.workflow.summary import RunReader

Group = Literal["Results", "Verdicts", "Solver", "Texts"]
Value = float | int | str

STATUS_MESSAGES = {status.word: status.value for status in Status}
"""The sentence of each word of the result ``status``."""
VERDICT = "statements."
"""What the names of the verdicts begin with in a summary."""


@dataclass(frozen=True)
class Result:
    """A scalar result.

    Attributes
    ----------
    name
        Its key in a summary, and the name of its column and of its variable in a cube.
    read
        Reads it; None where a run has none. What is not known, or does not exist, is NaN.
    long_name, units, doc
        As a variable of the schema has them.
    heading
        What a table's head calls it, in a few characters.
    words
        Of a label: all that there are, if that is known.
    group
        Where the pages list it. Texts are in no cube.
    whole
        Whether it is computed for whole runs alone, not for a sweep's cells: it is in no cube.
    listed, on_page, compared
        Whether ``reluflow list``, the catalog's page and the comparison of runs show it.
    """

    name: str
    read: Callable[[RunReader], Value | None]
    long_name: str = ""
    doc: str = ""
    units: str = "1"
    heading: str = ""
    words: tuple[str, ...] = ()
    group: Group = "Results"
    whole: bool = False
    listed: bool = False
    on_page: bool = False
    compared: bool = False

    def __post_init__(self) -> None:
        """Refuse a result that a table shows under no name."""
        if (self.listed or self.on_page or self.compared) and not self.heading:
            raise ValueError(f"{self.name}: a result that a table shows needs a heading")

    @property
    def in_cubes(self) -> bool:
        """Whether a sweep's cube has it."""
        return self.group != "Texts" and not self.whole

    @property
    def column(self) -> str:
        """The name of its variable in a cube."""
        return self.name.replace(VERDICT, "verdict_")

    @property
    def attributes(self) -> dict[str, str]:
        """What that variable says of itself."""
        said = {"long_name": self.long_name or self.name.replace("_", " "), "units": self.units}
        return said | ({"comment": self.doc} if self.doc else {})


def _told(name: str, long_name: str = "", doc: str = "", **more: Any) -> Result:
    """What a trajectory says of its computation and its end, where it does: not every method has patterns."""
    return Result(name, lambda run: run.groups["trajectory"].attrs.get(name), long_name, doc, **more)


def _growth(sign: str, symbol: str, relation: str) -> Result:
    doc = f"{symbol} = 1/n sum over y_k {relation} 0 of y_k x_k."
    return Result(f"growth_rate_{sign}", lambda run: run.growth_rate(sign), f"|{symbol}|", doc)


RESULTS: dict[str, Result] = {result.name: result for result in (
    _told("status", "why the integration ended", heading="status", group="Solver",
          words=tuple(STATUS_MESSAGES), listed=True, on_page=True, compared=True),
    _told("status_message", "the same in a sentence", group="Texts"),
    _told("solver_seconds", "seconds of the integration", "A timing: differs from computation to computation.",
          units="s", group="Solver"),
    # Of a cell: its sweep knows.
    Result("wall_seconds", lambda run: None, "seconds of the whole cell",
           "A timing: differs from computation to computation.", "s", group="Solver"),
    _told("steps", "steps of the solver", "Accepted ones.", heading="steps of the solver", group="Solver",
          compared=True),
    _told("rejected_steps", "rejected steps of the solver", "Tried again, shorter.", group="Solver"),
    _told("crossings", "crossings of boundaries", "Of a neuron and a data point's hyperplane.",
          group="Solver"),
    _told("patterns", "activation patterns", "Groups of neurons that share their force, at most at once.",
          group="Solver"),
    _told("ambiguous_events", doc="Instants at which the flow was not unique.", group="Solver"),
    _told("sensitive_events", doc="Instants at which an error of the tolerance's size could decide."),
    _told("hessian_smallest_eigenvalue", doc="Of the loss, at the stationary point that the run ends in."),
    _told("stationary_kind", doc="Of the stationary point that the run ends in."),
    _told("stationary_reason", doc="Why it is of that kind.", group="Texts"),
    Result("number_of_points", lambda run: run.groups["data"].sizes["point"], "data points n",
           "Read or drawn.", heading="n", listed=True),
    Result("number_of_coordinates", lambda run: run.groups["data"].sizes["coord"], "input coordinates d",
           "The bias is one of them.", heading="d", listed=True),
    Result("coordinate_names", lambda run: run.coordinate_names(), "names of the coordinates", group="Texts"),
    Result("end_time", lambda run: run.last("trajectory", "time"), "time t of the end", "The last sample's.",
           heading="end, t", compared=True),
    Result("final_loss", lambda run: run.last("trajectory", "loss"), "loss L at the end",
           "L = 1/(2n) sum_k r_k^2.", heading="final loss", listed=True, on_page=True, compared=True),
    Result("final_test_loss", lambda run: run.last_number("trajectory", "test_loss"),
           "test loss at the end", "1/(2n) sum of r^2 at the test points.", heading="final test loss",
           compared=True),
    Result("final_teacher_distance", lambda run: run.last_number("trajectory", "teacher_distance"),
           "|h - teacher| at the end", "The root of the mean square over standard Gaussian inputs.",
           heading="distance to the teacher", compared=True),
    Result("half_squared_norm", lambda run: run.last("minimal_norm", "half_squared_norm"),
           "1/2 |theta|^2 at the end", "1/2 sum_j (a_j^2 + |w_j|^2).", heading="1/2|theta|^2", listed=True,
           compared=True),
    Result("minimal_half_squared_norm", lambda run: run.scalar("minimal_norm", "value"), "min 1/2 |theta|^2",
           "Over networks with L = 0 (eq 8); NaN: not known.", heading="least 1/2|theta|^2 that fits",
           compared=True),
    Result("minimal_norm_method", lambda run: run.groups["minimal_norm"].attrs["method"],
           doc="How the least norm was found.", group="Solver"),
    Result("minimal_norm_patterns", lambda run: run.scalar("minimal_norm", "patterns"),
           "activation patterns of the convex program", "Of all, or of those sampled.", group="Solver"),
    Result("penalised_table", lambda run: run.penalised_table(),
           "the penalised minima, as JSON", group="Texts"),
    Result("final_excess", lambda run: run.last("minimal_norm", "excess"),
           "1/2 |theta|^2 - minimum at the end", "minimal_norm/excess of the last sample.", heading="excess",
           listed=True, on_page=True, compared=True),
    Result("final_distance", lambda run: run.last("minimal_norm", "distance"),
           "|theta - nearest minimum| at the end", "minimal_norm/distance of the last sample.",
           heading="distance to the nearest minimum", compared=True),
    Result("fitted_first", lambda run: run.groups["phases"].attrs["fitted_first"], "sign fitted first",
           "That of the larger |D|."),
    Result("plateaus", lambda run: run.number_of_plateaus(), "plateaus on the way",
           "Stationary points at which the flow lingers, the origin among them.", heading="plateaus",
           compared=True),
    Result("strict_saddles", lambda run: run.strict_saddles(), "strict saddles on the way",
           "Plateaus with a negative Hessian eigenvalue."),
    Result("plateau_table", lambda run: run.plateau_table(), "the plateaus, as JSON", group="Texts"),
    Result("extremal_directions", lambda run: run.size("alignment", "extremal"),
           "extremal directions of the labels",
           "Critical points of G on the sphere.", whole=True),
    Result("aligned_at", lambda run: run.scalar("alignment", "aligned_at") if "alignment" in run.groups else None,
           "end of the alignment of all neurons", "The last sample before the residual moves by a hundredth.",
           whole=True),
    Result("direction_table", lambda run: run.direction_table(), "those to which neurons go, as JSON",
           group="Texts"),
    Result("limit_plateaus", lambda run: run.size("jumps", "limit_plateau"), "plateaus of the limit lambda -> 0",
           "The origin and the end among them.", whole=True),
    Result("limit_half_squared_norm", lambda run: run.last_number("jumps", "half_squared_norm"),
           "1/2 |theta|^2 at the end of the limit", "As lambda goes to 0.", whole=True),
    Result("limit_table", lambda run: run.limit_table(), "the limit's plateaus, as JSON", group="Texts"),
    Result("slowest_rate", lambda run: run.last_number("kernel", "slowest_rate"),
           "slowest rate of the loss at the end", "Twice the tangent kernel's smallest eigenvalue.", whole=True),
    Result("measured_rate", lambda run: run.last_number("kernel", "measured_rate"),
           "rate of the loss at the end", "|grad L|^2/L.", whole=True),
    Result("merged_directions", lambda run: run.last_count("function", "merged_directions"),
           "directions that matter at the end", "Clusters of neurons with 1e-3 of all mass.",
           heading="merged directions", compared=True),
    Result("kinks", lambda run: run.last_count("function", "number_of_kinks"), "kinks of h at the end",
           "Within the data's range.", heading="kinks", compared=True),
    Result("sliding_neurons", lambda run: run.sliding_neurons(), "neurons that end sliding on a boundary",
           "Held there from both sides.", heading="neurons that end sliding on a boundary", compared=True),
    Result("dead_neurons", lambda run: run.dead_neurons(), "neurons that end off at every point",
           "With slope 0 nothing moves them any more.", heading="dead neurons", compared=True),
    _growth("positive", "D_+", ">"),
    _growth("negative", "D_-", "<"),
)}  # fmt: skip
"""The results that are no scalar variables of the schema, by their names. A new one is added here."""


def every_result() -> dict[str, Result]:
    """All of them by name: :data:`RESULTS`, the schema's scalar variables, the verdicts on the statements."""
    return RESULTS | _of_the_schema()


@cache
def _of_the_schema() -> dict[str, Result]:
    from catalog.schema import GROUPS, STATEMENTS

    groups = ("trajectory", "data", "phases", "minimal_norm")
    scalars = [(group, spec) for group in groups for spec in GROUPS[group] if not spec.dims]
    found = [_variable(group, spec) for group, spec in scalars if spec.name not in ("value", "patterns")]
    return {result.name: result for result in (*found, *map(_verdict, STATEMENTS))}


def _variable(group: str, spec: Variable) -> Result:
    """A scalar variable of a group as a result."""
    page: Group = "Solver" if spec.name in ("gap", "lower_bound") else "Results"
    return Result(
        spec.name, lambda run: run.scalar(group, spec.name), spec.long_name, spec.doc, spec.units,
        heading=spec.name, words=spec.flags, group="Verdicts" if spec.flags else page,
        compared=spec.name in ("t1", "t2", "t3"),
    )  # fmt: skip


def _verdict(statement: str) -> Result:
    from catalog.schema import PAPER_STATEMENTS, VERDICTS

    return Result(
        f"{VERDICT}{statement}", lambda run: run.verdicts.get(statement),
        f"verdict on {statement}", "Whether this statement holds there.",
        words=VERDICTS, group="Verdicts", whole=statement not in PAPER_STATEMENTS,
    )  # fmt: skip
