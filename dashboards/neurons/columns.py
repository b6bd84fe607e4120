"""What is known of every neuron at an instant, as columns by name: what a condition can ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from catalog import decode, flag_numbers

Column = npt.NDArray[Any]

SAME_DIRECTION = 1e-3
"""Neurons of one sign belong to one cluster if their directions, or those of neurons between, differ by this."""
POINTS_LIMIT = 200
"""Points with columns of their own."""
COORDS_LIMIT = 50
"""Coordinates with columns of their own."""

MEANINGS = {
    "neuron": "its number, from 0",
    "log_norm": "ln |w|",
    "log10_norm": "log₁₀ |w|",
    "output_ratio": "a/|w|",
    "sign": "the sign of a: 1 or −1",
    "role": "positive, negative or other",
    "partner": "the number of the extremal direction that it goes to; below 0: none",
    "sliding": "held at the boundary of a point",
    "active": "at how many points it is on",
    "on_0, on_1, …": "on at that point",
    "slides_0, …": "held at that point's boundary",
    "direction_0, …": "the coordinates of w/|w|",
    "cosine_positive, cosine_negative": "with D₊, and with −D₋",
    "cluster": "neurons in one direction have one number",
    "pattern": "neurons that are on at the same points have one number",
    "end_…": "any of these at the end of the run: end_log_norm",
}
"""The columns in words, for the help of a field."""


class NeuronColumns(Mapping[str, Column]):
    """The columns of a run at one instant, each read when it is asked for.

    Parameters
    ----------
    groups
        The groups data, trajectory and phases of a run; of a trajectory that is not in memory only this instant is
        read, and the last one for columns of the end.
    frame
        The instant, by its number.
    """

    def __init__(self, groups: Mapping[str, xr.Dataset], frame: int) -> None:
        self.groups, self.frame = groups, frame
        trajectory = groups["trajectory"]
        self.last = trajectory.sizes["time"] - 1
        self.count = trajectory.sizes["neuron"]
        self.points = min(trajectory.sizes["point"], POINTS_LIMIT)
        self.coords = min(trajectory.sizes["coord"], COORDS_LIMIT)
        self._read: dict[tuple[str, int], Column] = {}
        at_once = {name: self._maker(made, frame) for name, made in self._columns().items()}
        at_end = {f"end_{name}": self._maker(made, self.last) for name, made in self._columns().items()}
        fixed = {"neuron": lambda: np.arange(self.count)}
        if "phases" in groups and "role" in groups["phases"]:
            fixed |= {"role": self.role} | {
                word: lambda word=word: self.role() == word for word in ("positive", "negative", "other")
            }
        if "alignment" in groups:
            fixed["partner"] = lambda: np.asarray(groups["alignment"]["partner"].values)
        self._makers: dict[str, Callable[[], Column]] = fixed | at_once | at_end

    def _columns(self) -> dict[str, Callable[[int], Column]]:
        """List the columns that differ from instant to instant, as functions of its number."""
        found: dict[str, Callable[[int], Column]] = {
            "log_norm": lambda frame: self.variable("log_norm", frame),
            "log10_norm": lambda frame: self.variable("log_norm", frame) / np.log(10.0),
            "output_ratio": lambda frame: self.variable("output_ratio", frame),
            "sign": lambda frame: np.sign(self.variable("output_ratio", frame)),
            "sliding": lambda frame: np.any(self.state("sliding", frame), axis=1),
            "active": lambda frame: np.sum(self.state("on", frame), axis=1),
            "cosine_positive": lambda frame: self.cosine("growth_positive", 1.0, frame),
            "cosine_negative": lambda frame: self.cosine("growth_negative", -1.0, frame),
            "cluster": self.cluster,
            "pattern": self.pattern,
        }
        for point in range(self.points):
            found[f"on_{point}"] = partial(self.state_at, "on", point)
            found[f"slides_{point}"] = partial(self.state_at, "sliding", point)
        for coord in range(self.coords):
            found[f"direction_{coord}"] = partial(self.coordinate, coord)
        return found

    @staticmethod
    def _maker(made: Callable[[int], Column], frame: int) -> Callable[[], Column]:
        return lambda: made(frame)

    def __getitem__(self, name: str) -> Column:
        """Read a column."""
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def variable(self, name: str, frame: int) -> Column:
        """Read a variable of the trajectory at an instant, once."""
        if (name, frame) not in self._read:
            self._read[name, frame] = np.asarray(self.groups["trajectory"][name].isel(time=frame).values)
        return self._read[name, frame]

    def state(self, word: str, frame: int) -> Column:
        """Where neurons are in a state of the activation: bool[neurons, points]."""
        number = flag_numbers(self.groups["trajectory"]["activation"].attrs)[word]
        return np.asarray(self.variable("activation", frame) == number)

    def state_at(self, word: str, point: int, frame: int) -> Column:
        """Where neurons are in a state at one point."""
        return np.asarray(self.state(word, frame)[:, point])

    def coordinate(self, coord: int, frame: int) -> Column:
        """One coordinate of every direction."""
        return np.asarray(self.variable("direction", frame)[:, coord])

    def role(self) -> Column:
        """The role of each neuron, as a word."""
        return np.asarray(decode(self.groups["phases"]["role"], missing="other"))

    def cosine(self, name: str, sign: float, frame: int) -> Column:
        """The cosine with a direction of growth; NaN where there is no label of that sign."""
        vector = sign * np.asarray(self.groups["data"][name].values)
        length = float(np.linalg.norm(vector))
        return self.variable("direction", frame) @ (
            vector / length if length > 0 else np.full_like(vector, np.nan)
        )

    def cluster(self, frame: int) -> Column:
        """The clusters of one direction and sign; number 0 has the largest neuron."""
        signs = np.sign(self.variable("output_ratio", frame))
        rows = np.column_stack([self.variable("direction", frame), signs])
        # Equal ones first: 20,000 neurons in one direction would be 200 million neighbours of one another.
        step = 0.1 * SAME_DIRECTION
        different, inverse = np.unique(np.round(rows / step), axis=0, return_inverse=True)
        neighbours = KDTree(step * different).sparse_distance_matrix(KDTree(step * different), SAME_DIRECTION)
        _, number = connected_components(neighbours, directed=False)
        return self._largest_first(number[inverse.ravel()], frame)

    def pattern(self, frame: int) -> Column:
        """The groups of one activation at every point; number 0 has the largest neuron."""
        _, found = np.unique(self.variable("activation", frame), axis=0, return_inverse=True)
        return self._largest_first(found.ravel(), frame)

    def _largest_first(self, numbers: Column, frame: int) -> Column:
        """Number groups by their largest neurons."""
        order = np.argsort(-self.variable("log_norm", frame), kind="stable")
        _, first, inverse = np.unique(numbers[order], return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.intp)
        rank[np.argsort(first)] = np.arange(len(first))
        ranked = np.empty(len(numbers), dtype=np.intp)
        ranked[order] = rank[inverse]
        return ranked
