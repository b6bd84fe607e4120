"""The life of one neuron agrees with the run."""

import numpy as np
import pytest
import xarray as xr

from catalog import decode
from dashboards.neurons.life import extremal_direction, follow_neuron


@pytest.fixture
def groups(tree):
    return {name: tree[name].to_dataset() for name in ("data", "trajectory", "phases")}


def test_the_events_are_the_changes_of_the_states(groups):
    trajectory = groups["trajectory"]
    states = decode(trajectory["activation"])
    for neuron in range(trajectory.sizes["neuron"]):
        life = follow_neuron(groups, neuron, limit=10**6)
        assert len(life.events) == (states[1:, neuron] != states[:-1, neuron]).sum()
        for event in life.events:
            before = trajectory["time"].values.tolist().index(event.after)
            assert (states[before, neuron, event.point], states[before + 1, neuron, event.point]) == (
                event.old, event.new,
            )  # fmt: skip
            assert event.text


def test_a_neuron_is_read_at_few_instants_and_turns_by_an_angle(groups):
    life = follow_neuron(groups, 3, limit=10)
    assert len(life.time) == 10
    first, last = (groups["trajectory"]["direction"].isel(neuron=3, time=i).values for i in (0, -1))
    assert np.cos(np.radians(life.turned())) == pytest.approx(float(first @ last))


def test_the_extremal_direction_is_where_small_neurons_turn(groups):
    """At the end of alignment every neuron of S_+ has the direction of D over the points where it is on."""
    trajectory, t1 = groups["trajectory"], float(groups["phases"]["t1"])
    frame = int(np.argmin(np.abs(trajectory["time"].values - 2 * t1)))
    states = decode(trajectory["activation"].isel(time=frame))
    role = decode(groups["phases"]["role"])
    for neuron in np.flatnonzero(role != "other"):
        extremal = extremal_direction(groups["data"], states[neuron], 0.0)
        now = trajectory.isel(time=frame, neuron=int(neuron))
        assert float(now["direction"].values @ extremal) * float(now["output_ratio"]) > 0.95
    nothing = xr.Dataset({"x": (("point", "coord"), np.eye(2)), "y": ("point", np.ones(2))})
    assert extremal_direction(nothing, np.array(["off", "off"]), 0.0) is None
