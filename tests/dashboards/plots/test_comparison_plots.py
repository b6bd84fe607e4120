import numpy as np
import pytest

from dashboards.plots.comparison_plots import DARK_STROKES, function_plot, loss_plot
from dashboards.theme import DARK, LIGHT
from pipeline.figures import one_input
from pipeline.network.algebra import weights_at


@pytest.fixture
def two(small_catalog):
    return {name: small_catalog[name] for name in small_catalog if name.startswith("orthogonal")}


def curves(overlay):
    return {element.label: element for element in overlay if type(element).__name__ == "Curve"}


def test_the_losses_are_the_runs(two):
    drawn = curves(loss_plot(two, LIGHT))
    for name, tree in two.items():
        assert np.array_equal(drawn[name].dimension_values("t"), tree["trajectory"]["time"])
        assert np.array_equal(drawn[name].dimension_values("loss"), tree["trajectory"]["loss"])


def test_scaled_time_brings_scales_together(two):
    half = {}
    for scaled in (False, True):
        times = []
        for curve in curves(loss_plot(two, LIGHT, scaled=scaled)).values():
            loss = curve.dimension_values("loss")
            times.append(float(curve.dimension_values("t")[np.argmax(loss < loss[0] / 2)]))
        half[scaled] = max(times) / min(times)
    assert half[True] < 1.15 < half[False]


def test_a_logarithmic_axis_drops_what_has_no_logarithm(two):
    for curve in curves(loss_plot(two, DARK, logarithmic=True)).values():
        loss = curve.dimension_values("loss")
        assert np.nanmin(loss) > 0


def test_the_function_meets_the_data(two):
    for tree in two.values():
        x, y = tree["data"]["x"].values[:, 0], tree["data"]["y"].values
        order = np.argsort(x)
        at_the_end = one_input(tree).values(*weights_at(tree["trajectory"].dataset, -1), x[order])
        assert np.allclose(at_the_end, y[order], atol=1e-6)


def test_functions_are_drawn_for_one_input_only(small_catalog, two):
    assert function_plot(two, LIGHT) is not None
    assert function_plot({name: small_catalog[name] for name in small_catalog}, LIGHT) is None


def test_each_run_has_a_colour_and_a_dash_of_its_own():
    for axis in (0, 1):
        assert len({stroke[axis] for stroke in DARK_STROKES}) == len(DARK_STROKES)
