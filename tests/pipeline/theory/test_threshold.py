"""lambda* by bisection, beside a scan."""

from itertools import islice

import numpy as np
import pytest

from pipeline.theory.ends import end_of, labelled_points, meets_assumption_3, start_of
from pipeline.theory.threshold import ALLOWED, good_seeds, log10_threshold


def test_the_bisection_finds_what_a_scan_finds():
    data, least = labelled_points(4)
    seed = next(good_seeds(4, 64))
    found = log10_threshold(data, least, 64, seed)
    scan = np.arange(-3.5, -0.5, 0.1)
    excess = [end_of(data, start_of(data, 64, scale, seed, False), least).excess for scale in scan]
    crossing = scan[np.argmax(np.array(excess) > ALLOWED)]
    assert crossing - 0.15 <= found <= crossing + 0.05


def test_a_start_that_never_reaches_it():
    data, least = labelled_points(4)
    assert np.isnan(log10_threshold(data, least, 1, 0))


def test_only_starts_that_meet_the_assumption_are_taken():
    data, _ = labelled_points(4)
    seeds = list(islice(good_seeds(4, 8), 4))
    assert all(meets_assumption_3(data, start_of(data, 8, -3.0, seed, False)) for seed in seeds)
    others = set(range(seeds[-1])) - set(seeds)
    assert others
    assert not any(meets_assumption_3(data, start_of(data, 8, -3.0, seed, False)) for seed in others)


def test_the_laws(thresholds):
    """Smaller for more neurons and for more points."""
    across_m = thresholds["log10_threshold_width"].median("start").values
    across_n = thresholds["log10_threshold_points"].median("start").values
    assert across_m[1] < across_m[0]
    assert across_n[1] < across_n[0]
    assert float(thresholds["width_exponent"]) == pytest.approx((across_m[1] - across_m[0]) / np.log10(4))
    assert float(thresholds["points_rate"]) == pytest.approx(np.log(10) * (across_n[0] - across_n[1]) / 2)
