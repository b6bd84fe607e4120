"""The loss at points that the flow does not see, in runs, summaries and sweeps."""

import numpy as np
import pytest

from pipeline import RequestError, data_set, load_config, load_sweep, predict, run, run_sweep, simulate, start
from pipeline.figures import loss_figure
from pipeline.workflow.summary import summarise

TEST = ([[0.3], [1.5], [-2.0]], [0.0, 1.0, 2.0])
DATA = data_set([-1.0, 0.5, 2.0], [1.0, -1.0, 0.5], bias=True, test=TEST)


@pytest.mark.parametrize("method", ["exact", "gradient_descent"])
def test_it_is_that_of_the_network_there(method):
    trajectory = simulate(
        DATA,
        start(DATA, width=8, log10_scale=-2),
        method=method,
        slope=0.1,
        samples=15,
        end_time=9.0,
        step_size=0.01,
    )
    residual = np.array(TEST[1]) - predict(trajectory, TEST[0]).values
    np.testing.assert_allclose(trajectory["test_residual"].values, residual, atol=1e-14)
    np.testing.assert_allclose(trajectory["test_loss"].values, (residual**2).mean(axis=1) / 2)


@pytest.fixture(scope="module")
def tree():
    keys = {"data.kind": "gaussian_teacher", "data.points": 4, "data.dimension": 2, "data.test.points": 7}
    return run(keys | {"init.width": 5, "init.log10_scale": -2, "flow.samples": 20, "flow.end_time": 30.0})


def test_a_run_tells_it(tree):
    summary = summarise(tree)
    assert summary["final_test_loss"] == float(tree["trajectory"]["test_loss"][-1])
    assert summary["final_teacher_distance"] == float(tree["trajectory"]["teacher_distance"][-1])
    figure = loss_figure(tree)
    drawn = [line for axes in figure.axes for line in axes.lines if "test-loss" in (line.get_gid() or "")]
    np.testing.assert_array_equal(drawn[0].get_ydata(), tree["trajectory"]["test_loss"].values)
    assert len(drawn) == 2


def test_it_is_published_and_comes_back(tree, tmp_path):
    from catalog import open_catalog
    from pipeline.upkeep.evidence import judge
    from pipeline.workflow.computation import publish

    config = load_config(
        {"data.kind": "gaussian_teacher", "data.points": 4, "data.dimension": 2, "data.test.points": 7}
        | {"init.width": 5, "init.log10_scale": -2, "flow.samples": 20, "flow.end_time": 30.0}
    )
    catalog = open_catalog(tmp_path)
    published = tree.copy()
    published.attrs["wall_seconds"] = 1.0
    publish(config, catalog, published)
    (run_id,) = catalog.run_ids()
    assert run_id == tree.attrs["id"]
    assert catalog[run_id]["trajectory"]["test_residual"].values.tolist() == (
        tree["trajectory"]["test_residual"].values.tolist()
    )
    groups = {name: node.to_dataset() for name, node in tree.children.items()}
    assert judge(catalog.manifest(run_id), groups) == []
    without = groups | {"data": groups["data"].drop_dims("test_point")}
    with pytest.raises(Exception, match="it has test points, or none"):
        judge(catalog.manifest(run_id), without)


def test_a_sweep_has_a_cube_of_it(tmp_path):
    (tmp_path / "two.toml").write_text(
        '[data]\nkind = "line"\npoints = 3\n[data.test]\npoints = 5\n[init]\nwidth = 3\n[flow]\nsamples = 5\n'
        "end_time = 3.0\n"
    )
    (tmp_path / "sweep.toml").write_text('base = "two.toml"\n[grid]\n"data.test.seed" = [0, 1]\n')
    cube = run_sweep(load_sweep(tmp_path / "sweep.toml"))
    assert cube["final_test_loss"].shape == (2,)
    assert len(set(cube["final_test_loss"].values.tolist())) == 2


def test_a_message_names_the_table():
    with pytest.raises(RequestError, match=r"data.test.y\[0\] is of the size 1e\+200"):
        data_set([1.0], [1.0], test=([1.0], [1e200]))
