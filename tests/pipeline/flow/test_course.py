"""A flow followed once: its curve and its trajectories say the same."""

from time import perf_counter, sleep

import numpy as np
import pytest
import xarray as xr

from pipeline import follow_flow, generate_data, initialise, load_config, simulate
from pipeline.configuration import InitConfig
from pipeline.flow.course import describe_end
from pipeline.network.status import Status


def followed(name, **overrides):
    config = load_config(name, overrides)
    data = generate_data(config.data)
    init = initialise(data, config.init)
    return data, init, follow_flow(data, init, tolerance=1e-8)


@pytest.mark.parametrize("name", ["orthogonal", "non-orthogonal-large", "orthonormal"])
def test_the_curve_is_the_trajectory_without_its_neurons(name):
    data, init, course = followed(name)
    curve = course.curve(300)
    trajectory = simulate(data, init, tolerance=1e-8, sample_times=curve["time"].values)
    assert np.abs(curve["residual"].values - trajectory["residual"].values).max() < 5e-7
    assert np.allclose(curve["loss"], 0.5 * (curve["residual"] ** 2).mean("point"), rtol=1e-12)


def test_a_trajectory_read_twice_is_the_same_and_simulates_own():
    data, init, course = followed("orthogonal")
    first, second = course.trajectory(50), course.trajectory(50)
    xr.testing.assert_identical(first.drop_attrs(deep=False), second.drop_attrs(deep=False))
    own = simulate(data, init, tolerance=1e-8, samples=50)
    xr.testing.assert_equal(first, own)
    clocks = {"solver_seconds", "sampling_seconds"}
    assert {k: v for k, v in first.attrs.items() if k not in clocks} == {
        k: v for k, v in own.attrs.items() if k not in clocks
    }


def test_the_account_tells_how_long_the_solver_took():
    started = perf_counter()
    _, _, course = followed("orthogonal")
    assert 0.0 < course.account["solver_seconds"] < perf_counter() - started


def test_the_account_tells_of_a_speed_that_is_not_the_usual_one():
    data, init, course = followed("orthogonal")
    assert "output_speed" not in course.account
    assert follow_flow(data, init, output_speed=2.0).account["output_speed"] == 2.0


@pytest.mark.parametrize(
    ("ended", "ambiguous", "contradictory", "found"),
    [
        (Status.CONVERGED, 0, False, Status.CONVERGED),
        (Status.CONVERGED, 0, True, Status.LEAST_LOSS),
        (Status.STATIONARY, 0, True, Status.STATIONARY),
        (Status.CONVERGED, 1, True, Status.NON_UNIQUE),
        (Status.STALLED, 1, False, Status.STALLED),
    ],
)
def test_the_end_is_said_with_what_else_happened(ended, ambiguous, contradictory, found):
    status, message = describe_end(ended, ambiguous, contradictory)
    assert status is found
    assert message.startswith(found.value)
    assert message.endswith(
        Status.LEAST_LOSS.value if ended is Status.CONVERGED and contradictory else ended.value
    )


def test_a_flow_that_starts_where_it_rests():
    data, _, _ = followed("orthogonal")
    data = data.isel(point=[1])
    course = follow_flow(data, initialise(data, InitConfig(start="given", w=[[-1.0, -1.0]], a=[1.0])))
    curve = course.curve(7)
    assert len(course.record.time) == 0
    assert curve["residual"].values.tolist() == [[1.0]]


def test_a_given_end_is_the_last_instant():
    config = load_config("orthogonal")
    data = generate_data(config.data)
    course = follow_flow(data, initialise(data, config.init), end_time=12.5)
    assert course.placed(9)[-1] == 12.5
    assert course.curve(9)["time"].values[-1] == 12.5


@pytest.mark.parametrize("name", ["orthogonal", "non-orthogonal-large", "unbalanced"])
@pytest.mark.parametrize("readers", [1, 2, 5])
def test_blocks_that_threads_read_are_the_trajectory(monkeypatch, name, readers):
    """Each thread begins at an instant of its own; what it finds is what one reads from the start."""
    _, _, course = followed(name)
    whole = course.trajectory(90)
    monkeypatch.setattr("pipeline.flow.course.IN_MEMORY", 1)
    monkeypatch.setattr("pipeline.flow.course.READERS", readers)
    monkeypatch.setattr("pipeline.flow.streaming.LARGEST_BLOCK", 16 * course.init.sizes["neuron"] * 8)
    told = []
    blocks = course.trajectory(90, reading=lambda done, samples: told.append((done, samples)))
    assert blocks["direction"].chunks is not None
    assert told[0] == (0, 90)
    assert told[-1] == (90, 90)
    assert told == sorted(told)
    xr.testing.assert_allclose(blocks, whole, rtol=1e-9, atol=1e-11)


@pytest.fixture
def small_blocks(monkeypatch):
    """Each instant a block, and who writes them: the begun blocks."""
    monkeypatch.setattr("pipeline.flow.course.IN_MEMORY", 1)
    monkeypatch.setattr("pipeline.flow.streaming.LARGEST_BLOCK", 1)
    monkeypatch.setattr("pipeline.flow.streaming.FEWEST", 1)
    return []


def test_what_a_thread_raises_is_raised_and_the_others_stop(monkeypatch, small_blocks):
    _, _, course = followed("orthogonal")

    def full(self, name, start, block):
        small_blocks.append(start)
        if start == 0:
            raise OSError(28, "No space left on device")
        sleep(0.01)

    monkeypatch.setattr("pipeline.flow.streaming.Blocks.write", full)
    with pytest.raises(OSError, match="No space"):
        course.trajectory(400)
    assert len(set(small_blocks)) < 100


def test_an_interrupt_stops_the_threads_at_their_next_block(monkeypatch, small_blocks):
    _, _, course = followed("orthogonal")

    def interrupted(work, watch):
        watch[0] = 1.0
        work()
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.flow.course.run_interruptibly", interrupted)
    monkeypatch.setattr("pipeline.flow.streaming.Blocks.write", lambda *_: small_blocks.append(1))
    with pytest.raises(KeyboardInterrupt):
        course.trajectory(20)
    assert not small_blocks
