"""What is labelled does not depend on where the trajectory is sampled."""

from math import inf, log

import numpy as np
import pytest

from pipeline import (
    follow_flow,
    generate_data,
    initialise,
    label_phases,
    load_config,
    run,
    simulate,
    statement_rows,
)
from pipeline.results.reader import summarise

TIMES = ("t1", "t2", "t3")
FEW = 50
LARGEST = {"logistic_ode"}
"""Rows that are the largest of all samples: what they measure below their resolution is the solver's error."""
LEAST = {"lemma_5"}
"""Rows that are the least of all samples, about every instant of a stretch whose start no formula names: more
samples see more of it."""


def labelled(name, **flow):
    return run(load_config(name, {f"flow.{key}": value for key, value in flow.items()}))


@pytest.fixture(scope="module", params=["orthogonal", "non-orthogonal", "orthonormal", "leaky"])
def sampled(request):
    """One flow, sampled differently, and ended differently after it has converged."""
    trees = [labelled(request.param, samples=samples) for samples in (20, FEW, 400, 4000)]
    return [*trees, labelled(request.param, end_time=5000.0, samples=FEW)]


@pytest.mark.parametrize("time", TIMES)
def test_the_times_of_the_phases(sampled, time):
    found = np.array([float(tree["phases"][time]) for tree in sampled])
    if np.isnan(found).all():
        return
    assert found == pytest.approx(found[2], rel=1e-9)


def test_the_statements(sampled):
    """Every verdict, and what is measured, whatever ``flow.samples`` is."""
    tables = [statement_rows(tree["statements"].to_dataset()) for tree in sampled[:4]]
    for name, (_, row) in tables[0].items():
        for table in tables[1:]:
            assert table[name][1].verdict == row.verdict, name
            if name in LEAST:
                assert not table[name][1].measured > row.measured * (1 + 1e-9), name
                continue
            tolerance, floor = (1e-4, log(row.resolution or 1.0)) if name in LARGEST else (1e-9, -inf)
            found, wanted = (np.maximum(one.measured, floor) for one in (table[name][1], row))
            assert found == pytest.approx(wanted, rel=tolerance, abs=1e-13, nan_ok=True), name


def test_the_papers_t1(sampled):
    """Of the paper's experiment, interpolated between 2,001 samples around it."""
    if sampled[0].attrs["name"] != "orthogonal":
        return
    config = load_config("orthogonal")
    data = generate_data(config.data)
    init = initialise(data, config.init)
    times = np.concatenate([[0.0], np.linspace(4.2, 4.3, 2001)])
    trajectory = simulate(data, init, sample_times=times)
    trajectory.attrs.pop("aligned_times")
    from_samples = float(label_phases(data, trajectory, with_plateaus=False)["t1"])
    assert float(sampled[0]["phases"]["t1"]) == pytest.approx(from_samples, rel=1e-8)
    assert from_samples == pytest.approx(4.2652368, rel=1e-7)


def test_times_that_a_user_chooses_do_not_matter_either():
    config = load_config("orthogonal")
    data = generate_data(config.data)
    init = initialise(data, config.init)
    course = follow_flow(data, init)
    fine = label_phases(data, course.trajectory(400), with_plateaus=False)
    coarse = label_phases(data, course.trajectory([0, 7, 60]), with_plateaus=False)
    for time in TIMES:
        assert float(coarse[time]) == float(fine[time])
    until_20 = label_phases(data, course.trajectory([0, 7, 20]), with_plateaus=False)
    assert float(until_20["t2"]) == float(fine["t2"])
    assert np.isnan(until_20["t3"])  # it comes after the last sample
    every_seventh = course.trajectory(400).isel(time=slice(None, None, 7))
    assert float(label_phases(data, every_seventh, with_plateaus=False)["t2"]) == float(fine["t2"])


@pytest.mark.parametrize(("n", "d", "m"), [(3, 20, 40), (6, 2, 2000), (4, 4, 3)])
def test_times_against_dense_samples(n, d, m):
    """Any data: more dimensions than points, more neurons than are followed at first, few neurons."""
    data = generate_data(
        load_config(
            "high-dimensional", {"data.points": n, "data.dimension": d, "data.teacher_width": 2, "data.seed": 5}
        ).data
    )
    init = initialise(data, load_config("orthogonal", {"init.width": m, "init.log10_scale": -3}).init)
    course = follow_flow(data, init, end_time=400.0, tolerance=1e-9)
    trajectory = course.trajectory(3000 if m < 1000 else 600)
    told = label_phases(data, trajectory, with_plateaus=False)
    assert {"aligned_times", "moved_times", "fitted_times", "loss_decade_times"} <= set(trajectory.attrs)
    for name in ("aligned_times", "moved_times", "fitted_times"):
        del trajectory.attrs[name]
    read = label_phases(data, trajectory, with_plateaus=False)
    for time in TIMES:
        assert float(told[time]) == pytest.approx(float(read[time]), rel=2e-2, nan_ok=True)


def test_a_flow_that_makes_no_step_is_labelled_from_its_samples():
    config = load_config(
        "orthogonal", {"init.start": "given", "init.w": [[-1.0, -9.0]], "init.a": [1.0], "init.width": None}
    )
    data = generate_data(config.data)
    trajectory = simulate(data, initialise(data, config.init), samples=5)
    assert "aligned_times" not in trajectory.attrs
    assert np.isnan(label_phases(data, trajectory)["t2"])


def test_the_summary_is_that_of_the_catalog(sampled):
    """The times are told among the trajectory's attributes, as numbers that every format holds."""
    attributes = sampled[2]["trajectory"].attrs
    assert all(isinstance(time, float) for time in attributes["loss_decade_times"])
    assert summarise(sampled[2])["t2"] == pytest.approx(float(sampled[2]["phases"]["t2"]))
