"""Live looks say what the stages say."""

import numpy as np

from dashboards.run_data import INSTANTS_MINIMUM, PREVIEW_READINGS_LIMIT, open_run_data
from pipeline import generate_data, initialise, load_config, run, simulate


def test_a_quick_look_has_the_whole_curve_of_the_loss(run_data_of):
    config = load_config("orthogonal", {"init.width": 5000})
    data = generate_data(config.data)
    trajectory = simulate(data, initialise(data, config.init), samples=50)
    run_data = run_data_of(quick=True, init__width=5000)
    assert run_data.groups["trajectory"].sizes["time"] == max(INSTANTS_MINIMUM, PREVIEW_READINGS_LIMIT // 5000)
    assert run_data.curve.sizes["time"] == config.flow.samples
    assert not run_data.complete
    found = np.interp(trajectory["time"], run_data.curve["time"], run_data.curve["loss"])
    assert np.abs(found - trajectory["loss"].values).max() < 5e-3


def test_a_whole_look_is_the_run(run_data_of):
    tree, run_data = run(load_config("orthogonal")), run_data_of()
    for name in ("t1", "t2", "t3"):
        assert np.isclose(run_data.groups["phases"][name], tree[f"phases/{name}"], rtol=2e-2)
    assert np.isclose(run_data.groups["minimal_norm"]["value"], tree["minimal_norm/value"])
    assert np.isclose(run_data.groups["minimal_norm"]["excess"][-1], tree["minimal_norm/excess"][-1], atol=1e-9)
    assert run_data.complete


def test_a_published_run_is_looked_at_as_it_is():
    tree = run(load_config("orthogonal", {"init.width": 6}))
    run_data = open_run_data(tree)
    assert run_data.curve["loss"].values.tolist() == tree["trajectory/loss"].values.tolist()


def test_other_methods_are_looked_at_too(run_data_of):
    run_data = run_data_of(quick=True, flow__method="scipy:RK45", flow__end_time=20.0)
    assert run_data.groups["trajectory"].attrs["method"] == "scipy:RK45"
    assert run_data.curve["time"].values[-1] == 20.0
