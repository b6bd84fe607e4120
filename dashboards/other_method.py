"""The run that a page shows, followed by another method from the same start: gradient descent beside the flow.

Only what is drawn is kept of it: its loss, and for one input its function, at the instants of the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from dashboards.drawing_data import DrawingData, Numbers
from dashboards.run_data import COMPLETE_READINGS_LIMIT
from dashboards.run_selection import WIDTH_LIMIT
from pipeline import RequestError, predict, simulate, start_from


@dataclass(frozen=True)
class Method:
    """A method by its name in a menu, with gradient descent's step."""

    name: str
    method: str
    step_size: float = 1e-3


METHODS = {
    f"descent-{step:g}": Method(f"gradient descent, step {step:g}", "gradient_descent", step)
    for step in (0.1, 0.01, 0.001)
} | {"exact": Method("the exact flow", "exact")}
"""The methods by what an address calls them."""


@dataclass(frozen=True)
class OtherMethod:
    """A run by another method.

    Attributes
    ----------
    method
        The method.
    time, loss
        [instants].
    position
        [positions]: where its function is known; empty for inputs of more numbers.
    function
        float32[instants, positions].
    ended
        A sentence.
    """

    method: Method
    time: Numbers
    loss: Numbers
    position: Numbers
    function: Numbers
    ended: str

    @property
    def nbytes(self) -> int:
        """Return the size of its arrays in bytes."""
        return self.time.nbytes + self.loss.nbytes + self.position.nbytes + self.function.nbytes

    def instant(self, time: float) -> int:
        """Find its instant nearest to a time."""
        return int(np.abs(self.time - time).argmin())


@dataclass(frozen=True)
class OtherRequest:
    """All that another method needs of a run.

    Attributes
    ----------
    method
        Which one.
    data, start
        The run's group ``data``, and the first sample of its trajectory.
    times
        When to look.
    position, points
        For one input: where to evaluate the function, as one number and as an input [positions, coord].
    """

    method: Method
    data: xr.Dataset
    start: xr.Dataset
    times: Numbers
    position: Numbers
    points: Numbers

    @classmethod
    def of(cls, drawing: DrawingData, method: Method) -> OtherRequest:
        """Take it from a run that is drawn.

        Raises
        ------
        RequestError
            If the run has more neurons than a page computes.
        """
        if drawing.neurons > WIDTH_LIMIT:
            raise RequestError(f"{drawing.neurons:,} neurons: a page computes at most {WIDTH_LIMIT:,}")
        data, trajectory = drawing.run.groups["data"], drawing.run.groups["trajectory"]
        position = np.zeros(0) if drawing.plane is None else drawing.plane.position
        points = np.zeros((len(position), data.sizes["coord"]))
        if drawing.plane is not None:
            one = drawing.plane.one
            points[:, one.column] = position
            if one.bias_column is not None:
                points[:, one.bias_column] = one.bias
        every = -(-len(drawing.time) * drawing.neurons // COMPLETE_READINGS_LIMIT)
        times = drawing.time[::every]
        return cls(method, data.load(), trajectory.isel(time=[0]).load(), times, position, points)


def follow_other(asked: OtherRequest) -> OtherMethod:
    """Follow the run's start by another method.

    Raises
    ------
    RequestError
        If the method can't take it: a scale that is no float, say.
    """
    attributes = asked.start.attrs
    trajectory = simulate(
        asked.data, start_from(asked.start, 0.0), sample_times=asked.times, method=asked.method.method,
        slope=attributes.get("slope", 0.0), output_speed=attributes.get("output_speed", 1.0),
        step_size=asked.method.step_size,
    )  # fmt: skip
    function = predict(trajectory, asked.points).values if len(asked.points) else np.zeros((len(asked.times), 0))
    return OtherMethod(
        asked.method, trajectory["time"].values, trajectory["loss"].values, asked.position,
        function.astype(np.float32), str(trajectory.attrs["status_message"]),
    )  # fmt: skip
