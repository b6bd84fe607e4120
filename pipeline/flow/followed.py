"""A flow that was followed to its end, whichever way: what can be read of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

import numpy as np
import xarray as xr

from catalog.schema import conform
from pipeline.flow.exact.dense_output import place_samples
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.held_out import with_held_out_loss
from pipeline.flow.sample_times import merged_sample_times, moved_to
from pipeline.inputs.arguments import SAMPLES, instants, whole
from pipeline.network import algebra
from pipeline.network.status import Status
from pipeline.network.threads import one_thread
from pipeline.stationary import kind_of, point_at, spectrum

Progress = Callable[[float, int], None]
"""Told now and then the paper's t that was reached and the number of steps."""
Reading = Callable[[int, int], None]
"""Told now and then how many samples have been read, and how many there are."""
REACHED_ZERO = "The w of a neuron reached 0 in finite time, where the flow is not unique."
"""What is said of a flow that stalled there."""


@dataclass(frozen=True)
class Followed:
    """A flow that was followed to its end.

    Attributes
    ----------
    data, init
        The datasets of the stages data and flow.
    end_time
        The paper's t at which it was to stop; None: until it rests.
    status
        Why it ended.
    counted
        What the solver says of itself.
    """

    data: xr.Dataset
    init: xr.Dataset
    end_time: float | None
    status: Status
    counted: dict[str, Any]

    @property
    def account(self) -> dict[str, Any]:
        """The solver's account, as the trajectory's attributes say it."""
        return self.counted

    @property
    def time_unit(self) -> float:
        """The paper's t of one unit of the solver's time."""
        raise NotImplementedError

    @property
    def clock(self) -> tuple[StepRecord, float]:
        """The steps by which samples are placed, and the labels' scale in the unit of their residuals."""
        raise NotImplementedError

    def curve(self, samples: int) -> xr.Dataset:
        """The residual and the loss alone, at so many placed instants."""
        raise NotImplementedError

    def read(self, times: np.ndarray, reading: Reading | None) -> dict[str, Any]:
        """The trajectory's variables at these instants of the paper's t, as far as the neurons tell them."""
        raise NotImplementedError

    def placed(self, samples: int) -> np.ndarray:
        """Choose that many instants of the paper's t, dense where the trajectory moves.

        No instant twice: of a flow that rests where it starts, and has no end of its own, there is t = 0 alone.
        """
        unit, samples = self.time_unit, whole("samples", samples, SAMPLES)
        last = None if self.end_time is None else self.end_time / unit
        record, scale = self.clock
        times: np.ndarray = unit * place_samples(record, samples, scale, last)
        if self.end_time is not None:
            times[-1] = self.end_time
        return np.unique(times)

    def trajectory(
        self,
        times: int | np.ndarray,
        *,
        including: np.ndarray | tuple[float, ...] = (),
        reading: Reading | None = None,
    ) -> xr.Dataset:
        """Read every neuron at these instants of the paper's t, or at so many placed ones, and at ``including``.

        Parameters
        ----------
        reading
            Told after each block of samples how many have been read, and how many there are.

        Returns
        -------
        Dataset
            Group ``trajectory`` of the schema.
        """
        started = perf_counter()
        # Of data of 1e140, what is no float any more is inf or NaN.
        with one_thread(self.data.sizes["point"]), np.errstate(over="ignore", invalid="ignore"):
            if np.ndim(times) == 0:
                placed = moved_to(self.placed(cast("int", times)), self.slow_instants)
            else:
                placed = instants("times", times)
            looked = merged_sample_times(placed, instants("including", including, empty=True))
            trajectory = self.read_described(looked, reading)
        trajectory = with_held_out_loss(self.data, trajectory)
        if self.status is Status.STATIONARY:
            trajectory.attrs |= stationary_point(self.data, trajectory)
        trajectory.attrs["sampling_seconds"] = perf_counter() - started
        return trajectory

    @property
    def slow_instants(self) -> np.ndarray:
        """Instants at which the network is read besides, as it moves slowly there; none if they are not known."""
        return np.empty(0)

    def read_described(self, times: np.ndarray, reading: Reading | None) -> xr.Dataset:
        """Read every neuron at these instants, and say in the attributes what happens along the steps."""
        return self.look(times, reading)

    def look(self, times: np.ndarray, reading: Reading | None = None) -> xr.Dataset:
        """Read every neuron at these instants, and say nothing of what happens between them."""
        taken = self.read(times, reading)
        residual = taken.pop("residual")
        values = {
            **taken,
            "time": times,
            "residual": residual,
            "loss": algebra.loss(residual),
            "log_init_scale": self.init.variables["log_init_scale"].values,
        }
        trajectory = conform("trajectory", values, self.account)
        trajectory.variables["coord"].attrs.update(self.data.variables["coord"].attrs)
        return trajectory


def stationary_point(data: xr.Dataset, trajectory: xr.Dataset) -> dict[str, Any]:
    """What kind of stationary point a flow rests at, as its plateau says it (:mod:`pipeline.stationary`)."""
    with one_thread(data.sizes["point"]):
        network, point = point_at(data, trajectory, -1)
        answer, eigenvalues = kind_of(network, point), spectrum(network, point)
    return {
        "hessian_smallest_eigenvalue": eigenvalues.smallest,
        "stationary_kind": answer.kind.replace("_", " "),
        "stationary_reason": answer.reason,
    }
