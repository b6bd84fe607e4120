"""What the rows read of a run: the two signs in the paper's order, and the courses of norms and directions.

'Without loss of generality' |D_+| > |D_-| in the paper. Here the sign with the larger |D| is ``first`` and
takes the paper's +, the other is ``second`` and takes its -, so that every row works for either. For
orthogonal inputs that are not unit vectors, u_+ ends at |v_+| with v_+ = sum over y_k > 0 of y_k x_k/|x_k|^2;
for unit vectors that is n |D_+|.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from catalog.schema import variable
from catalog.schema.blocks import at_instant, coordinates_first, over_neurons
from pipeline.network.status import Status
from pipeline.statements.between_samples import DenseOutput
from pipeline.statements.label_signs import Side, side_of
from pipeline.statements.times import Times, paper_times, statement_times

ANGLE = 1e-16
"""The 1 - cos below which a direction may be rounding: samples inside a long quiet step have angles off by up to
4e-9 (measured at lambda = 1e-1000; at the step's ends by 1e-15)."""
SIZE = 1e-10
"""The same for sizes, relative to |v|: runs end within 4e-11 of what they tend to (lambda = 1e-10000)."""
ROUNDING = 1e-14
"""The relative imbalance of a start that is rounding: it was balanced."""
SQUARED = 1e150
"""Up to which size a number's square is a float."""
UNFINISHED = Status.INCOMPLETE | {Status.END_TIME.word}
"""The words of the statuses of a trajectory that ends before the flow has come to rest."""


Found = TypeVar("Found")


@dataclass(frozen=True)
class Courses:
    """What happens along time, one number an instant.

    Attributes
    ----------
    drift
        The largest relative drift of a_j^2 - |w_j|^2 over the neurons.
    bend
        The largest 1 - cos of a member with ``towards``, for each sign.
    largest, largest_idle, largest_other
        The largest ln |w_j| of all neurons, of those not in the first set, of those in neither; -inf if none.
    """

    drift: np.ndarray
    bend: dict[int, np.ndarray]
    largest: np.ndarray
    largest_idle: np.ndarray
    largest_other: np.ndarray


@dataclass(frozen=True)
class Reading:
    """A run as the rows see it.

    Attributes
    ----------
    data, trajectory, phases, minimum
        The datasets of the stages; ``minimum`` is the comparison along time.
    epsilon
        The paper's free constant.
    first, second
        The sign with the larger |D|, and the other.
    log_scale, log_c
        ln lambda, and ln c with c = max_j |w_j(0)|/lambda.
    time
        The instants.
    courses
        What happens along them.
    dense_output
        Reads the same flow between them; None if there are the samples only.
    """

    data: xr.Dataset
    trajectory: xr.Dataset
    phases: xr.Dataset
    minimum: xr.Dataset
    epsilon: float
    first: Side
    second: Side
    log_scale: float
    log_c: float
    time: np.ndarray
    courses: Courses
    dense_output: DenseOutput | None = None
    _found: dict[Callable[[Reading], Any], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def once(self, measure: Callable[[Reading], Found]) -> Found:
        """What ``measure`` says of this run; it is asked once, however many rows want to know."""
        if measure not in self._found:
            self._found[measure] = measure(self)
        found: Found = self._found[measure]
        return found

    @property
    def growth_ratio(self) -> float:
        """The ratio r = |D_+|/|D_-| with the larger one above: at least 1."""
        return self.first.rate / self.second.rate

    def log_power(self, exponent: float) -> float:
        """ln(lambda^exponent)."""
        return exponent * self.log_scale

    def norm(self, side: Side) -> np.ndarray:
        """u(t) of one sign (section 4.2)."""
        name = "norm_positive" if side.sign > 0 else "norm_negative"
        return np.asarray(self.phases.variables[name].values)

    @property
    def times(self) -> Times:
        """The instants and intervals that the statements name."""
        return paper_times(self.log_scale, self.first.rate, self.second.rate, self.epsilon)

    @property
    def at_statement_times(self) -> np.ndarray:
        """bool[time]: the samples that the statements name, :func:`statement_times`; all if it has none of them.

        What is sought among samples is sought among these, so that it does not depend on where the others are. The
        end of a run at rest stands for the instants after it.
        """
        wanted = statement_times(self.data, self.log_scale, epsilon=self.epsilon)
        near = np.isclose(self.time[:, None], wanted, rtol=1e-9, atol=0.0).any(axis=1)
        if near.any() and self.at_rest and wanted[-1] > self.time[-1]:
            near[-1] = True
        return np.asarray(near if near.any() else np.ones(len(self.time), dtype=bool))

    @property
    def at_rest(self) -> bool:
        """Whether the run goes on until nothing moves: then its last instant stands for all later ones."""
        attributes = self.trajectory.attrs
        # A run that was not unique tells how it ended in its sentence alone.
        cut = Status.END_TIME.value in str(attributes.get("status_message", ""))
        return attributes.get("status") not in UNFINISHED and not cut

    def covers(self, instant: float) -> bool:
        """Whether the run says what is at ``instant``."""
        return self.at_rest or instant <= self.time[-1] * (1.0 + 1e-9)


def read_run(
    data: xr.Dataset,
    trajectory: xr.Dataset,
    phases: xr.Dataset,
    minimum: xr.Dataset,
    epsilon: float,
    dense_output: DenseOutput | None = None,
) -> Reading:
    """Read what the rows need, in one pass over the trajectory."""
    points, course = data.variables, trajectory.variables
    x, y = points["x"].values, points["y"].values
    growth = {1: points["growth_positive"].values, -1: -points["growth_negative"].values}
    role = phases.variables["role"].values
    flag = variable("phases", "role").flag
    chosen = {1: role == flag("positive"), -1: role == flag("negative")}
    sides = {sign: side_of(x, y, sign, chosen[sign], growth[sign]) for sign in (1, -1)}
    first = 1 if sides[1].rate >= sides[-1].rate else -1
    log_scale = float(course["log_init_scale"])
    return Reading(
        data=data,
        trajectory=trajectory,
        phases=phases,
        minimum=minimum,
        epsilon=epsilon,
        first=sides[first],
        second=sides[-first],
        log_scale=log_scale,
        log_c=float(at_instant(trajectory, 0, "log_norm")[0].max()) - log_scale,
        time=course["time"].values,
        courses=_follow(trajectory, sides[first], sides[-first]),
        dense_output=dense_output,
    )


def _follow(trajectory: xr.Dataset, first: Side, second: Side) -> Courses:
    first_size, first_share = _imbalance(*at_instant(trajectory, 0, "log_norm", "output_ratio"))
    # A neuron that shrinks magnifies the rounding of its start's imbalance as it does the imbalance itself.
    rounding = np.where(np.abs(first_share) > ROUNDING, ROUNDING, 0.0)
    first_share = np.where(rounding > 0.0, first_share, 0.0)
    unbalanced = first_share != 0.0
    idle, other = ~first.members, ~(first.members | second.members)

    def reduce(
        part: slice, log_norm: np.ndarray, ratio: np.ndarray, direction: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        if unbalanced[part].any():
            size, share = _imbalance(log_norm, ratio)
            # Never above e^600: a neuron that has shrunk by more has kept nothing that a float could tell.
            growth = np.exp(np.minimum(2.0 * (first_size[part] - size), 600.0))
            drift = np.abs(share - first_share[part] * growth) - rounding[part] * growth
        else:  # all that balanced neurons have is what they have drifted by
            drift = np.abs(_share(ratio))
        return (
            np.max(np.maximum(drift, 0.0, out=drift), axis=1),
            *(bend(direction, side, part) for side in (first, second)),
            np.max(log_norm, axis=1, initial=-np.inf),
            *(
                np.max(np.where(which[part], log_norm, -np.inf), axis=1, initial=-np.inf)
                for which in (idle, other)
            ),
        )

    names = ("log_norm", "output_ratio", "direction")
    found = over_neurons(reduce, [np.maximum] * 6, *(trajectory.variables[name] for name in names))
    bends = {
        side.sign: of_side if side.members.any() else np.full(len(of_side), np.nan)
        for side, of_side in zip((first, second), found[1:3], strict=True)
    }
    return Courses(found[0], bends, *found[3:])


def _imbalance(log_norm: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ln of sqrt(a^2 + |w|^2), and (a^2 - |w|^2)/(a^2 + |w|^2), with no square that overflows."""
    return log_norm + np.log(np.hypot(1.0, ratio)), _share(ratio)


def _share(ratio: np.ndarray) -> np.ndarray:
    """(a^2 - |w|^2)/(a^2 + |w|^2) for a/|w|, with no square that overflows."""
    size = np.abs(ratio)
    if size.max(initial=0.0) < SQUARED:
        return np.asarray((size - 1.0) * (size + 1.0) / (size * size + 1.0))
    length = np.hypot(1.0, ratio)
    return np.asarray((size / length - 1.0 / length) * (size + 1.0) / length)


def bend(direction: np.ndarray, side: Side, part: slice = slice(None)) -> np.ndarray:
    """The largest 1 - cos(w_j, D) of a member at each time, from the chord: exact far below 1e-16.

    Parameters
    ----------
    direction
        Unit vectors [time, neuron, coord] of a part of the neurons.
    side
        0 if it has no members among them.
    """
    some = np.take(direction, np.flatnonzero(side.members[part]), axis=1)
    chord = coordinates_first(some)
    chord -= side.towards[:, None, None]
    return 0.5 * np.asarray(np.einsum("ctj,ctj->tj", chord, chord).max(axis=1, initial=0.0))


def natural_log(sizes: np.ndarray) -> np.ndarray:
    """The ln of sizes; -inf for what is 0, or below by rounding."""
    positive = np.asarray(sizes) > 0.0
    return np.where(positive, np.log(np.where(positive, sizes, 1.0)), -np.inf)
