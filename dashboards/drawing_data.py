"""What the plots of one run share: which neurons are drawn, at which instants, and in which plane.

Pure: from a :class:`dashboards.run_data.RunData` to plain arrays. The plots that change with a slider
(:mod:`dashboards.plots.network_plot`, :mod:`dashboards.plots.time_curves`) take their columns from here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dashboards.run_data import RunData
from pipeline.figures import (
    Interval,
    Plane,
    State,
    View,
    intervals,
    neuron_roles,
    one_input,
    read_state,
    shown_until,
)

Numbers = npt.NDArray[np.float64]
T = TypeVar("T")

MARKERS_LIMIT = 1_500
"""At most so many neurons are drawn as markers: the largest at the end."""
LINES_LIMIT = 120
"""At most so many neurons are drawn as lines over time: the largest at the end, some of each role."""
LINE_INSTANTS = {False: 60, True: 130}
"""Instants of each such line, in a preview and in a complete run: a plot is half a screen wide, and while a
slider moves the browser spends most of its time on these lines."""
MADE_LIMIT = 60
"""Texts and columns that are kept of a run."""
LOSS_DECADES_LIMIT = 12.0
"""Decades below the largest loss that the logarithmic axis shows."""


@dataclass(frozen=True)
class DrawingData:
    """A run as it is drawn; all pages that draw this run have the same object.

    Attributes
    ----------
    run
        The run.
    role
        The role of each neuron, by name.
    shown
        The neurons that are drawn as markers; the first :attr:`lines` of them are drawn as lines too.
    lines
        How many.
    axes
        For inputs of more dimensions: the two coordinates of the weights that are drawn; None for the principal
        components.
    """

    run: RunData
    role: npt.NDArray[np.str_]
    shown: npt.NDArray[np.intp]
    lines: int
    axes: tuple[int, int] | None = None

    @classmethod
    def of(cls, run: RunData, axes: tuple[int, int] | None = None) -> DrawingData:
        """Choose what is drawn of a run; ``axes`` that it does not have are the principal components."""
        drawings: dict[tuple[int, int] | None, DrawingData] = vars(run).setdefault("_drawings", {})
        if axes not in drawings:
            drawings[axes] = cls._chosen(run, axes)
        return drawings[axes]

    @classmethod
    def _chosen(cls, run: RunData, axes: tuple[int, int] | None) -> DrawingData:
        role = neuron_roles(run.groups, missing="?")
        size = np.asarray(run.groups["trajectory"]["log_norm"].isel(time=-1).values)
        order = np.argsort(-size, kind="stable")
        lined = _shares(order, role)
        rest = order[~np.isin(order, lined)][: max(0, MARKERS_LIMIT - len(lined))]
        if axes is not None and max(axes) >= run.groups["data"].sizes["coord"]:
            axes = None
        return cls(run, role, np.concatenate([lined, rest]), len(lined), axes)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` makes of this run, made once for all pages that draw it; nobody changes it."""
        made: dict[Hashable, Any] = vars(self).setdefault("_made", {})
        if key not in made:
            if len(made) >= MADE_LIMIT:
                made.clear()
            made[key] = make()
        found: T = made[key]
        return found

    @cached_property
    def phases(self) -> list[Interval]:
        """The phases as stretches of time."""
        return intervals(self.run.groups, "phase")

    @cached_property
    def time(self) -> Numbers:
        """The instants of the samples: the frames of the player."""
        return np.asarray(self.run.groups["trajectory"]["time"].values)

    @cached_property
    def until(self) -> float:
        """Where the time axes end."""
        return float(shown_until(self.run.groups))

    @property
    def neurons(self) -> int:
        """The number of neurons."""
        return len(self.role)

    @cached_property
    def log_scale(self) -> float:
        """Ln lambda."""
        return float(self.run.groups["trajectory"]["log_init_scale"])

    def frame_at(self, time: float) -> int:
        """Find the frame nearest to an instant."""
        return int(np.argmin(np.abs(self.time - time)))

    @cached_property
    def plane(self) -> Plane | None:
        """The plane of figure 2; None if the input is not one number."""
        one = one_input(self.run.groups)
        return None if one is None else Plane.of(self._with_minimum, one)

    @cached_property
    def view(self) -> View:
        """The plane of the weights that is drawn, for inputs of more dimensions."""
        if self.axes is not None:
            names = coordinate_names(self.run.groups["data"])
            first, second = (f"w along {names[axis]}, of the largest |w|" for axis in self.axes)
            return View(np.eye(len(names))[list(self.axes)], (first, second))
        return View.of(self._with_minimum, self.state(len(self.time) - 1))

    @cached_property
    def _with_minimum(self) -> dict[str, Any]:
        groups = dict(self.run.groups)
        if "minimal_norm" not in groups:
            coords = groups["data"].sizes["coord"]
            groups["minimal_norm"] = _unknown_minimum(coords)
        return groups

    def state(self, frame: int) -> State:
        """Read all neurons at a frame."""
        return read_state(self.run.groups["trajectory"], frame, self.role)

    def followed(self, neurons: npt.NDArray[np.intp]) -> tuple[Numbers, Numbers, Numbers, npt.NDArray[np.str_]]:
        """Read some neurons over time.

        Parameters
        ----------
        neurons : int[lines]

        Returns
        -------
        time : float64[instants]
        log10_norm : float64[lines, instants]
        cosine : float64[lines, instants]
            With D_+ where a_j > 0, else with -D_-; 0 where there is no label of that sign.
        role : str[lines]
        """
        group, data = self.run.groups["trajectory"], self.run.groups["data"]
        every = max(1, len(self.time) // LINE_INSTANTS[self.run.complete])
        instants = np.unique(np.append(np.arange(0, len(self.time), every), len(self.time) - 1))
        chosen = neurons
        # Sorted for the store, which reads increasing indices as slices, then in our order again.
        order = np.argsort(chosen)
        part = group[["direction", "log_norm", "output_ratio"]].isel(time=instants, neuron=chosen[order])
        back = np.argsort(order)
        direction, log_norm, ratio = (
            np.asarray(part[name].values)[:, back] for name in ("direction", "log_norm", "output_ratio")
        )
        target = {1: _unit(data["growth_positive"].values), -1: _unit(-data["growth_negative"].values)}
        cosines = {sign: direction @ vector for sign, vector in target.items()}
        cosine = np.where(ratio > 0, cosines[1], cosines[-1])
        return self.time[instants], log_norm.T / np.log(10.0), cosine.T, self.role[chosen]


def coordinate_names(data: Any) -> list[str]:
    """Name the coordinates of the inputs."""
    labels = str(data["coord"].attrs.get("labels", "")).split() if "coord" in data.coords else []
    count = data.sizes["coord"]
    return labels if len(labels) == count else [f"coordinate {i}" for i in range(count)]


def _shares(order: npt.NDArray[np.intp], role: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Choose at most :data:`LINES_LIMIT` neurons: of each role the first ones in ``order``."""
    if len(order) <= LINES_LIMIT:
        return order
    kinds = np.unique(role)
    chosen = [order[role[order] == kind][: LINES_LIMIT // len(kinds)] for kind in kinds]
    return np.asarray(order[np.isin(order, np.concatenate(chosen))])


def _unit(vector: Numbers) -> Numbers:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 0 else vector)


def _unknown_minimum(coords: int) -> Any:
    """Make an empty group minimal_norm."""
    import xarray as xr

    return xr.Dataset(
        {
            "weight": (("minimal_neuron", "coord"), np.zeros((0, coords))),
            "output_sign": ("minimal_neuron", np.zeros(0)),
            "value": np.nan,
        }
    )
