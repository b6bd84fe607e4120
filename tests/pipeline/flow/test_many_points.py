"""Many points, few neurons: the collocation path beside SciPy and the grouped path, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from students import labelled, student, witness, worst

from catalog.schema import validate
from pipeline.flow import follow_flow, simulate
from pipeline.flow.choice import many_points
from pipeline.flow.many_points import ManyPoints, take_parts
from reluflow import data_set, start

ROUNDING = 1e-12


@pytest.mark.parametrize(
    ("n", "d", "m", "seed", "slope"),
    [
        (150, 2, 4, 1, 0.0), (150, 2, 4, 1, 0.3), (200, 3, 5, 2, -0.4),
        *(pytest.param(200, 3, 5, 2, slope, marks=pytest.mark.slow) for slope in (0.0, 0.3)),
    ],
)  # fmt: skip
def test_it_agrees_with_scipy_at_every_instant(n, d, m, seed, slope):
    x, y, w, a = student(n, d, m, seed)
    times = np.linspace(0.0, 2.5, 26)
    expected = witness(x, y, w, a, times, slope)
    data, init = labelled(x, y, w, a)
    for tolerance in (1e-2, 1e-4, 1e-6):
        found = simulate(data, init, sample_times=times, tolerance=tolerance, slope=slope)
        assert worst(found["residual"].values, expected, y) <= tolerance


def order(problem):
    """The slope of errors against steps, log-log, over two decades of the tolerance."""
    data, init = labelled(*problem)
    times = np.array([0.0, 3.0])
    expected = simulate(data, init, sample_times=times, tolerance=1e-10)["residual"].values
    found = [
        simulate(data, init, sample_times=times, tolerance=tolerance)
        for tolerance in (1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
    ]
    errors = [worst(each["residual"].values, expected, problem[1]) for each in found]
    return -np.polyfit(np.log([each.attrs["steps"] for each in found]), np.log(errors), 1)[0]


def test_its_order_is_nearly_four_through_hundreds_of_crossings_a_step(monkeypatch):
    problem = student(1500, 2, 6, 4)
    assert order(problem) > 3.2
    monkeypatch.setattr("pipeline.flow.collocation.accuracy.CORNERED", 1e-9)
    assert order(problem) < 2.5


@pytest.mark.parametrize("seed", [5, 6])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_two_paths_agree(monkeypatch, seed, noise):
    """Sliding too: with noise neurons come to rest at boundaries."""
    data, init = labelled(*student(128, 2, 3, seed, noise=noise))
    times = np.linspace(0.0, 6.0, 13)
    assert many_points(data, init, 0.0)
    found = [simulate(data, init, sample_times=times, tolerance=tolerance) for tolerance in (1e-3, 1e-5)]
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: False)
    grouped = simulate(data, init, sample_times=times, tolerance=1e-4)
    y = data["y"].values
    for each, tolerance in zip(found, (1e-3, 1e-5), strict=True):
        assert worst(each["residual"].values, grouped["residual"].values, y) <= tolerance + 1e-4
    near = np.abs(found[1]["log_norm"].values - grouped["log_norm"].values).max()
    assert near < 1e-2
    assert found[1].attrs["patterns"] == grouped.attrs["patterns"]


def general(n, m, seed, log10_scale):
    """Gaussian points in the plane, a teacher of three, and a start of that scale."""
    g = np.random.default_rng(seed)
    x, teacher = g.normal(size=(n, 2)), g.normal(size=(3, 2))
    data = data_set(x, np.maximum(x @ teacher.T, 0.0) @ np.sign(g.normal(size=3)) / np.sqrt(2.0))
    return data, start(data, width=m, log10_scale=log10_scale, seed=seed)


@pytest.mark.parametrize(
    ("log10_scale", "until", "seed"),
    [(-3, 54, 1), pytest.param(-30, 500, 1, marks=pytest.mark.slow), (-1000, 8200, 3)],
)
def test_small_starts_are_as_the_grouped_path_has_them(monkeypatch, log10_scale, until, seed):
    """Growth by many powers of ten, of which a hundredth of one would be a hundred tolerances."""
    data, init = general(130, 4, seed, log10_scale)
    times = np.linspace(0.0, until, 40)
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: True)
    found = simulate(data, init, sample_times=times, tolerance=1e-4)
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: False)
    monkeypatch.setattr("pipeline.flow.course.many_patterns", lambda *_: False)
    grouped = simulate(data, init, sample_times=times, tolerance=1e-6)
    y = data["y"].values
    assert worst(grouped["residual"].values, grouped["residual"].values[:1], y) > 0.1
    assert worst(found["residual"].values, grouped["residual"].values, y) <= 1e-4
    grown = grouped["log_norm"].values[-1] > -3.0
    near = np.abs(found["log_norm"].values - grouped["log_norm"].values)[:, grown]
    assert grown.any()
    assert near.max() <= 1e-3 * (1.0 - log10_scale)


def test_neurons_that_decay_do_so_for_ever(monkeypatch):
    """A rounding of |a| beside |w| would grow while both shrink: after 16 e-folds steps had no end."""
    data, init = general(110, 4, 1, -100)
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: True)
    found = simulate(data, init, sample_times=np.linspace(0.0, 830.0, 9), tolerance=1e-4)
    assert found.attrs["status"] == "end_time"
    assert found.attrs["steps"] < 1000
    shrinking = found["log_norm"].values[:, :2]
    assert (np.diff(shrinking, axis=0) < -2.0).all()
    assert np.allclose(np.diff(shrinking[2:-2], axis=0), np.diff(shrinking[2:-2], axis=0)[0], rtol=1e-6)
    assert found["loss"].values[-1] < 0.3 * found["loss"].values[0]


def test_a_flow_without_an_end_time_comes_to_rest():
    """At a tolerance of 1e-3 it kept a noise of a thousandth of that, and took steps for ever."""
    x, y, _, _ = student(600, 2, 5, 3, noise=0.3)
    data = data_set(x, y)
    followed = follow_flow(data, start(data, width=5, log10_scale=-2, seed=1), tolerance=1e-3)
    assert isinstance(followed, ManyPoints)
    assert followed.account["status"] == "stationary"
    assert followed.account["steps"] < 5000
    assert followed.trajectory(20)["gradient_norm"].values[-1] < 1e-11


@pytest.mark.parametrize("tolerance", [1e-1, 1e-3, 1e-6])
def test_lemma_1_holds_at_every_instant(tolerance):
    """In what is stored, and in the weights that the steps end with, from which nothing was restored."""
    x, y, w, a = student(200, 3, 5, 6, noise=0.3)
    data, init = labelled(x, y, w, a)
    followed = follow_flow(data, init, end_time=8.0, tolerance=tolerance)
    found = followed.trajectory(60)
    assert np.array_equal(found["output_ratio"].values, np.tile(np.sign(a), (60, 1)))
    end_w, end_a, _ = followed.end
    assert np.abs(end_a**2 - np.sum(end_w**2, axis=1)).max() <= ROUNDING * np.abs(end_a).max() ** 2


def test_a_neuron_that_slides_is_held_and_labelled(monkeypatch):
    """One neuron between the forces of a point on its boundary: both paths hold it there."""
    x = np.vstack([[[1.0, 0.0], [0.0, 3.0]], np.tile([[1.0, 1e-3]], (126, 1))])
    y = np.concatenate([[1.0, -8.0], np.full(126, 0.4)])
    data, init = labelled(x, y, np.array([[0.5, 0.02]]), np.array([0.5 * np.hypot(1.0, 0.04)]))
    times = np.linspace(0.0, 3.0, 31)
    found = simulate(data, init, sample_times=times, tolerance=1e-6)
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: False)
    grouped = simulate(data, init, sample_times=times, tolerance=1e-6)
    assert worst(found["residual"].values, grouped["residual"].values, y) <= 2e-6
    assert (found["activation"].values == grouped["activation"].values).all()


def test_what_is_stored_agrees_with_itself():
    x, y, w, a = student(300, 4, 6, 7)
    data, init = labelled(x, y, w, a)
    found = simulate(data, init, end_time=5.0, tolerance=1e-4, samples=30)
    validate("trajectory", found)
    weights = np.exp(found["log_norm"].values)[:, :, None] * found["direction"].values
    before = np.einsum("kc,tjc->tjk", x, weights)
    outputs = found["output_ratio"].values * np.exp(found["log_norm"].values)
    residual = y - np.einsum("tj,tjk->tk", outputs, np.maximum(before, 0.0))
    assert np.abs(found["residual"].values - residual).max() <= ROUNDING
    on = before > 0.0
    assert (found["activation"].values == np.where(on, 2, 1)).mean() > 0.9999
    force = np.einsum("tjk,tk,kc->tjc", on.astype(float), residual, x) / len(y)
    along = np.einsum("tjc,tjc->tj", force, weights)
    square = np.sum(along**2 + outputs**2 * np.sum(force**2, axis=2), axis=1)
    assert np.allclose(found["gradient_norm"].values, np.sqrt(square), rtol=1e-3)
    assert np.allclose(found["loss"].values, 0.5 * np.mean(residual**2, axis=1), rtol=1e-12)


def test_units_change_nothing():
    """Inputs times c and labels times e: the weights times the root of e/c, the time over c e."""
    x, y, w, a = student(200, 2, 4, 8)
    c, e = 1e5, 1e-7
    root = np.sqrt(e / c)
    times = np.linspace(0.0, 2.0, 9)
    one = simulate(*labelled(x, y, w, a), sample_times=times, tolerance=1e-4)
    two = simulate(*labelled(c * x, e * y, root * w, root * a), sample_times=times / (c * e), tolerance=1e-4)
    assert worst(two["residual"].values / e, one["residual"].values, y) <= 2e-4
    assert np.abs(two["log_norm"].values - np.log(root) - one["log_norm"].values).max() <= 1e-3


def test_samples_in_blocks_are_the_trajectory(monkeypatch):
    followed = follow_flow(*labelled(*student(200, 3, 5, 9)), end_time=4.0, tolerance=1e-4)
    assert isinstance(followed, ManyPoints)
    whole, told = followed.trajectory(40), []
    monkeypatch.setattr("pipeline.flow.samples_in_parts.IN_MEMORY", 1)
    monkeypatch.setattr("pipeline.flow.streaming.LARGEST_BLOCK", 7 * 5 * 200)
    blocks = followed.trajectory(40, reading=lambda done, samples: told.append((done, samples)))
    assert blocks["activation"].chunks is not None
    assert told[0] == (0, 40)
    assert told[-1] == (40, 40)
    xr.testing.assert_allclose(blocks, whole, rtol=1e-9, atol=1e-11)


def test_the_curve_is_the_trajectory_s():
    followed = follow_flow(*labelled(*student(150, 2, 3, 10)), end_time=2.0, tolerance=1e-4)
    curve = followed.curve(20)
    found = followed.trajectory(20)
    assert np.array_equal(curve["residual"].values, found["residual"].values)
    assert curve["time"].values[-1] == 2.0


def test_a_fitted_start_has_converged_and_a_dead_one_rests():
    x, _, w, a = student(150, 2, 3, 11)
    fitted = simulate(*labelled(x, np.maximum(x @ w.T, 0.0) @ a, w, a), samples=5)
    assert fitted.attrs["status"] == "converged"
    assert np.abs(fitted["residual"].values).max() <= ROUNDING
    dead = simulate(*labelled(np.abs(x), np.ones(150), -np.abs(w), np.abs(a)), samples=5)
    assert dead.attrs["status"] == "stationary"
    assert (dead["residual"].values == 1.0).all()


def test_an_interrupt_stops_the_steps(monkeypatch):
    def interrupted(points, state, aims, watch):
        watch[0] = 1.0
        parts, reason = take_parts(points, state, aims, watch)
        assert reason == 99
        assert sum(count for _, count in parts) == 0
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.flow.many_points.take_parts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        follow_flow(*labelled(*student(150, 2, 3, 12)), end_time=2.0)


def test_a_short_flow_waits_for_no_thread(monkeypatch):
    """To start one takes a fifth of a millisecond, as half of such a flow."""
    monkeypatch.delattr("pipeline.flow.many_points.run_interruptibly")
    assert follow_flow(*labelled(*student(150, 2, 3, 12)), end_time=1.0, tolerance=1e-3).status.complete


def test_progress_is_told(monkeypatch):
    """The kernel shows how far it is while it works; whoever waits is told in the paper's t."""
    told, listened = [], []

    def listen(work, watch, tell):
        result = work()
        listened.append(watch.copy())
        tell(watch[1], int(watch[2]))
        return result

    monkeypatch.setattr("pipeline.flow.many_points.run_interruptibly", listen)
    monkeypatch.setattr("pipeline.flow.many_points.SOON_STEPS", 0)
    data, init = labelled(*student(150, 2, 3, 13))
    followed = follow_flow(data, init, end_time=2.0, progress=lambda time, steps: told.append((time, steps)))
    assert told == [(pytest.approx(2.0), followed.account["steps"])]
    assert listened[0][0] == 0.0


@pytest.mark.parametrize(
    ("n", "d", "m", "log_scale", "slope", "expected"),
    [
        (128, 2, 3, 0.0, 0.0, True),
        (127, 2, 3, 0.0, 0.0, False),
        (200, 9, 5, 0.0, 0.0, True),
        (199, 9, 5, 0.0, 0.0, False),
        (200, 2, 3, -2000.0, 0.0, True),
        (200, 2, 3, 0.0, 1.5, False),
        (75, 150, 200, 0.0, 0.0, False),
    ],
)
def test_the_criterion(n, d, m, log_scale, slope, expected):
    """Points, points for each weight, a start of any scale, and a boundary that repels on both sides."""
    data, init = labelled(*student(n, d, m, 14))
    init["log_norm"].values[...] += log_scale
    assert many_points(data, init, slope) is expected


def test_points_count_once_for_a_ray():
    x, y, w, a = student(200, 2, 3, 14)
    assert many_points(*labelled(x, y, w, a), 0.0)
    x[:73] = x[73:146] * np.linspace(0.5, 2.0, 73)[:, None]
    assert not many_points(*labelled(x, y, w, a), 0.0)
    x[0], x[1] = 0.0, [1.0, 7.0]
    assert many_points(*labelled(x, y, w, a), 0.0)


def test_lines_and_extreme_ratios_stay_with_the_grouped_path():
    """Of neurons with |a| far above |w| it is not told apart who starts small and who is on its way to 0."""
    x, y, w, a = student(200, 2, 3, 15)
    assert many_points(*labelled(x, y, w, a * [1.0, 1.1, 0.1]), 0.0)
    assert not many_points(*labelled(x, y, w, a * [1.0, 1e4, 1.0]), 0.0)
    assert not many_points(*labelled(*student(200, 1, 3, 15)), 0.0)


@pytest.mark.parametrize("share", [0.3, 2.5])
def test_unbalanced_starts_agree_with_scipy(share):
    """|a|^2 - |w|^2 is kept, not made 0, and a changes its sign where |a| is below |w|."""
    x, y, w, a = student(150, 2, 4, 1)
    a = share * a
    times = np.linspace(0.0, 2.5, 26)
    followed = follow_flow(*labelled(x, y, w, a), end_time=2.5, tolerance=1e-5)
    assert isinstance(followed, ManyPoints)
    found = followed.trajectory(times)
    assert worst(found["residual"].values, witness(x, y, w, a, times), y) <= 1e-5
    size, ratio = np.exp(2.0 * found["log_norm"].values), found["output_ratio"].values
    conserved = (ratio**2 - 1.0) * size
    assert np.abs(conserved - conserved[0]).max() <= ROUNDING * (size * (1.0 + ratio**2)).max()


def test_where_a_sliding_neuron_s_a_changes_its_sign_its_point_goes_off(monkeypatch):
    """Both sides push it away from there on: the flow is not unique, and both paths say so and go the same way."""
    x = np.vstack([[[0.0, 3.0]], np.tile([[1.0, -1e-3]], (127, 1))])
    y = np.concatenate([[-8.0], np.full(127, -1.0)])
    data, init = labelled(x, y, np.array([[0.5, 0.002]]), np.array([0.25]))
    times = np.linspace(0.0, 6.0, 31)
    found = simulate(data, init, sample_times=times, tolerance=1e-6)
    monkeypatch.setattr("pipeline.flow.course.many_points", lambda *_: False)
    grouped = simulate(data, init, sample_times=times, tolerance=1e-6)
    assert grouped.attrs["ambiguous_events"] == 1
    assert found.attrs["status"] == grouped.attrs["status"] == "non_unique"
    assert worst(found["residual"].values, grouped["residual"].values, y) <= 2e-6


def test_where_a_neuron_s_w_reaches_0_the_grouped_path_takes_over():
    """There all boundaries meet: steps became ever shorter, 500,000 of them."""
    x, y, w, a = student(150, 2, 4, 1)
    a = a * np.random.default_rng(1).uniform(0.2, 3.0, 4)
    followed = follow_flow(*labelled(x, y, w, a), end_time=20.0, tolerance=1e-3)
    assert not isinstance(followed, ManyPoints)
    assert followed.account["status"] == "non_unique"


def test_a_stiff_tail_takes_few_steps(monkeypatch):
    """The fitted labels held the sweeps to steps of the order of their own time, whatever moved."""
    data, init = labelled(*student(400, 4, 6, 3))
    times = np.linspace(0.0, 1500.0, 40)
    followed = follow_flow(data, init, end_time=1500.0, tolerance=1e-3)
    assert isinstance(followed, ManyPoints)
    assert any(part.corrected.any() for part in followed.parts)
    monkeypatch.setattr("pipeline.flow.collocation.correction.LARGEST", 0)
    monkeypatch.setattr("pipeline.flow.collocation.workspace._kept", [])
    plain = follow_flow(data, init, end_time=1500.0, tolerance=1e-3)
    assert followed.account["steps"] < 0.4 * plain.account["steps"]
    fine = follow_flow(data, init, end_time=1500.0, tolerance=1e-5)
    found, expected = (each.trajectory(times)["residual"].values for each in (followed, fine))
    assert worst(found, expected, data["y"].values) <= 1e-3


@pytest.mark.parametrize("copies", [3, 4])
def test_points_that_are_there_several_times_are_one_boundary(copies):
    """Which of them held a neuron that slides was not told apart: 20,000 steps and no end."""
    g = np.random.default_rng(1)
    x, y = np.repeat(g.standard_normal((130, 2)), copies, axis=0), g.standard_normal(130 * copies)
    w = 0.3 * g.standard_normal((4, 2))
    a = np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], 4) * g.uniform(0.2, 1.0, 4)
    times = np.linspace(0.0, 10.0, 6)
    followed = follow_flow(*labelled(x, y, w, a), end_time=10.0, tolerance=1e-5)
    assert isinstance(followed, ManyPoints)
    assert followed.account["steps"] < 400
    found = followed.trajectory(times)
    once = x[::copies], y.reshape(130, copies).mean(axis=1)
    states = found["activation"].values.reshape(6, 4, 130, copies)
    assert (states == states[..., :1]).all()
    small = simulate(*labelled(*once, w, a), sample_times=times, tolerance=1e-6)
    mean = found["residual"].values.reshape(6, 130, copies).mean(axis=2)
    assert worst(mean, small["residual"].values, once[1]) <= 2e-5


def test_a_coarse_tolerance_sees_who_slides():
    """Crossings that are not looked at hold nobody at a boundary: steps of 1e-10, 500,000 of them."""
    g = np.random.default_rng(1004)
    d, m, n = int(g.integers(2, 11)), int(g.integers(3, 21)), int(np.exp(g.uniform(np.log(130), np.log(1500))))
    while n < 4 * m * (d + 1):
        d, m, n = int(g.integers(2, 11)), int(g.integers(3, 21)), int(np.exp(g.uniform(np.log(130), np.log(1500))))
    x, k = g.standard_normal((n, d)) / np.sqrt(d), int(g.integers(2, 6))
    y = np.maximum(x @ g.standard_normal((k, d)).T, 0.0) @ g.choice([-1.0, 1.0], k)
    y += g.choice([0.0, 0.0, 0.3, 0.6]) * g.standard_normal(n)
    w = 10.0 ** g.uniform(-1.5, 0.0) * g.standard_normal((m, d))
    a = np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], m)
    followed = follow_flow(*labelled(x, y, w, a), end_time=52.0, tolerance=0.1)
    assert followed.account["status"] == "end_time"
    assert followed.account["steps"] < 2000


def test_points_on_few_rays_are_few_points():
    """2,500 at the 16 corners of a cube: neurons chattered at opposite ones, in 135,000 steps and a crash."""
    g = np.random.default_rng(9)
    x = np.where(g.random((2500, 4)) < 0.5, -1.0, 1.0) / 2.0
    y = np.maximum(x @ g.standard_normal((5, 4)).T, 0.0) @ g.choice([-1.0, 1.0], 5)
    w = 0.3 * g.standard_normal((9, 4))
    data, init = labelled(x, y, w, np.linalg.norm(w, axis=1) * g.choice([-1.0, 1.0], 9))
    times = np.linspace(0.0, 40.0, 11)
    coarse, fine = (follow_flow(data, init, end_time=40.0, tolerance=each, slope=0.5) for each in (1e-4, 1e-6))
    assert not isinstance(coarse, ManyPoints)
    assert coarse.account["steps"] < 500
    found, expected = (each.look(times)["residual"].values for each in (coarse, fine))
    assert worst(found, expected, y) <= 1e-4


def test_neurons_that_slide_do_so_to_rounding_at_several_boundaries_too():
    """Of boundaries with a bias each lay 1e-7 off the others, and stored residuals with them."""
    x, y, w, a = student(200, 5, 2, 13, noise=0.5)
    x, w = np.hstack([x, np.ones((200, 1))]), np.hstack([w, np.full((2, 1), 0.1)])
    data, init = labelled(x, y, w, np.linalg.norm(w, axis=1) * np.sign(a))
    followed = follow_flow(data, init, end_time=300.0, tolerance=1e-4)
    assert isinstance(followed, ManyPoints)
    found = followed.look(np.linspace(0.0, 300.0, 31))
    slides = found["activation"].values == 3
    assert slides.sum(axis=2).max() >= 3
    before = np.einsum("kc,tjc->tjk", x, found["direction"].values)
    assert np.abs(before[slides]).max() <= ROUNDING
    size = np.exp(found["log_norm"].values)
    outputs = found["output_ratio"].values * size
    stored = y - np.einsum("tj,tjk->tk", outputs, np.maximum(size[:, :, None] * before, 0.0))
    assert np.abs(found["residual"].values - stored).max() <= ROUNDING


@pytest.mark.parametrize("tolerance", [0.1, 0.02])
def test_at_a_coarse_tolerance_who_slides_at_several_boundaries_is_settled(tolerance):
    """In steps of 1e-12, of which there was no end."""
    data, init = labelled(*student(1200, 5, 9, 5, noise=0.5))
    followed = follow_flow(data, init, end_time=600.0, tolerance=tolerance)
    assert isinstance(followed, ManyPoints)
    assert followed.account["status"] == "end_time"
    assert followed.account["steps"] < 1000


@pytest.mark.parametrize("name", ["orthogonal", "high-dimensional", "non-orthogonal", "nearly-orthogonal"])
def test_the_presets_stay_with_the_grouped_path(name):
    from pipeline import generate_data, initialise, load_config

    config = load_config(name)
    data = generate_data(config.data)
    assert not many_points(data, initialise(data, config.init), config.flow.slope)


def test_among_points_on_opposite_rays_the_grouped_path_follows_who_slides():
    """Both jump at the one boundary: steps had no end, as each of the two held the neuron by turns."""
    x, y, w, a = student(66, 3, 2, 5, noise=0.5)
    mirrored = np.concatenate([x, -1.5 * x]), np.concatenate([y, y[::-1]]), w, a
    times = np.linspace(0.0, 20.0, 9)
    coarse, fine = (follow_flow(*labelled(*mirrored), end_time=20.0, tolerance=each) for each in (1e-3, 1e-5))
    assert not isinstance(coarse, ManyPoints)
    found, expected = (each.look(times)["residual"].values for each in (coarse, fine))
    assert worst(found, expected, mirrored[1]) <= 1e-3
