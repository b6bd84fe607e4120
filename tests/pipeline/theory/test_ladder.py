"""The exponents down the ladder of lambda, beside closed forms."""

import numpy as np
import pytest
import xarray as xr

from catalog.schema import PAPER_STATEMENTS, VERDICTS
from pipeline import initialise, limit_process, load_config
from pipeline.data import generate_data
from pipeline.inputs.errors import RequestError
from pipeline.theory import ladder_law
from pipeline.theory.ladder import expected_excess_exponent, falling_power, holds_from, slope


def at(law: xr.Dataset, variable: str, name: str) -> float:
    return float(law[variable][PAPER_STATEMENTS.index(name)])


def test_the_alignments_exponents_are_those_of_the_linear_flow(ladder):
    """1 - cos falls as e^(-2 |D| t): lambda^(2 epsilon r) and lambda^(2 epsilon) at t1."""
    r = 1.6269784336399213
    assert at(ladder, "exponent", "lemma_2_i") == pytest.approx(2 * 0.05 * r, rel=0.03)
    assert at(ladder, "exponent", "lemma_2_ii") == pytest.approx(2 * 0.05, rel=0.03)
    assert at(ladder, "paper_exponent", "lemma_2_i") == pytest.approx(0.05)
    assert at(ladder, "exponent", "lemma_2_iii") == pytest.approx(1 - r * 0.05, rel=1e-4)
    assert at(ladder, "paper_exponent", "lemma_2_iii") == pytest.approx(1 - r * 0.05, rel=1e-9)


def test_every_measured_exponent_is_at_least_the_papers(ladder):
    known = np.isfinite(ladder["exponent"].values)
    assert known.sum() == 14
    assert (ladder["exponent"].values[known] >= ladder["paper_exponent"].values[known] - 1e-9).all()


def test_the_constants_tend_to_1(ladder):
    for name in ("constant_t2", "constant_t3"):
        away = ladder[name].values - 1.0
        assert (away > 0).all()
        assert (np.diff(away) < 0).all()
        # As 1/ln(lambda): t2 - (-ln(lambda)/|D|) is a constant.
        assert away[-1] == pytest.approx(away[-2] / 10, rel=0.05)


def test_the_law_of_the_excess(ladder):
    """Of the labels 1.2 and 0.9 a neuron may see the first alone: rho = 1.2/1.5, and 2 (1 - rho) = 0.4."""
    assert float(ladder["expected_excess_exponent"]) == pytest.approx(0.4)
    assert float(ladder["excess_exponent"]) == pytest.approx(0.4, abs=0.04)
    single = ladder_law(load_config("orthogonal"), (-2.0, -2.5, -3.0))
    assert float(single["expected_excess_exponent"]) == 2.0
    assert float(single["excess_exponent"]) == pytest.approx(2.0, abs=1e-3)


def test_where_the_rows_begin_to_hold(ladder):
    assert at(ladder, "holds_from", "fact_1") == -100.0
    assert at(ladder, "holds_from", "lemma_5") == -1000.0
    assert at(ladder, "holds_from", "theorem_1_bias") == -2.0
    fails = VERDICTS.index("fails") + 1
    assert ladder["verdict"].dtype == np.int8
    assert (ladder["verdict"].sel(rung=[-2.0, -6.0])[:, PAPER_STATEMENTS.index("fact_1")] == fails).all()
    assert holds_from((-1.0, -2.0, -3.0), np.array([1, 2, 1])) == -3.0
    assert np.isnan(holds_from((-1.0, -2.0), np.array([1, 2])))


def test_a_slope():
    x = -np.arange(1.0, 6.0)
    assert slope(x, 0.3 * x + 7.0, np.ones(5, dtype=bool)) == pytest.approx(0.3)
    assert np.isnan(slope(x, x, np.array([True, True, False, False, False])))


def test_the_expected_exponent_of_unequal_lengths():
    """The force of a point is |x_k| |y_k|."""
    data = generate_data(
        load_config("orthogonal", {"data": {"x": [[3, 0, 0], [0, 2, 0], [0, 0, 1]], "y": [1, 2, -1]}}).data
    )
    assert expected_excess_exponent(data) == pytest.approx(2 * (1 - 4 / 5))


def last_excess(preset, scales, **overrides):
    law = ladder_law(load_config(preset, overrides), scales)
    return law["excess"].values, law


def test_a_leaky_network_ends_in_one_neuron_that_fits_both_points():
    """Its first neurons fit the other label too, by the leak, before any tiny one has grown: far from the minimum.

    One neuron on at x_2 alone has slope <v, x_1> = y_1 and <v, x_2> = y_2, at the norm |v|.
    """
    excess, law = last_excess("leaky", (-6.0, -100.0, -1000.0))
    alone = np.linalg.norm(np.linalg.solve([[-0.5, 1.0], [2.0, 1.0]], [-1.0 / 0.1, 1.0]))
    assert excess[-1] + float(law["minimum"]) == pytest.approx(alone, rel=1e-6)
    assert 0 < excess[0] < 0.05 * excess[-1]
    assert np.isnan(float(law["excess_exponent"]))


def test_the_excess_stays_where_an_assumption_fails():
    for preset, least in (("small-width", 1.0), ("nearly-orthogonal", 5e-3), ("non-orthogonal", 0.44)):
        excess, law = last_excess(preset, (-20.0, -100.0))
        assert (excess > least).all(), preset
        assert excess[1] == pytest.approx(excess[0], rel=0.01)
        assert (law["final_loss"] < 1e-20).all()
    large, _ = last_excess("orthogonal", (1.0, 0.0, -1.0, -2.0))
    assert (np.diff(large) < 0).all()
    assert large[0] > 1.0


def test_five_points_on_a_line_end_at_one_function_whatever_the_scale():
    """8.647521 as lambda -> 0 and the minimum 8.203977, of the same function; saddles are more."""
    excess, law = last_excess("non-orthogonal", (-6.0, -1000.0))
    assert float(law["minimum"]) == pytest.approx(8.203977, abs=1e-6)
    assert excess[-1] + float(law["minimum"]) == pytest.approx(8.6475248, abs=1e-6)
    assert (law["hull_difference"] < 1e-7).all()
    assert (np.abs(law["variation_norm"].values - float(law["minimum"]) - excess) < 1e-6).all()
    assert law["plateaus"].values.tolist() == [2.0, 4.0]


def test_of_any_data_the_excess_tends_to_that_of_the_limit_as_a_power():
    """Of small-width it is 1.1: the paper says nothing of a network that is so narrow."""
    law = ladder_law(load_config("small-width"), (-2.0, -15.0, -20.0, -30.0, -1000.0))
    assert float(law["limit_excess"]) == pytest.approx(1.09694, abs=1e-5)
    assert law["limit_deviation"].values == pytest.approx(law["excess"].values - float(law["limit_excess"]))
    assert abs(float(law["limit_deviation"][-1])) < float(law["limit_error"])
    # Neurons 0 and 6 see labels 1 and 2; the first jump fits 2, and their part along it stays at its size then.
    config = load_config("small-width")
    data = generate_data(config.data)
    then = limit_process(data, initialise(data, config.init)).isel(plateau=1)
    assert then["level"].values[[0, 6]] == pytest.approx([-0.17930, -0.17930], abs=1e-4)
    assert float(law["limit_exponent"]) == pytest.approx(-float(then["level"][0]), abs=2e-3)
    assert float(law["limit_from"]) == -15.0


def test_of_the_papers_data_the_limits_excess_is_none_and_the_power_is_the_papers(ladder):
    assert abs(float(ladder["limit_excess"])) < 1e-6
    assert float(ladder["limit_exponent"]) == pytest.approx(float(ladder["expected_excess_exponent"]), abs=0.03)


def test_a_power_is_what_three_scales_agree_on():
    scale = np.log(10.0) * np.array([-2.0, -4.0, -8.0, -12.0, -100.0])
    power = np.exp(0.3 * scale)
    assert falling_power(scale, -power, 1e-7) == pytest.approx(0.3)
    assert np.isnan(falling_power(scale, power, 1e-2))  # two scales alone are above the error
    assert np.isnan(falling_power(scale, -1.0 / scale, 1e-7))  # 1/(-ln lambda) is none
    assert np.isnan(falling_power(scale, np.array([0.1, 0.2, 0.3, 0.1, 0.2]), 1e-7))


def test_a_start_that_has_no_scale_has_a_ladder_without_a_limit():
    law = ladder_law(load_config("orthogonal", {"init.start": "dominated", "init.width": 8}), (-2.0, -3.0))
    assert np.isnan(law["limit_excess"])
    assert np.isnan(law["limit_deviation"]).all()
    assert np.isnan(law["limit_from"])


def test_what_the_ladder_can_t_take():
    assert np.isnan(expected_excess_exponent(generate_data(load_config("non-orthogonal").data)))
    config = load_config(
        "orthogonal", {"init.start": "given", "init.width": 1, "init.w": [[1.0, 0.0]], "init.a": [1.0]}
    )
    with pytest.raises(RequestError, match=r"^init\.start = 'given': "):
        ladder_law(config, (-1.0,))
