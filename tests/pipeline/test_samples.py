"""What is labelled does not depend on where the trajectory is sampled."""

import numpy as np
import pytest
from amounts import with_slow

from pipeline import (
    compare,
    find_plateaus,
    follow_flow,
    generate_data,
    initialise,
    label_phases,
    load_config,
    minimal_norm,
    run,
    simulate,
    statement_rows,
)
from pipeline.workflow.summary import summarise

TIMES = ("t1", "t2", "t3")
FEW = 50
OVER = {
    "orthogonal": {}, "orthogonal-large": {}, "orthonormal": {}, "small-width": {}, "nearly-orthogonal": {},
    "unbalanced": {}, "leaky": {}, "non-orthogonal": {}, "non-orthogonal-large": {},
    "high-dimensional": {"data.points": 12, "data.dimension": 20, "init.width": 30},
}  # fmt: skip
"""The presets; of the large one a part that takes no minute."""
JUDGED = ("phases", "plateaus", "clusters", "statements", "alignment", "jumps")
"""The groups that say something of the whole flow."""
ROUNDING = {"plateaus/stationary_residual": 1e-12, "plateaus/stationary_gradient": 1e-12}
"""What is 0 but for rounding, up to which size."""


LARGER = {"orthogonal-large", "non-orthogonal-large", "high-dimensional"}


def labelled(name, **flow):
    return run(load_config(name, {f"flow.{key}": value for key, value in flow.items()}))


@pytest.fixture(scope="module", params=with_slow(["orthogonal", "non-orthogonal"], ["orthonormal", "leaky"]))
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
            assert table[name][1].measured == pytest.approx(row.measured, rel=1e-6, abs=1e-13, nan_ok=True), name


def answers(tree):
    """All that is labelled and judged: every number and word that is not along time, or of single neurons."""
    found = {}
    for group in [name for name in JUDGED if name in tree.children]:
        dataset = tree[group].to_dataset()
        for name, variable in dataset.variables.items():
            if not {"time", "neuron"} & set(variable.dims):
                found[f"{group}/{name}"] = variable.values
    found["plateaus/reasons"] = np.array(tree["plateaus"]["kind"].attrs.get("reasons", ""))
    return found


@pytest.mark.parametrize("name", with_slow(sorted(OVER.keys() - LARGER), sorted(LARGER)))
def test_every_preset_is_labelled_and_judged_alike(name):
    """On ``orthogonal`` the first saddle began at 13.352 with 60 samples and at 13.330 with 400."""
    few, many = (answers(run(load_config(name, {"flow.samples": samples, **OVER[name]}))) for samples in (60, 400))
    assert few.keys() == many.keys()
    for place, expected in many.items():
        assert few[place].shape == expected.shape, place
        if expected.dtype.kind in "SU":
            assert few[place].tolist() == expected.tolist(), place
        else:
            np.testing.assert_allclose(
                few[place], expected, rtol=1e-6, atol=ROUNDING.get(place, 1e-15), err_msg=place
            )


def test_a_plateau_is_told_whatever_samples_a_user_chooses():
    """A plateau without a sample can't be looked at; of another solver's samples they are found as before."""
    config = load_config("orthogonal")
    data = generate_data(config.data)
    course = follow_flow(data, initialise(data, config.init))
    placed = find_plateaus(data, course.trajectory(100))
    chosen = course.trajectory([0.0, 3.0, 15.0, 20.0, 60.0])
    assert chosen.sizes["time"] == 5
    found = find_plateaus(data, chosen)
    for name in ("start", "end", "label", "kind"):
        assert found[name].values.tolist() == placed[name].values.tolist(), name
    assert found["slowest"].values.tolist() == [0.0, 15.0]
    assert find_plateaus(data, course.trajectory([0.0, 60.0])).sizes["plateau_number"] == 1
    samples = course.trajectory(2000)
    samples.attrs.pop("plateaus_told")
    interpolated = find_plateaus(data, samples)
    for name in ("start", "end"):
        assert interpolated[name].values == pytest.approx(placed[name].values, rel=1e-3), name


def test_the_row_of_lemma_5_is_its_least_value_in_the_ball():
    """Read between the samples: no dense sample in the ball is below it."""
    config = load_config("orthogonal", {"flow.samples": 30})
    tree = run(config)
    row = statement_rows(tree["statements"].to_dataset())["lemma_5"][1]
    data = tree["data"].to_dataset()
    dense = simulate(data, initialise(data, config.init), sample_times=np.append(0.0, np.linspace(23, 25, 4001)))
    distance = compare(dense, minimal_norm(data)).variables["distance"].values
    inside = np.log(distance) <= 0.05 / 40 * float(dense["log_init_scale"])
    rate = (dense["gradient_norm"] ** 2 / dense["loss"]).values[inside]
    assert row.measured == pytest.approx(rate.min(), rel=1e-3)
    assert row.measured <= rate.min()


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
