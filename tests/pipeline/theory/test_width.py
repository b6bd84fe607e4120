"""Assumption 3 against the width: the exact probability, and what the flow makes of it."""

from itertools import product

import numpy as np
import pytest

from pipeline.theory.ends import end_of, labelled_points, meets_assumption_3, start_of
from pipeline.theory.width import assumption_3_probability, even_odds_width


def brute(n: int, m: int) -> float:
    """Over all signs and sides of m neurons."""
    half = n // 2
    hits = 0
    for neurons in product(product((0, 1), repeat=n + 1), repeat=m):
        positive = any(j[0] and all(j[1 : half + 1]) for j in neurons)
        negative = any(not j[0] and all(j[half + 1 :]) for j in neurons)
        hits += positive and negative
    return hits / 2 ** ((n + 1) * m)


@pytest.mark.parametrize(("n", "m"), [(2, 1), (2, 2), (2, 4), (4, 2)])
def test_the_probability_is_that_of_all_cases(n, m):
    assert assumption_3_probability(n, m) == pytest.approx(brute(n, m), abs=1e-12)


def test_the_width_of_even_odds():
    for n in (2, 6):
        assert assumption_3_probability(n, even_odds_width(n)) == pytest.approx(0.5, abs=1e-6)
    assert even_odds_width(20) / even_odds_width(18) == pytest.approx(2.0, rel=0.01)


def test_starts_meet_the_assumption_as_often_as_they_should():
    data, _ = labelled_points(4)
    share = np.mean([meets_assumption_3(data, start_of(data, 8, 0.0, seed, True)) for seed in range(400)])
    assert share == pytest.approx(float(assumption_3_probability(4, 8)), abs=0.08)


def test_the_minimum_is_reached_where_the_assumption_holds(widths):
    assert (widths["agreement"] == 1.0).all()
    np.testing.assert_array_equal(widths["reached"], widths["assumption_3"])
    assert (np.abs(widths["reached"] - widths["probability"]) < 0.4).all()
    assert 0 < float(widths["reached"].mean()) < 1


def test_an_end():
    data, least = labelled_points(4)
    assert least == pytest.approx(np.sqrt(2) * (1.2 + 0.8))
    good = end_of(data, start_of(data, 64, -30.0, 0, True), least)
    assert good.assumption_3
    assert 0 <= good.excess + 1e-9 < 1e-6
    alone = end_of(data, start_of(data, 1, -30.0, 0, True), least)
    assert (alone.excess, alone.assumption_3) == (np.inf, False)
