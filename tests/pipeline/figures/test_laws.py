"""The figures of the theory's laws show the cubes' own numbers."""

import numpy as np
import pytest
from amounts import with_slow
from matplotlib.figure import Figure

from pipeline import load_config
from pipeline.figures import LAWS, write_law
from pipeline.theory import ladder_law, limit_law, minimum_law, threshold_law, width_law

PATH = {"analysis.penalty": [0.1, 0.01, 1e-3], "analysis.skip": True, "flow.samples": 50}


@pytest.fixture(scope="module")
def cubes(made_once):
    return {
        "ladder": ladder_law(load_config("orthonormal", {"init.width": 40}), (-2.0, -4.0, -6.0)),
        "width": width_law((2, 4), (2, 8), seeds=3),
        "threshold": threshold_law((32, 64), (2, 4), seeds=2),
        "limit": made_once("jumps", lambda: limit_law(load_config("small-width"))),
        "minimum": minimum_law(load_config("non-orthogonal", PATH)),
    }


def line(figure: Figure, name: str):
    return next(line for axes in figure.findobj() for line in getattr(axes, "lines", ()) if line.get_gid() == name)


def test_the_ladder(cubes):
    cube = cubes["ladder"]
    figure = LAWS["ladder"](cube)
    known = np.isfinite(cube["exponent"].values)
    np.testing.assert_array_equal(line(figure, "measured").get_xdata(), cube["exponent"].values[known])
    np.testing.assert_array_equal(line(figure, "paper").get_xdata(), cube["paper_exponent"].values[known])
    np.testing.assert_array_equal(line(figure, "constant_t2").get_ydata(), cube["constant_t2"].values)


def test_the_widths(cubes):
    figure = LAWS["width"](cubes["width"])
    for n in (2, 4):
        np.testing.assert_array_equal(
            line(figure, f"reached-{n}").get_ydata(), cubes["width"]["reached"].sel(points=n).values
        )
    np.testing.assert_array_equal(line(figure, "even-odds").get_ydata(), cubes["width"]["even_odds"].values)


def test_the_staircase(cubes):
    cube = cubes["limit"]
    figure = LAWS["limit"](cube)
    np.testing.assert_array_equal(line(figure, "limit").get_xdata()[:-1], cube["time"].values)
    np.testing.assert_array_equal(line(figure, "limit").get_ydata()[:-1], cube["loss"].values)
    measured = cube.sel(scale=-100.0)
    np.testing.assert_array_equal(line(figure, "measured--100").get_ydata(), measured["curve_loss"].values)


def test_the_path_of_penalties(cubes):
    cube = cubes["minimum"]
    figure = LAWS["minimum"](cube)
    np.testing.assert_array_equal(line(figure, "norm").get_xdata(), [1e-3, 0.01, 0.1])
    np.testing.assert_array_equal(line(figure, "border").get_xdata(), cube["loss"].values[::-1])
    np.testing.assert_array_equal(line(figure, "border").get_ydata(), cube["norm"].values[::-1])
    # A function that is drawn has the path's residuals at the points, its free part among it.
    drawn, points = line(figure, "function-1"), line(figure, "data")
    heights = np.interp(points.get_xdata(), drawn.get_xdata(), drawn.get_ydata())
    np.testing.assert_allclose(points.get_ydata() - heights, cube["residual"].values[1], atol=1e-9)


@pytest.mark.parametrize("law", with_slow(["limit"], ["ladder", "width", "threshold", "minimum"]))
def test_the_files_are_the_same_each_time(cubes, tmp_path, law):
    first = [path.read_bytes() for path in write_law(cubes[law], tmp_path, source="here")]
    second = [path.read_bytes() for path in write_law(cubes[law], tmp_path, source="here")]
    assert first == second
    assert b"here" in first[0]
    text = first[1].decode()
    words = {
        "ladder": "the paper's bound",
        "width": "minimum reached",
        "threshold": "paper: m^",
        "limit": "limit λ",
        "minimum": "penalty β",
    }
    assert words[law] in text


def test_an_excess_that_is_rounding(cubes):
    hidden = cubes["ladder"].copy(deep=True)
    hidden["measured"][:] = -80.0
    said = [text.get_text() for axes in LAWS["ladder"](hidden).findobj() for text in getattr(axes, "texts", ())]
    assert "at every scale the excess is rounding" in said


def test_where_the_statements_do_not_apply_the_ends_are_shown():
    cube = ladder_law(load_config("leaky"), (-2.0, -6.0, -1000.0))
    figure = LAWS["ladder"](cube)
    np.testing.assert_array_equal(line(figure, "excess").get_ydata(), cube["excess"].values)
    np.testing.assert_array_equal(line(figure, "plateaus").get_ydata(), cube["plateaus"].values)
    assert "leaky: how the runs end" in figure.get_suptitle()
    # What the jump process leaves is what the runs come to.
    np.testing.assert_allclose(line(figure, "limit").get_ydata(), cube["excess"].values[-1], rtol=1e-6)
    away = np.abs(cube["limit_deviation"].values)
    np.testing.assert_array_equal(line(figure, "deviation").get_ydata(), away[:2])
