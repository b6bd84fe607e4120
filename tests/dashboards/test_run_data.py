"""Live looks say what the stages say."""

import numpy as np

from dashboards.run_data import FEWEST, QUICK, of_published
from pipeline import generate_data, initialise, load_config, run, simulate


def test_a_quick_look_has_the_whole_curve_of_the_loss(look_of):
    config = load_config("orthogonal", {"init.width": 5000})
    data = generate_data(config.data)
    trajectory = simulate(data, initialise(data, config.init), samples=50)
    look = look_of(quick=True, init__width=5000)
    assert look.groups["trajectory"].sizes["time"] == max(FEWEST, QUICK // 5000)
    assert look.curve.sizes["time"] == config.flow.samples
    assert not look.whole
    found = np.interp(trajectory["time"], look.curve["time"], look.curve["loss"])
    assert np.abs(found - trajectory["loss"].values).max() < 5e-3


def test_a_whole_look_is_the_run(look_of):
    tree, look = run(load_config("orthogonal")), look_of()
    for name in ("t1", "t2", "t3"):
        assert np.isclose(look.groups["phases"][name], tree[f"phases/{name}"], rtol=2e-2)
    assert np.isclose(look.groups["minimal_norm"]["value"], tree["minimal_norm/value"])
    assert np.isclose(look.groups["minimal_norm"]["excess"][-1], tree["minimal_norm/excess"][-1], atol=1e-9)
    assert look.whole


def test_a_published_run_is_looked_at_as_it_is():
    tree = run(load_config("orthogonal", {"init.width": 6}))
    look = of_published(tree)
    assert look.curve["loss"].values.tolist() == tree["trajectory/loss"].values.tolist()


def test_other_methods_are_looked_at_too(look_of):
    look = look_of(quick=True, flow__method="scipy:RK45", flow__end_time=20.0)
    assert look.groups["trajectory"].attrs["method"] == "scipy:RK45"
    assert look.curve["time"].values[-1] == 20.0
