"""The sides of the rows, measured again from the definitions in plain weights."""

import numpy as np
import pytest
from scipy.optimize import minimize

from pipeline.statements import Row, in_digits, statement_times
from pipeline.statements.rows import at_least, at_most, log_at_most


@pytest.fixture(scope="module")
def plain(usual):
    """w, a, and the roles in plain numbers: 1e-6 is a float."""
    trajectory = usual.trajectory
    norm = np.exp(trajectory["log_norm"].values)
    w = norm[..., None] * trajectory["direction"].values
    return w, norm * trajectory["output_ratio"].values, usual.phases["role"].values


def cosine(w, vector):
    return w @ vector / np.linalg.norm(w, axis=-1) / np.linalg.norm(vector)


def test_lemma_2(usual, plain):
    w, _, role = plain
    (place,) = usual.where("lemma_2_i")
    rows, scale = usual.rows(), float(usual.trajectory["log_init_scale"])
    d = {sign: usual.data[f"growth_{sign}"].values for sign in ("positive", "negative")}
    assert rows["lemma_2_i"].at == pytest.approx(-0.05 * scale / np.linalg.norm(d["negative"]), rel=1e-12)
    least = cosine(w[place, role == 1], d["positive"]).min()
    assert np.exp(rows["lemma_2_i"].measured) == pytest.approx(1 - least, rel=1e-9)
    assert np.exp(rows["lemma_2_i"].bound) == pytest.approx(2 * np.exp(scale) ** 0.05)
    least = cosine(w[place, role == 2], -d["negative"]).min()
    assert np.exp(rows["lemma_2_ii"].measured) == pytest.approx(1 - least, rel=1e-9)
    largest = np.linalg.norm(w, axis=2)
    c = largest[0].max() / np.exp(scale)
    r = np.linalg.norm(d["positive"]) / np.linalg.norm(d["negative"])
    assert np.exp(rows["lemma_2_iii"].measured) == pytest.approx(largest[place].max())
    assert np.exp(rows["lemma_2_iii"].bound) == pytest.approx(2 * c * np.exp(scale) ** (1 - r * 0.05))
    assert rows["lemma_2_iii"].margin == pytest.approx(rows["lemma_2_iii"].bound - rows["lemma_2_iii"].measured)


def test_lemmas_3_and_4(usual, plain):
    w, _, role = plain
    rows, (t2, t3) = usual.rows(), usual.where("lemma_3_i", "lemma_4_i")
    assert len({rows[f"lemma_3_{i}"].at for i in ("i", "ii", "iii")}) == 1
    assert len({rows[f"lemma_4_{i}"].at for i in ("i", "ii", "iii", "iv")}) == 1
    size = 4 * np.linalg.norm(usual.data["growth_positive"].values)
    u = (w[t2, role == 1] ** 2).sum()
    assert np.exp(rows["lemma_3_ii"].measured) == pytest.approx(size - u, rel=1e-6)
    others = np.linalg.norm(w[t2, role != 1], axis=1).max()
    assert np.exp(rows["lemma_3_iii"].measured) == pytest.approx(others)
    moved = np.linalg.norm(w[t3, role == 1] - w[t2, role == 1], axis=1).max()
    assert np.exp(rows["lemma_4_iii"].measured) == pytest.approx(moved)
    idle = np.linalg.norm(w[t3, role == 3], axis=1).max()
    assert np.exp(rows["lemma_4_iv"].measured) == pytest.approx(idle)


def test_the_logistic_curve_is_fitted_no_better_by_another(usual):
    """The curve through the half height: a free shift in time finds hardly a nearer one."""
    row = usual.rows()["logistic_ode"]
    time, u = usual.trajectory["time"].values, usual.phases["norm_positive"].values
    d = np.linalg.norm(usual.data["growth_positive"].values)
    inside = time <= -1.15 * float(usual.trajectory["log_init_scale"]) / d

    def worst(shift):
        return np.abs(u[inside] / (4 * d) - 1 / (1 + np.exp(-2 * d * (time[inside] - shift[0])))).max()

    best = minimize(worst, [38.5], method="Nelder-Mead").fun
    assert 0.5 * np.exp(row.measured) <= best <= 1.01 * np.exp(row.measured)


def test_the_saddle_of_fact_1(make_run, plain):
    """|theta - theta_S| in plain weights for the worst sample; theta_S is stationary, and strict by -|D_-|."""
    run = make_run("orthogonal", log10_scale=-100.0)
    row, (place,) = run.rows()["fact_1"], run.where("fact_1")
    norm = np.exp(run.trajectory["log_norm"].values)
    w, a = norm[..., None] * run.trajectory["direction"].values, norm * run.trajectory["output_ratio"].values
    chosen = run.phases["role"].values == 1
    v = np.array([2.0, 1.0]) / 5.0
    time = run.trajectory["time"].values
    scale = float(run.trajectory["log_init_scale"])
    middle = np.argmin(np.abs(time + 1.2 * scale / 1.118034))
    split = norm[middle] * chosen
    split *= np.sqrt(np.linalg.norm(v)) / np.linalg.norm(split)
    away = np.sqrt(
        ((w[place] - np.outer(split, v / np.linalg.norm(v))) ** 2).sum() + ((a[place] - split) ** 2).sum()
    )
    assert np.exp(row.measured) == pytest.approx(away, rel=1e-3)
    assert "smallest eigenvalue at theta_S is -0.559" in row.reason


def test_the_end(usual, plain):
    w, a, _ = plain
    rows = usual.rows()
    x, y = usual.data["x"].values, usual.data["y"].values
    merged = [(np.maximum(s * a[-1], 0.0)[:, None] * w[-1]).sum(axis=0) for s in (1, -1)]
    wanted = [np.maximum(s * y, 0.0) @ x for s in (1, -1)]
    away = np.sqrt(sum(np.sum((m - v) ** 2) for m, v in zip(merged, wanted, strict=True)))
    assert np.exp(rows["proposition_1"].measured) == pytest.approx(away, rel=1e-6)
    assert np.exp(rows["theorem_1_bias"].measured) == pytest.approx(float(usual.minimum["excess"][-1]))
    d = np.linalg.norm(usual.data["growth_negative"].values)
    assert rows["lemma_5"].bound == rows["theorem_1_loss"].bound == pytest.approx(d)
    # The tangent kernel's diagonal at the minimum: the loss falls at twice the claimed rate or more.
    assert rows["theorem_1_loss"].measured >= 2 * d


def test_the_times(usual):
    scale = float(usual.trajectory["log_init_scale"])
    times = statement_times(usual.data, scale, epsilon=0.05)
    assert (np.diff(times) > 0).all()
    large, small = (np.linalg.norm(usual.data[f"growth_{sign}"].values) for sign in ("positive", "negative"))
    for wanted in (
        -0.05 * scale / small,
        -1.15 * scale / large,
        -0.95 * scale / small,
        -(1 + 0.15 * large / small) * scale / small,
    ):
        assert np.isclose(times, wanted, rtol=1e-12).any()
    assert len(statement_times(usual.data, 0.0)) == 0
    assert set(times[times <= usual.trajectory["time"].values[-1]]) <= set(usual.trajectory["time"].values)


def test_margins():
    assert at_most(1.0, 3.0, "").margin == 2.0
    assert at_least(1.0, 3.0, "").verdict == "fails"
    assert log_at_most(-5.0, -7.0, "").margin == -2.0
    hidden = log_at_most(-80.0, -90.0, "so", resolution=1e-20)
    assert (hidden.verdict, hidden.margin, hidden.measured, hidden.bound) == ("holds", 0.0, -80.0, -90.0)
    assert "below what the numbers resolve, 1e-20" in hidden.reason
    assert log_at_most(-40.0, -90.0, "", resolution=1e-20).verdict == "fails"
    assert log_at_most(-np.inf, -3.0, "", resolution=1e-20).measured == pytest.approx(np.log(1e-20))
    assert at_most(np.nan, 1.0, "").verdict == "not_applicable"
    with pytest.raises(ValueError, match="margin"):
        Row(1.0, 2.0, -1.0, "holds", "")


@pytest.mark.parametrize(
    ("log10", "text"),
    [(-1000.0, "1.00e-1000"), (0.5, "3.16"), (-2.5, "0.00316"), (6.0, "1.00e+06"), (-4.0, "1.00e-04")],
)
def test_digits(log10, text):
    assert in_digits(log10 * np.log(10)) == text
