"""The exponents down the ladder of lambda, beside closed forms."""

import numpy as np
import pytest
import xarray as xr

from catalog.schema import STATEMENTS, VERDICTS
from pipeline import load_config
from pipeline.data import generate_data
from pipeline.theory import ladder_law
from pipeline.theory.ladder import expected_excess_exponent, holds_from, slope


def at(law: xr.Dataset, variable: str, name: str) -> float:
    return float(law[variable][STATEMENTS.index(name)])


def test_the_alignments_exponents_are_those_of_the_linear_flow(rungs):
    """1 - cos falls as e^(-2 |D| t): lambda^(2 epsilon r) and lambda^(2 epsilon) at t1."""
    r = 1.6269784336399213
    assert at(rungs, "exponent", "lemma_2_i") == pytest.approx(2 * 0.05 * r, rel=0.03)
    assert at(rungs, "exponent", "lemma_2_ii") == pytest.approx(2 * 0.05, rel=0.03)
    assert at(rungs, "paper_exponent", "lemma_2_i") == pytest.approx(0.05)
    assert at(rungs, "exponent", "lemma_2_iii") == pytest.approx(1 - r * 0.05, rel=1e-4)
    assert at(rungs, "paper_exponent", "lemma_2_iii") == pytest.approx(1 - r * 0.05, rel=1e-9)


def test_every_measured_exponent_is_at_least_the_papers(rungs):
    known = np.isfinite(rungs["exponent"].values)
    assert known.sum() == 14
    assert (rungs["exponent"].values[known] >= rungs["paper_exponent"].values[known] - 1e-9).all()


def test_the_constants_tend_to_1(rungs):
    for name in ("constant_t2", "constant_t3"):
        away = rungs[name].values - 1.0
        assert (away > 0).all()
        assert (np.diff(away) < 0).all()
        # As 1/ln(lambda): t2 - (-ln(lambda)/|D|) is a constant.
        assert away[-1] == pytest.approx(away[-2] / 10, rel=0.05)


def test_the_law_of_the_excess(rungs):
    """Of the labels 1.2 and 0.9 a neuron may see the first alone: rho = 1.2/1.5, and 2 (1 - rho) = 0.4."""
    assert float(rungs["expected_excess_exponent"]) == pytest.approx(0.4)
    assert float(rungs["excess_exponent"]) == pytest.approx(0.4, abs=0.04)
    single = ladder_law(load_config("orthogonal"), (-2.0, -2.5, -3.0))
    assert float(single["expected_excess_exponent"]) == 2.0
    assert float(single["excess_exponent"]) == pytest.approx(2.0, abs=1e-3)


def test_where_the_rows_begin_to_hold(rungs):
    assert at(rungs, "holds_from", "fact_1") == -100.0
    assert at(rungs, "holds_from", "lemma_5") == -1000.0
    assert at(rungs, "holds_from", "theorem_1_bias") == -2.0
    fails = VERDICTS.index("fails") + 1
    assert rungs["verdict"].dtype == np.int8
    assert (rungs["verdict"].sel(rung=[-2.0, -6.0])[:, STATEMENTS.index("fact_1")] == fails).all()
    assert holds_from((-1.0, -2.0, -3.0), np.array([1, 2, 1])) == -3.0
    assert np.isnan(holds_from((-1.0, -2.0), np.array([1, 2])))


def test_a_slope():
    x = -np.arange(1.0, 6.0)
    assert slope(x, 0.3 * x + 7.0, np.ones(5, dtype=bool)) == pytest.approx(0.3)
    assert np.isnan(slope(x, x, np.array([True, True, False, False, False])))


def test_the_expected_exponent_of_unequal_lengths():
    """The pull of a point is |x_k| |y_k|."""
    data = generate_data(
        load_config("orthogonal", {"data": {"x": [[3, 0, 0], [0, 2, 0], [0, 0, 1]], "y": [1, 2, -1]}}).data
    )
    assert expected_excess_exponent(data) == pytest.approx(2 * (1 - 4 / 5))
