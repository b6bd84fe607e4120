"""The presets: the paper's experiments, number by number."""

import math

import pytest

from catalog.layout import is_run_id
from pipeline.configuration import load_config, presets

PAPERS_X, PAPERS_Y = [[-0.5], [2.0]], [-1.0, 1.0]
FIGURE_4_X, FIGURE_4_Y = [[-1.5], [-1.0], [0.0], [0.25], [2.0]], [0.7, -0.3, -0.3, 0.4, 0.2]


def log_scale(init):
    """ln lambda, from the three keys that say it."""
    return init.log10_scale * math.log(10) - (0.5 * math.log(init.width) if init.per_sqrt_width else 0.0)


def test_the_presets():
    assert set(presets()) == {
        "orthogonal", "orthogonal-large", "orthonormal", "non-orthogonal", "non-orthogonal-large",
        "high-dimensional", "small-width", "nearly-orthogonal", "unbalanced", "leaky",
        "student", "teacher-student", "digits",
    }  # fmt: skip
    for name, path in presets().items():
        config = load_config(name)
        assert config == load_config(path) == load_config(str(path))
        assert config.name == name
        assert config.title
        assert config.description
        assert is_run_id(config.run_id("1.0"))
        assert config.flow.method == "exact"
    assert len({load_config(name).title for name in presets()}) == len(presets())


@pytest.mark.parametrize("name", ["orthogonal", "orthogonal-large", "unbalanced", "leaky"])
def test_the_papers_two_points(name):
    config = load_config(name)
    assert (config.data.x, config.data.y, config.data.bias) == (PAPERS_X, PAPERS_Y, True)
    assert config.init.width == 60
    if name != "orthogonal-large":
        assert log_scale(config.init) == pytest.approx(math.log(1e-6 / math.sqrt(60)), rel=1e-15)
    assert config.init.start == ("unbalanced" if name == "unbalanced" else "balanced")
    assert config.flow.slope == (0.1 if name == "leaky" else 0.0)


@pytest.mark.parametrize(("name", "scale"), [("non-orthogonal", 1e-6), ("non-orthogonal-large", 0.5)])
def test_the_points_of_figure_4(name, scale):
    config = load_config(name)
    assert (config.data.x, config.data.y, config.data.bias) == (FIGURE_4_X, FIGURE_4_Y, True)
    assert (config.init.width, config.init.start) == (60, "balanced")
    assert log_scale(config.init) == pytest.approx(math.log(scale / math.sqrt(60)), rel=1e-6)


def test_the_high_dimensional_experiment():
    config = load_config("high-dimensional")
    data, init = config.data, config.init
    assert (data.kind, data.points, data.dimension, data.teacher_width) == ("gaussian_teacher", 75, 150, 6)
    assert not data.bias
    assert (init.width, init.start) == (200, "balanced")
    assert 2 * log_scale(init) == pytest.approx(math.log(1e-40 / (200 * 150)), rel=1e-14)
    assert config.flow.end_time == 200_000 * 2 * 1e-3
    assert config.flow.samples * init.width * data.dimension * 8 < 60e6  # bytes of directions


def test_the_orthonormal_presets():
    nearly, exactly = load_config("nearly-orthogonal"), load_config("orthonormal")
    assert (nearly.data.kind, exactly.data.kind) == ("nearly_orthonormal", "orthonormal")
    assert (nearly.data.y, nearly.init) == (exactly.data.y, exactly.init)
    assert nearly.data.delta > 1e4 * math.exp(log_scale(nearly.init))


@pytest.mark.parametrize(
    ("name", "points", "dimension", "teacher", "width"),
    [("student", 10_000, 20, 5, 50), ("teacher-student", 200, 50, 6, 500)],
)
def test_the_students(name, points, dimension, teacher, width):
    config = load_config(name)
    data = config.data
    assert (data.kind, data.points, data.dimension) == ("gaussian_teacher", points, dimension)
    assert (data.teacher_width, config.init.width, config.init.start) == (teacher, width, "balanced")
    assert data.test is not None
    assert config.flow.end_time is not None


def test_the_digits():
    config = load_config("digits")
    assert (config.data.kind, config.data.digits, config.init.width) == ("digits", [1, 0], 500)
