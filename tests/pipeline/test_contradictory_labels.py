"""Labels that no network fits are data: the flow goes to the least loss, and everything downstream says so."""

import numpy as np
import pytest

from catalog import open_catalog
from catalog.schema import SCHEMA_VERSION
from dashboards.drawing_data import DrawingData
from dashboards.run_data import compute_complete, compute_preview, open_run_data
from pipeline import load_config, run
from pipeline.cli.report import print_report
from pipeline.figures import write_figures
from pipeline.workflow.summary import summarise

SMALL = {"init.width": 6, "init.seed": 4, "flow.samples": 20}
CASES = {
    # Two measurements of one thing: their mean, 1.5, is fitted.
    "repeated": ({"x": [[1.0], [1.0]], "y": [1.0, 2.0]}, 0.125),
    "repeated, with a bias": ({"x": [[1.0], [1.0]], "y": [1.0, 2.0], "bias": True}, 0.125),
    "of both signs": ({"x": [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], "y": [1.0, -2.0, 1.0]}, (1.5**2 + 1.5**2) / 6),
    "signed zeros": ({"x": [[0.0, 1.0], [-0.0, 1.0]], "y": [1.0, 2.0]}, 0.125),
    # Every network is 0 at 0.
    "at the zero vector": ({"x": [[0.0, 0.0], [1.0, 0.0]], "y": [2.0, 1.0]}, 1.0),
    "nothing else": ({"x": [[0.0]], "y": [1.0]}, 0.5),
    # h(x) = c x fits best at c = 3/5.
    "on one ray": ({"x": [[1.0], [2.0]], "y": [1.0, 1.0]}, (0.4**2 + 0.2**2) / 4),
}


def config_of(case, **keys):
    data = {"kind": "points", "bias": False} | CASES[case][0]
    return load_config("orthogonal", {"data": data} | SMALL | keys)


@pytest.mark.parametrize("case", CASES)
def test_the_flow_ends_at_the_least_loss(case, tmp_path):
    catalog, config = open_catalog(tmp_path / "catalog"), config_of(case)
    run(config, catalog)
    tree = catalog[config.run_id(SCHEMA_VERSION)]
    assert tree.attrs["status"] == "least_loss"
    assert float(tree["trajectory/loss"][-1]) == pytest.approx(CASES[case][1], rel=1e-9)
    summary = summarise(tree)
    assert summary["minimal_norm_method"].startswith("not known: no network fits these labels: ")
    assert np.isnan([summary[name] for name in ("minimal_half_squared_norm", "gap", "final_excess")]).all()
    assert summary["lower_bound"] == 0.0
    assert catalog.verify() == []


@pytest.mark.parametrize(
    "case",
    [
        "of both signs",
        *(pytest.param(case, marks=pytest.mark.slow) for case in ("repeated, with a bias", "at the zero vector")),
    ],
)
def test_the_figures_are_drawn(case, tmp_path):
    assert len(write_figures(run(config_of(case)), tmp_path)) == 6


@pytest.mark.parametrize("case", CASES)
def test_the_pages_read_it(case):
    config = config_of(case)
    for look in (compute_preview(config), compute_complete(config), open_run_data(run(config))):
        drawing = DrawingData.of(look)
        for frame in (0, -1):
            drawing.state(frame)
        drawing.followed(drawing.shown)
        assert drawing.view is not None


@pytest.mark.parametrize("method", ["scipy:DOP853", "gradient_descent"])
def test_other_methods_agree(method):
    config = config_of("repeated", **{"flow.method": method, "flow.end_time": 40.0, "init.log10_scale": -1.0})
    assert float(run(config)["trajectory/loss"][-1]) == pytest.approx(0.125, rel=1e-4)


def test_the_report_says_it_in_one_sentence(tmp_path, capsys):
    from rich.console import Console

    catalog, config = open_catalog(tmp_path), config_of("repeated")
    run(config, catalog)
    print_report(Console(width=160), catalog.manifest(config.run_id(SCHEMA_VERSION)), "here", False, 1.0)
    said = " ".join(capsys.readouterr().out.split())
    assert "final loss 0.125" in said
    assert (
        "least 1/2 |theta|^2 that fits the data no network fits these labels: points on one ray have labels"
        in said
    )
    assert "nan" not in said
