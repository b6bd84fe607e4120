"""Wide networks: what is said of a run does not depend on how it is gone through, and each stage does so once."""

import tracemalloc

import numpy as np
import pytest
from amounts import with_slow

import catalog.schema.blocks
import pipeline.phases.kinks
from catalog.schema import conform
from pipeline import compare, load_config, minimal_norm
from pipeline.flow import initialise, simulate, streaming
from pipeline.phases import find_plateaus
from pipeline.phases.plateaus import distances
from pipeline.statements import check_statements, statement_times
from pipeline.stationary import point_at
from pipeline.workflow.computation import analyse, minimum_of, prepare


def followed(name, **overrides):
    config = load_config(name, {key.replace("__", "."): value for key, value in overrides.items()})
    data = prepare(config)
    init = initialise(data, config.init)
    trajectory = simulate(
        data,
        init,
        samples=config.flow.samples,
        including=statement_times(data, float(init["log_init_scale"])),
        slope=config.flow.slope,
    )
    return config, data, trajectory


def analysed(config, data, trajectory):
    return analyse(config, data, trajectory, lambda: minimum_of(config, data))


@pytest.mark.parametrize("name", with_slow(["orthogonal", "leaky"], ["non-orthogonal", "unbalanced"]))
def test_in_parts_of_its_neurons_a_run_is_what_it_is_as_a_whole(monkeypatch, name):
    config, data, trajectory = followed(name, init__width=120, flow__samples=60)
    whole = analysed(config, data, trajectory)
    monkeypatch.setattr(catalog.schema.blocks, "STRETCH_BYTES", 256)  # sixteen neurons of two coordinates
    monkeypatch.setattr(pipeline.phases.kinks, "WIDE", 10)
    parts = analysed(config, data, trajectory.chunk(time=7))
    assert parts.keys() == whole.keys()
    for group, expected in whole.items():
        if group == "statements":
            assert parts[group]["verdict"].values.tolist() == expected["verdict"].values.tolist()
        for variable in expected.variables:
            found, known = parts[group][variable].values, expected[variable].values
            if group == "statements" and variable in ("measured", "margin"):
                # Logarithms of what may be rounding itself.
                found, known = (np.maximum(values, np.log(1e-9)) for values in (found, known))
                np.testing.assert_allclose(found, known, rtol=1e-5, atol=1e-12, err_msg=variable)
            else:
                np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-13, err_msg=f"{group}/{variable}")


@pytest.fixture
def reads(monkeypatch):
    """The instants that are read of each variable of a trajectory on disk: [(variable, instants), ...]."""
    monkeypatch.setattr("pipeline.flow.course.IN_MEMORY", 1)
    for name in ("LARGEST_BLOCK", "LARGEST_READ"):
        monkeypatch.setattr(streaming, name, 8000, raising=False)
    found, read = [], streaming.Rows.__getitem__

    def noted(self, key):
        rows = read(self, key)
        first = key[0] if isinstance(key, tuple) else key
        found.append((self.path.name, len(rows) if isinstance(first, slice) else 1))
        return rows

    monkeypatch.setattr(streaming.Rows, "__getitem__", noted)
    return found


def test_each_stage_goes_through_the_neurons_once(reads):
    """A wide network's directions are gigabytes. The statements read Fact 1's interval once more."""
    config, data, trajectory = followed("orthogonal", flow__samples=200)
    groups = analysed(config, data, trajectory)
    length = trajectory.sizes["time"]

    def share(stage):
        reads.clear()
        stage()
        return sum(number for name, number in reads if name == "direction") / length

    phases, minimum = groups["phases"], groups["minimal_norm"]
    assert share(lambda: check_statements(data, trajectory, phases, minimum)) < 1.75
    assert share(lambda: compare(trajectory, minimal_norm(data), data)) < 1.1
    assert share(lambda: find_plateaus(data, trajectory)) < 1.1


def test_what_is_made_of_a_wide_instant_on_the_way_is_a_part_of_it(monkeypatch):
    """Not some arrays of all its neurons, which the system has to clear first and no cache holds."""
    monkeypatch.setattr(catalog.schema.blocks, "threads_for_sharing", lambda: 1)
    _, data, trajectory = followed("orthogonal")
    _, point = point_at(data, trajectory, 200)
    generator, neurons = np.random.default_rng(0), 200_000
    angle = generator.uniform(0.0, 2.0 * np.pi, (2, neurons))
    wide = conform(
        "trajectory",
        {
            "time": [0.0, 1.0],
            "direction": np.stack([np.cos(angle), np.sin(angle)], axis=-1),
            "log_norm": generator.uniform(-8.0, -6.0, (2, neurons)),
            "output_ratio": generator.choice([-1.0, 1.0], (1, neurons)).repeat(2, axis=0),
            "activation": np.ones((2, neurons, 2), dtype=np.int8),
            "residual": np.ones((2, 2)),
            "loss": np.ones(2),
            "gradient_norm": np.ones(2),
            "log_init_scale": -7.0,
        },
    )
    minimum = minimal_norm(data)
    there = np.zeros((neurons, 2)), np.zeros(neurons)
    point = type(point)(**{**vars(point), "w": there[0], "a": there[1], "near": True})
    instant = wide["direction"].values[0].nbytes
    assert peak(lambda: compare(wide, minimum)) < instant
    assert (
        peak(lambda: distances(wide, [point])) < 2.5 * instant
    )  # once the point itself, its coordinates in front


def peak(work):
    """The most memory, in bytes, that is taken at a time meanwhile."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
