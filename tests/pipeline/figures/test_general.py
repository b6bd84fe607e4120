"""Figures of runs beyond the paper's setting: other data, dimensions, slopes, and neurons that slide."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from drawing import artist, assert_legible, drawn_texts
from hypothesis import given
from hypothesis import strategies as st

from pipeline import load_config, run
from pipeline.figures import FIGURES, ROLES, neuron_roles, snapshots_figure, timeline_figure
from pipeline.figures.moments import moments
from pipeline.figures.network import State, state_at
from pipeline.figures.polar import TICK, View, place, principal_components
from pipeline.figures.reading import heading

PLANE = {
    "data.x": [[1.0, 0.2], [0.3, 1.0], [-1.0, 0.5], [-0.4, -1.0], [0.9, -0.8]],
    "data.y": [1.0, -0.5, 0.8, -0.6, 0.3],
    "data.bias": False,
}
RUNS = {
    "five points on a line": ("non-orthogonal", {}),
    "leaky": ("leaky", {}),
    "unbalanced": ("unbalanced", {}),
    "no bias": ("orthogonal", {"data.x": [[-1.0], [-0.5], [2.0]], "data.y": [1.0, 0.5, -1.0], "data.bias": False}),
    "one sign, no bias": ("orthogonal", {"data.x": [[1.0], [-1.0]], "data.y": [1.0, 1.0], "data.bias": False}),
    "a plane": ("orthogonal", PLANE),
    "four dimensions": ("nearly-orthogonal", {"data.delta": 0.2}),
    "leaky, orthonormal": ("orthonormal", {"flow.slope": 0.2}),
    "too narrow": ("small-width", {}),
    "stationary": ("orthogonal", {"init.width": 1, "init.seed": 1}),
}  # fmt: skip


@pytest.fixture(scope="module")
def general() -> Callable[[str], xr.DataTree]:
    """Each of them, of few neurons and samples, when it is first asked for."""
    settings = {"init.width": 40, "flow.samples": 150}

    @cache
    def computed(name: str) -> xr.DataTree:
        preset, overrides = RUNS[name]
        return run(load_config(preset, ({} if preset == "small-width" else settings) | overrides))

    return computed


FEW = ("leaky", "a plane")
"""On a line and in the plane: to draw takes half a second of processor time. Slow tests draw the others."""


@pytest.fixture(params=[pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in RUNS])
def tree(request: pytest.FixtureRequest, general: Callable[[str], xr.DataTree]) -> xr.DataTree:
    return general(request.param)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_run_is_drawn_legibly(tree, figure, monkeypatch):
    drawn = FIGURES[figure](tree)
    texts = drawn_texts(drawn, monkeypatch)
    assert len(texts) > 10
    assert_legible(drawn, texts)
    assert not any("nan" in text.lower() for text, _ in texts)
    if figure == "figure-2-states":
        has_the_minimum_if_it_is_known(tree, drawn, [text for text, _ in texts])


def has_the_minimum_if_it_is_known(tree, figure, said):
    known = bool(np.isfinite(tree["minimal_norm"]["value"]))
    assert ("minimum norm" in said) == known
    gids = {child.get_gid() for axes in figure.axes for child in axes.get_children()}
    assert ("minimum" in gids) == known


@pytest.mark.parametrize(
    "name", ["five points on a line", "leaky", "unbalanced", "no bias", "one sign, no bias", "stationary"]
)
def test_on_a_line_the_function_is_the_label_less_the_residual(general, name):
    """Whatever the slope, with and without a bias."""
    tree = general(name)
    figure = snapshots_figure(tree)
    x, y = tree["data"]["x"].values[:, 0], tree["data"]["y"].values
    for panel, sample in ((0, 0), (3, -1)):
        line = artist(figure, "function", panel)
        drawn = [line.get_ydata()[line.get_xdata() == point][0] for point in x]
        residual = tree["trajectory"]["residual"].values[sample]
        np.testing.assert_allclose(drawn, y - residual, atol=1e-9)


def test_without_a_bias_neurons_stand_beside_0_where_they_are_active(general):
    tree = general("no bias")
    panel = snapshots_figure(tree).axes[3]
    at = np.concatenate([line.get_xdata() for line in panel.lines if str(line.get_label()).endswith("-inside")])
    direction = tree["trajectory"]["direction"].values[-1, :, 0]
    assert np.sum(at > 0) == np.sum(direction > 0)
    assert np.sum(at < 0) == np.sum(direction < 0)
    assert 0 < np.abs(at).max() < 0.1 * np.ptp(panel.get_xlim())


def test_sliding_neurons_stand_at_data_points_and_are_marked(general):
    tree = general("five points on a line")
    figure = snapshots_figure(tree)
    activation = tree["trajectory"]["activation"].values[-1]
    lines = [line for line in figure.axes[3].lines if str(line.get_label()).endswith("-sliding")]
    kinks = np.concatenate([line.get_xdata() for line in lines])
    assert len(kinks) == (activation == 3).any(axis=1).sum() > 3
    distance = np.abs(kinks[:, None] - tree["data"]["x"].values[:, 0]).min(axis=1)
    np.testing.assert_allclose(distance, 0, atol=1e-9)
    assert "sliding on a boundary" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_nobody_slides_where_inputs_are_orthogonal(general):
    figure = snapshots_figure(general("unbalanced"))
    assert "sliding on a boundary" not in [text.get_text() for text in figure.legends[0].get_texts()]


# The plane


def random_state(seed: int, m: int, d: int) -> State:
    random = np.random.default_rng(seed)
    w = random.standard_normal((m, d)) * random.uniform(0.1, 3, d)
    length = np.linalg.norm(w, axis=1)
    log_norm = np.log(length) - 2000  # far below what a float holds
    return State(w / length[:, None], log_norm, np.ones(m), np.full(m, "other"), np.zeros(m, dtype=bool))


@given(seed=st.integers(0, 10_000), m=st.integers(1, 12), d=st.integers(3, 12))
def test_principal_components_are_those_of_the_uncentred_weights(seed, m, d):
    state = random_state(seed, m, d)
    basis, shares = principal_components(state)
    w = np.exp(state.log_norm + 2000)[:, None] * state.direction
    _, sizes, rows = np.linalg.svd(w, full_matrices=False)
    for i in range(min(2, m)):
        np.testing.assert_allclose(np.abs(basis[i] @ rows[i]), 1, atol=1e-6)
        assert basis[i][np.argmax(np.abs(basis[i]))] > 0
        assert shares[i] == pytest.approx(sizes[i] ** 2 / np.sum(sizes**2))


def test_one_neuron_has_one_component():
    basis, shares = principal_components(random_state(0, 1, 5))
    assert np.linalg.norm(basis[0]) == pytest.approx(1)
    assert shares.tolist() == pytest.approx([1, 0], abs=1e-12)


def test_neurons_stand_at_their_angle_and_the_root_of_their_norm(general):
    tree = general("a plane")
    panel = snapshots_figure(tree).axes[3]
    trajectory = tree["trajectory"].isel(time=-1)
    size = np.exp(trajectory["log_norm"].values)
    w = size[:, None] * trajectory["direction"].values
    expected = w / size[:, None] * np.sqrt(size / size.max())[:, None]
    drawn = np.concatenate(
        [
            np.stack(line.get_data(), axis=1)
            for line in panel.lines
            if str(line.get_label()).removesuffix("-sliding") in ROLES
        ]
    )
    assert len(drawn) == len(w)
    order = np.lexsort(np.round(expected, 9).T), np.lexsort(np.round(drawn, 9).T)
    np.testing.assert_allclose(drawn[order[1]], expected[order[0]], atol=1e-9)
    # Each direction's neurons in its colour.
    for name in ROLES:
        own = [line for line in panel.lines if str(line.get_label()).removesuffix("-sliding") == name]
        assert sum(len(line.get_xdata()) for line in own) == np.sum(neuron_roles(tree) == name)


def test_the_datas_ticks_point_to_the_data(general):
    tree = general("a plane")
    x = tree["data"]["x"].values
    # One artist for all points: of 10,000 an artist each took half a minute.
    (ticks,) = [one for one in snapshots_figure(tree).axes[0].collections if one.get_gid() == "data"]
    for (begin, end), point in zip(ticks.get_segments(), x, strict=True):
        assert np.linalg.norm(end - begin) == pytest.approx(TICK)
        np.testing.assert_allclose((end - begin) / TICK, point / np.linalg.norm(point), atol=1e-12)


def test_a_vector_of_no_part_in_the_plane_is_at_its_centre():
    view = View(np.eye(3)[:2], ("", ""))
    at = place(view, np.array([[0.0, 0, 1], [0.6, 0, 0.8]]), np.array([1.0, 1.0]))
    np.testing.assert_allclose(at, [[0, 0], [np.sqrt(0.6), 0]])


# The moments and the words


def test_the_moments_are_four_in_order(tree):
    times = [moment.time for moment in moments(tree)]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] == float(tree["trajectory"]["time"][-1])


def test_plateaus_take_the_place_of_times_that_mean_nothing(general):
    names = [moment.name for moment in moments(general("five points on a line"))]
    assert names[1] == "leaving the origin"
    assert names[2].startswith("at plateau ")
    lingering = moments(general("five points on a line"))[2].time
    assert lingering == pytest.approx(275, rel=0.1)  # slowest near t = 305
    names = [moment.name for moment in moments(general("leaky"))]
    assert names[1:3] == ["end of alignment", "positive labels fitted"]


def test_without_plateaus_the_loss_tells(general):
    tree = general("a plane").copy(deep=True)
    tree["phases"]["plateau"].values[:] = 1
    between = moments(tree)[1:3]
    assert [moment.name for moment in between] == ["loss halved", "loss at a hundredth"]
    loss = tree["trajectory"]["loss"]
    for moment, part in zip(between, (0.5, 0.01), strict=True):
        assert float(loss.sel(time=moment.time)) <= part * float(loss[0])


def test_a_loss_that_never_falls_has_no_states_in_between(general, monkeypatch):
    tree = general("a plane").copy(deep=True)
    tree["phases"]["plateau"].values[:] = 1
    tree["trajectory"]["loss"].values[:] = 1 + np.arange(tree["trajectory"].sizes["time"])
    said = [text for text, _ in drawn_texts(snapshots_figure(tree), monkeypatch)]
    assert said.count("does not exist\nin this run") == 2


def test_the_papers_words_are_kept_to_the_papers_setting(general, monkeypatch):
    for name, words in (
        ("unbalanced", {"neurons align with D₊ or −D₋", "predicted by the paper, leading order"}),
        ("too narrow", {"neurons turn, the loss stays", "predicted by the paper, leading order"}),
        ("leaky", {"neurons turn, the loss stays", "predicted by the paper, leading order"}),
        ("a plane", {"neurons turn, the loss stays", "the paper's formula for orthogonal inputs"}),
    ):
        said = {text for text, _ in drawn_texts(timeline_figure(general(name)), monkeypatch)}
        assert words <= said


def test_the_heading(general):
    assert heading(general("leaky")).endswith(", slope 0.1")
    assert "slope" not in heading(general("a plane"))
    tree = general("leaky").copy(deep=True)
    tree["trajectory"]["log_init_scale"].values[...] = -np.inf
    assert "λ" not in heading(tree)


def test_of_a_run_larger_than_memory_one_block_is_read(general):
    tree = general("a plane")
    read = []

    def note(block):
        read.append(len(block))
        return block

    lazy = tree["trajectory"].to_dataset().copy()
    for name in ("direction", "log_norm", "output_ratio", "activation"):
        values = lazy[name].values
        blocks = da.from_array(values, chunks=(10, *values.shape[1:])).map_blocks(note, meta=values[:0])
        lazy[name] = lazy[name].copy(data=blocks)
    copy = tree.copy()
    copy["trajectory"] = lazy
    state = state_at(copy, float(lazy["time"][55]), np.full(lazy.sizes["neuron"], "other"))
    assert sum(read) <= 4 * 10
    np.testing.assert_array_equal(state.direction, tree["trajectory"]["direction"].values[55])
