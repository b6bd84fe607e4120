"""The figures show the run's own numbers, legibly, and leave everything else alone."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import xarray as xr
from amounts import with_slow
from drawing import artist, assert_legible, drawn_texts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from pipeline.figures import FIGURES, loss_figure, snapshots_figure, timeline_figure
from pipeline.figures.loss import TIME_PER_ITERATION
from pipeline.figures.style import COLUMN, SMALL, WIDTH, publication_style

NAMES = ("orthogonal", "orthonormal", "unfinished", "long")
DRAWN = with_slow(NAMES[:2], NAMES[2:])
"""To place every text takes half a second of processor time: one run in the plane, and one in more dimensions."""


def _with(tree: xr.DataTree, group: str, **scalars: float) -> xr.DataTree:
    """A copy in which some scalars of one group have other values."""
    changed = tree.copy(deep=True)
    for name, value in scalars.items():
        changed[group][name].values[...] = value
    return changed


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("figure", FIGURES)
def test_no_text_overlaps_another_or_leaves_the_figure(trees, name, figure, monkeypatch):
    drawn = FIGURES[figure](trees[name])
    texts = drawn_texts(drawn, monkeypatch)
    assert len(texts) > 10
    assert_legible(drawn, texts)


@pytest.mark.parametrize("name", DRAWN)
def test_the_words_end_before_the_bars_begin(trees, name, monkeypatch):
    figure = timeline_figure(trees[name])
    words = {text.get_text() for text in figure.axes[0].texts}
    drawn = [box for text, box in drawn_texts(figure, monkeypatch) if text in words]
    assert len(drawn) == len(words) >= 11
    assert max(box.x1 for box in drawn) < figure.axes[1].bbox.x0 - 5


@pytest.mark.parametrize("figure", FIGURES)
def test_the_smallest_text_is_legible_in_one_column(orthogonal, figure):
    drawn = FIGURES[figure](orthogonal)
    sizes = {text.get_fontsize() for text in drawn.findobj(Text) if text.get_text().strip()}
    assert min(sizes) == SMALL
    assert drawn.get_figwidth() == WIDTH
    assert SMALL * COLUMN / WIDTH >= 5.5


@pytest.mark.parametrize("name", DRAWN)
def test_axes_carry_labels(trees, name):
    bars = timeline_figure(trees[name]).axes[1]
    assert bars.get_xlabel() == "time t of the flow"
    assert bars.child_axes[0].get_xlabel() == "t / (−ln λ)"
    linear, logarithmic = loss_figure(trees[name]).axes
    assert (linear.get_ylabel(), logarithmic.get_ylabel()) == ("loss L", "loss L, log scale")
    assert logarithmic.get_xlabel().startswith("time t of the flow")
    panels = snapshots_figure(trees[name]).axes
    kinks = ("x, and kinks −wⱼ₂/wⱼ₁", "h(x), yₖ, and sⱼ|wⱼ|")
    cosines = ("cosine with D₊", "cosine with −D₋")
    expected = cosines if name == "orthonormal" else kinks
    assert (panels[2].get_xlabel(), panels[2].get_ylabel()) == expected


def test_timeline_marks_the_measured_and_the_predicted_times(trees):
    for tree in trees.values():
        figure = timeline_figure(tree)
        gids = {artist.get_gid() for artist in figure.axes[1].get_children()}
        for i in (1, 2, 3):
            for kind, name in (("measured", f"t{i}"), ("predicted", f"t{i}_predicted")):
                time = float(tree["phases"][name])
                if np.isnan(time):
                    assert f"{kind}-t{i}" not in gids
                else:
                    np.testing.assert_array_equal(artist(figure, f"{kind}-t{i}").get_xdata(), time)


def test_bars_begin_and_end_at_the_measured_times(orthogonal):
    time = orthogonal["trajectory"]["time"].values
    # Roots found between samples, as the stage finds them, not samples.
    between = {t: float(orthogonal["phases"][t]) - 0.3 * (time[1] - time[0]) for t in ("t1", "t2", "t3")}
    tree = _with(orthogonal, "phases", **between)
    figure, phases = timeline_figure(tree), tree["phases"]
    ends = [0.0, *(float(phases[t]) for t in ("t1", "t2", "t3"))]
    for phase, start, end in zip(
        ("alignment", "fitting_positive", "fitting_negative"), ends, ends[1:], strict=False
    ):
        bar = artist(figure, f"bar-{phase}")
        assert (bar.get_x(), bar.get_x() + bar.get_width()) == pytest.approx((start, end))


def test_limits_stand_on_the_second_axis(orthogonal):
    second = timeline_figure(orthogonal).axes[1].child_axes[0]
    np.testing.assert_allclose(second.get_xticks(), [0, 1 / 1.118034, 1 / 0.559017], rtol=1e-6)
    labels = [label.get_text() for label in second.get_xticklabels()]
    assert labels == ["0", "1/|D₊|\n0.894", "1/|D₋|\n1.79"]


def test_the_labels_of_limits_that_are_nearly_the_same_do_not_touch(orthogonal):
    """On ``digits`` they are .558 and .566: one label ended where the other began."""
    tree = _with(orthogonal, "data", growth_negative=1.01 * orthogonal["data"]["growth_positive"].values)
    figure = timeline_figure(tree)
    figure.draw_without_rendering()
    _, *labels = figure.axes[1].child_axes[0].get_xticklabels()
    left, right = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    assert right.x0 - left.x1 > 0.05 * figure.dpi


def test_the_sign_that_is_fitted_first_comes_first(orthogonal, unfinished):
    def rows(tree: xr.DataTree) -> list[str]:
        return [text.get_text() for text in timeline_figure(tree).axes[0].texts]

    positive_first, negative_first = rows(orthogonal), rows(unfinished)
    assert "2  fitting positive labels" in positive_first
    assert "3  fitting negative labels" in positive_first
    assert "2  fitting negative labels" in negative_first
    assert "3  fitting positive labels" in negative_first
    assert "no t₃ in this run (paper: 28.4)" in negative_first
    assert "not reached in this run" in negative_first


def test_the_loss_is_the_runs_own(orthogonal):
    figure, trajectory = loss_figure(orthogonal), orthogonal["trajectory"]
    for gid in ("loss-linear", "loss-logarithmic"):
        line = artist(figure, gid)
        np.testing.assert_array_equal(line.get_xdata(), trajectory["time"])
        np.testing.assert_array_equal(line.get_ydata(), trajectory["loss"])


def test_t_10_is_iteration_5000(orthogonal):
    figure = loss_figure(orthogonal)
    with publication_style():
        FigureCanvasAgg(figure).draw()
    linear = figure.axes[0]
    second = linear.child_axes[0]
    assert 10 / TIME_PER_ITERATION == 5_000
    assert second.get_xlim() == pytest.approx(tuple(t / TIME_PER_ITERATION for t in linear.get_xlim()))
    shown = dict(zip(second.get_xticks(), [t.get_text() for t in second.get_xticklabels()], strict=True))
    assert shown[5_000] == "5,000"


def test_a_run_far_past_t3_is_cut_and_says_so(long, orthogonal):
    figure, t3 = loss_figure(long), float(long["phases"]["t3"])
    end = figure.axes[1].get_xlim()[1]
    assert 1.25 * t3 <= end < 3 * t3
    assert "the run goes on to 400" in figure.axes[1].get_xlabel()
    assert loss_figure(orthogonal).axes[1].get_xlim()[1] == 40


def _by_hand(tree: xr.DataTree, sample: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kink, height and role of every neuron at one sample."""
    trajectory = tree["trajectory"].isel(time=sample)
    direction = trajectory["direction"].values
    height = np.sign(trajectory["output_ratio"].values) * np.exp(trajectory["log_norm"].values)
    return -direction[:, 1] / direction[:, 0], height, tree["phases"]["role"].values


@pytest.mark.parametrize("name", ["orthogonal", "unfinished", "long"])
def test_neurons_stand_at_their_kinks(trees, name):
    tree = trees[name]
    times = tree["trajectory"]["time"].values
    panels = snapshots_figure(tree).axes
    ends = (0.0, float(tree["phases"]["t1"]), float(tree["phases"]["t2"]), times[-1])
    for axes, t in zip(panels, ends, strict=False):
        kink, height, role = _by_hand(tree, int(np.argmin(np.abs(times - t))))
        low, high = axes.get_xlim()
        inside = (kink >= low) & (kink <= high)
        lines = {line.get_label(): line for line in axes.lines}
        for number, label in enumerate(("positive", "negative", "other"), start=1):
            for where, chosen in (("inside", inside), ("outside", ~inside)):
                chosen = chosen & (role == number)
                if not chosen.any():
                    assert f"{label}-{where}" not in lines
                    continue
                line = lines[f"{label}-{where}"]
                np.testing.assert_allclose(line.get_ydata(), height[chosen])
                if where == "inside":
                    np.testing.assert_allclose(line.get_xdata(), kink[chosen])
        said = [text.get_text() for text in axes.texts]
        assert (f"◂ {np.sum(kink < low)} outside" in said) == bool(np.sum(kink < low))
        assert (f"{np.sum(kink > high)} outside ▸" in said) == bool(np.sum(kink > high))


def test_the_function_is_the_label_less_the_residual(orthogonal):
    figure, data = snapshots_figure(orthogonal), orthogonal["data"]
    residual = orthogonal["trajectory"]["residual"]
    for panel, sample in ((0, 0), (3, -1)):
        line = artist(figure, "function", panel)
        for k in range(2):
            drawn = line.get_ydata()[line.get_xdata() == data["x"].values[k, 0]]
            np.testing.assert_allclose(drawn, data["y"].values[k] - residual.values[sample, k], atol=1e-12)
        dots = artist(figure, "data", panel)
        np.testing.assert_array_equal(dots.get_xdata(), data["x"].values[:, 0])
        np.testing.assert_array_equal(dots.get_ydata(), data["y"].values)


def test_the_run_ends_on_the_minimum_norm_function(orthogonal):
    panel = snapshots_figure(orthogonal).axes[3]
    function = next(line for line in panel.lines if line.get_gid() == "function")
    minimum = next(line for line in panel.lines if line.get_gid() == "minimum")
    np.testing.assert_allclose(function.get_ydata(), minimum.get_ydata(), atol=1e-3)


def test_in_any_dimension_neurons_stand_at_their_cosines(orthonormal):
    panel = snapshots_figure(orthonormal).axes[3]
    at = {c.get_label(): np.asarray(c.get_offsets()) for c in panel.collections}
    positive, negative = (orthonormal["data"][f"growth_{sign}"].values for sign in ("positive", "negative"))
    direction = orthonormal["trajectory"]["direction"].values[-1]
    role = orthonormal["phases"]["role"].values
    for number, label in enumerate(("positive", "negative", "other"), start=1):
        chosen = direction[role == number]
        expected = np.stack(
            [chosen @ positive / np.linalg.norm(positive), chosen @ -negative / np.linalg.norm(negative)],
            axis=1,
        )
        np.testing.assert_allclose(at[label], expected, atol=1e-12)
    np.testing.assert_allclose(at["positive"], np.tile([1, 0], (len(at["positive"]), 1)), atol=1e-2)


@pytest.mark.parametrize("figure", FIGURES)
def test_times_and_predictions_may_all_be_missing(orthogonal, figure, monkeypatch):
    names = ("t1", "t2", "t3", "t1_predicted", "t2_predicted", "t3_predicted")
    tree = _with(orthogonal, "phases", **dict.fromkeys(names, np.nan))
    tree["phases"]["phase"].values[:] = 1
    said = " ".join(text for text, _ in drawn_texts(FIGURES[figure](tree), monkeypatch))
    assert {
        "figure-1-timeline": "no t₂ in this run (paper: none)",
        "figure-2-states": "leaving the origin",
        "figure-3-loss": "(not reached)",
    }[figure] in said


@pytest.mark.parametrize("figure", FIGURES)
def test_labels_of_one_sign_and_a_scale_above_one_are_drawn(orthogonal, figure, monkeypatch):
    tree = _with(orthogonal, "data", growth_ratio=np.inf)
    tree["data"]["growth_negative"].values[:] = 0
    tree["trajectory"]["log_init_scale"].values[...] = 0.5
    assert drawn_texts(FIGURES[figure](tree), monkeypatch)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_run_of_one_sample_is_drawn(orthogonal, figure, monkeypatch):
    tree = orthogonal.isel(time=slice(0, 1))
    tree["trajectory"]["loss"].values[:] = 0
    tree = _with(tree, "phases", t1=np.nan, t2=np.nan, t3=np.nan)
    assert drawn_texts(FIGURES[figure](tree), monkeypatch)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_lost_chunk_is_refused(orthogonal, figure):
    tree = orthogonal.copy(deep=True)
    tree["phases"]["phase"].values[7] = -1
    with pytest.raises(ValueError, match="without a meaning"):
        FIGURES[figure](tree)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_callers_settings_neither_change_nor_matter(orthogonal, figure):
    with matplotlib.rc_context({"font.size": 33, "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        drawn = FIGURES[figure](orthogonal)
        assert dict(matplotlib.rcParams) == before
    assert drawn.axes[1].get_facecolor() == (1, 1, 1, 1)


def test_neither_pyplot_nor_a_backend_is_asked_for():
    code = "import pipeline.figures, sys; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=250)
