"""The start of the network: equation (4), the same with Gaussian output weights, and the user's own weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from catalog.schema import validate
from pipeline import load_config
from pipeline.configuration import DataConfig, InitConfig
from pipeline.configuration.keys import UNSET
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.inputs.errors import RequestError

SEEDS = st.integers(0, 10**6)


def data_of(d, size=1.0):
    return generate_data(DataConfig(x=(size * np.eye(d)).tolist(), y=[1.0] * d))


def start(d=2, **keys):
    return validate("initial", initialise(data_of(d), InitConfig(**keys)))


def weights(init):
    norm = np.exp(init["log_norm"].values)
    return norm[:, None] * init["direction"].values, norm * init["output_ratio"].values


def refusal(d=2, size=1.0, **keys):
    """The one line that says what is wrong."""
    with pytest.raises(RequestError) as caught:
        initialise(data_of(d, size), InitConfig(**keys))
    (line,) = str(caught.value).splitlines()
    return line


# Equation (4)


@given(m=st.integers(1, 30), d=st.integers(1, 6), seed=SEEDS, scale=st.floats(-12, 3), divided=st.booleans())
def test_a_balanced_start_is_equation_4(m, d, seed, scale, divided):
    """w_j = lambda g_j and a_j = s_j |w_j|, with g drawn before s."""
    init = start(d, width=m, seed=seed, log10_scale=scale, per_sqrt_width=divided)
    generator = np.random.default_rng(seed)
    g, s = generator.standard_normal((m, d)), generator.choice([-1, 1], m)
    size = 10.0**scale / (np.sqrt(m) if divided else 1.0)
    w, a = weights(init)
    assert_allclose(w, size * g, rtol=1e-12)
    assert_allclose(a, s * np.linalg.norm(w, axis=1), rtol=1e-12)
    assert_array_equal(init["output_ratio"], s)  # exactly: rounding would unbalance it
    assert_allclose(init["log_init_scale"], np.log(size), rtol=1e-12, atol=1e-12)
    assert init.identical(start(d, width=m, seed=seed, log10_scale=scale, per_sqrt_width=divided))


def test_the_neurons_of_a_seed_are_the_same_everywhere():
    """Pinned: what a seed means must not change from version to version."""
    init = start(width=3, seed=7)
    expected = [
        [0.00411769474054901, 0.9999915222590758],
        [-0.2941932900759368, -0.9557459432685528],
        [-0.4167805430135501, -0.9090071391168114],
    ]
    assert_allclose(init["direction"], expected, atol=1e-15)
    assert_allclose(init["log_norm"], [-15.572971337579592, -14.435422601225149, -14.277802901828714], rtol=1e-15)
    assert_array_equal(init["output_ratio"], [1.0, -1.0, -1.0])
    unbalanced = start(width=3, seed=7, start="unbalanced")["output_ratio"]
    assert_allclose(unbalanced, [0.2013187986577114, 1.438262993553567, -0.45118821522511726], rtol=1e-14)


AT_ANY_SCALE = "; at any scale as log_norm, direction and output_ratio"


@pytest.mark.parametrize("kind", ["balanced", "unbalanced"])
def test_a_scale_that_is_no_float(kind):
    tiny, plain = start(width=9, log10_scale=-1e6, start=kind), start(width=9, log10_scale=-6.0, start=kind)
    assert_allclose(tiny["log_norm"] - plain["log_norm"], np.log(10) * (6 - 1e6), rtol=1e-15)
    assert_allclose(tiny["log_init_scale"] - plain["log_init_scale"], np.log(10) * (6 - 1e6), rtol=1e-15)
    assert_array_equal(tiny["direction"], plain["direction"])
    assert_array_equal(tiny["output_ratio"], plain["output_ratio"])


def test_the_coordinates_keep_their_names():
    config = load_config("orthogonal")
    init = initialise(generate_data(config.data), config.init)
    assert init["coord"].attrs["labels"] == "x bias"
    assert init.sizes == {"neuron": 60, "coord": 2}


# Unbalanced


@given(m=st.integers(1, 30), d=st.integers(1, 6), seed=SEEDS, scale=st.floats(-12, 3))
def test_an_unbalanced_start_has_the_balanced_ones_hidden_weights(m, d, seed, scale):
    keys = {"width": m, "seed": seed, "log10_scale": scale}
    balanced, unbalanced = start(d, **keys), start(d, **keys, start="unbalanced")
    for name in ("log_norm", "direction", "log_init_scale"):
        assert_array_equal(unbalanced[name], balanced[name])
    generator = np.random.default_rng(seed)
    generator.standard_normal((m, d))
    assert_allclose(
        weights(unbalanced)[1] / np.exp(float(unbalanced["log_init_scale"])),
        generator.standard_normal(m),
        rtol=1e-12,
    )


def test_its_output_weights_are_gaussian_and_independent():
    init = start(3, width=100_000, start="unbalanced", log10_scale=-3.0)
    w, a = (part / np.exp(float(init["log_init_scale"])) for part in weights(init))
    assert abs(a.mean()) < 0.015
    assert abs(a.var() - 1.0) < 0.02
    assert np.mean(np.abs(a) < 1.0) == pytest.approx(0.6827, abs=0.006)
    for other in (np.linalg.norm(w, axis=1), *w.T):
        assert abs(np.corrcoef(np.abs(a), other)[0, 1]) < 0.015
        assert abs(np.corrcoef(a, other)[0, 1]) < 0.015


# Given


@given(m=st.integers(1, 8), d=st.integers(1, 4), seed=SEEDS, of_w=st.floats(-149, 70), of_a=st.floats(-149, 70))
def test_given_weights_come_back(m, d, seed, of_w, of_a):
    generator = np.random.default_rng(seed)
    w = 10.0**of_w * generator.uniform(0.1, 1.0, (m, d)) * generator.choice([-1, 1], (m, d))
    a = 10.0**of_a * generator.uniform(0.1, 1.0, m) * generator.choice([-1, 0, 1], m)
    init = start(d, start="given", w=w.tolist(), a=a.tolist())
    assert init.sizes == {"neuron": m, "coord": d}
    assert np.isfinite(init["output_ratio"]).all()
    assert_allclose(np.linalg.norm(init["direction"], axis=1), 1.0, rtol=1e-15)
    for found, expected in zip(weights(init), (w, a), strict=True):
        assert_allclose(found, expected, rtol=1e-12)
    root_mean_square = np.sqrt(np.mean((w / 10.0**of_w) ** 2)) * 10.0**of_w
    assert_allclose(init["log_init_scale"], np.log(root_mean_square), rtol=1e-12, atol=1e-12)


def test_drawn_weights_given_back_are_the_same_start():
    """Balanced stays balanced exactly, though |w| has been rounded on the way."""
    for seed in range(20):
        drawn = start(3, width=50, seed=seed, log10_scale=-1.0)
        w, a = weights(drawn)
        init = start(3, start="given", w=w.tolist(), a=a.tolist())
        assert_array_equal(init["output_ratio"], drawn["output_ratio"])
        assert_allclose(init["log_norm"], drawn["log_norm"], rtol=1e-14)
    nearly = start(1, start="given", w=[1.0, 1.0, 1.0], a=[1.0 + 1e-13, -1.0 + 1e-13, 0.0])
    assert_array_equal(nearly["output_ratio"], [1.0 + 1e-13, -1.0 + 1e-13, 0.0])


def test_weights_from_a_file(tmp_path):
    np.savez(tmp_path / "mine.npz", w=[[3.0, 4.0], [0.0, -2.0]], a=[10.0, 0.0])
    text = '[data]\nx = [[1, 0]]\ny = [1]\n[init]\nstart = "given"\nfile = "mine.npz"\n'
    (tmp_path / "mine.toml").write_text(text)
    config = load_config(tmp_path / "mine.toml")
    init = initialise(generate_data(config.data), config.init)
    assert_allclose(init["direction"], [[0.6, 0.8], [0.0, -1.0]])
    assert_allclose(init["log_norm"], np.log([5.0, 2.0]))
    assert_allclose(init["output_ratio"], [2.0, 0.0])


@pytest.mark.parametrize(
    ("w", "a", "line"),
    [
        (
            [[1, 2, 3]],
            [1],
            "init.w has rows of 3 numbers: allowed is 2, the number of the data's coordinates (the bias is one of "
            "them)",
        ),
        (
            [[1, 2], [0, -0.0]],
            [1, 1],
            "init.w[1] is the zero vector: with relu'(0) = 0 that neuron never moves, leave it out with its a",
        ),
        (
            [[1, 2], [1e-200, 0]],
            [1, 1],
            "init.w[1] is of the size 1e-200: 1e-150 to 1e+150 is allowed" + AT_ANY_SCALE,
        ),
        ([[1e151, 2]], [1], "init.w[0] is of the size 1e+151: 1e-150 to 1e+150 is allowed" + AT_ANY_SCALE),
        ([[1, 2]], [-1e-151], "init.a[0] is of the size 1e-151: 1e-150 to 1e+150 is allowed" + AT_ANY_SCALE),
    ],
)
def test_weights_that_are_refused(w, a, line):
    w = [[float(number) for number in row] for row in w]
    assert refusal(start="given", w=w, a=[float(number) for number in a]) == line


def test_what_only_an_npz_file_can_hold(tmp_path):
    path = str(tmp_path / "mine.npz")
    np.savez(path, w=[[1.0, 2.0], [np.nan, 1.0]], a=[1.0, np.inf])
    assert refusal(start="given", file=path, width=2) == "init.w[1][0] = nan: a finite number is allowed"
    np.savez(path, w=[[1.0, 2.0], [1.0, 1.0]], a=[1.0, -np.inf])
    assert refusal(start="given", file=path, width=2) == "init.a[1] = -inf: a finite number is allowed"
    line = f"init.width = 60: allowed is 2, the number of rows of w, or no width at all{UNSET}"
    assert refusal(start="given", file=path) == line


# An output that no float can square


def test_outputs_without_end():
    """Refused where the size of the points and the weights' are too large together, and not before."""
    line = refusal(1, 1e60, width=1, log10_scale=50, per_sqrt_width=False)
    allowed = "at most 1e+150 is allowed"
    assert line == f"init.log10_scale = 50: with these points the network's output is up to 1e+158: {allowed}"
    line = refusal(1, 1.0, start="given", w=[[1e150]], a=[-1e100])
    assert line == f"init.w and a: with these points the network's output is up to 1e+250: {allowed}"
    initialise(data_of(1, 1e40), InitConfig(width=1, log10_scale=50, per_sqrt_width=False))
    initialise(data_of(1, 1e150), InitConfig())
    initialise(data_of(1), InitConfig(start="given", w=[[1e150]], a=[0.0]))


# The presets' starts


def active(name):
    """Which neurons start active at which points, their signs, and the labels."""
    config = load_config(name)
    data = generate_data(config.data)
    init = initialise(data, config.init)
    return init["direction"].values @ data["x"].values.T > 0, init["output_ratio"].values, data["y"].values


def members(name, sign):
    """The size of S_{sign,1}, eq (5) and (6)."""
    on, ratio, y = active(name)
    return int(((ratio == sign) & on[:, sign * y > 0].all(axis=1)).sum())


def test_assumption_3_holds_and_fails_where_the_presets_say_so():
    for name in ("orthogonal", "orthonormal", "nearly-orthogonal"):
        assert members(name, 1) > 0
        assert members(name, -1) > 0
    assert members("small-width", 1) == members("small-width", -1) == 0
    on, ratio, y = active("small-width")
    assert (int((ratio > 0).sum()), int((ratio < 0).sum())) == (6, 4)
    for k in range(len(y)):  # each label can be fitted
        assert (on[:, k] & (ratio == np.sign(y[k]))).any()


def test_the_unbalanced_preset_starts_like_the_papers():
    config = load_config("unbalanced")
    data = generate_data(config.data)
    unbalanced, paper = initialise(data, config.init), initialise(data, load_config("orthogonal").init)
    assert_array_equal(unbalanced["direction"], paper["direction"])
    assert_array_equal(unbalanced["log_norm"], paper["log_norm"])
    assert not np.isin(np.abs(unbalanced["output_ratio"]), 1.0).any()
