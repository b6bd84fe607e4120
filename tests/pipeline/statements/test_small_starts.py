"""The rows of small starts on any data: they hold where they should, and fail where a side is changed."""

import numpy as np
import pytest

from pipeline import (
    check_small_start,
    compare,
    find_plateaus,
    generate_data,
    initialise,
    limit_process,
    load_config,
    measure_alignment,
    measure_limit,
    predict_alignment,
    simulate,
)
from pipeline.minimal_norm import minimal_norm


@pytest.fixture(scope="module")
def sides():
    config = load_config("small-width", {"init.log10_scale": -1000})
    data = generate_data(config.data)
    init = initialise(data, config.init)
    trajectory, limit = simulate(data, init, samples=200), limit_process(data, init)
    return {
        "limit": limit,
        "measured": measure_limit(data, init, limit),
        "alignment": measure_alignment(data, trajectory, predict_alignment(data, init)),
        "plateaus": find_plateaus(data, trajectory),
        "comparison": compare(trajectory, minimal_norm(data), data),
    }


def verdicts(sides):
    return {name: row.verdict for name, (_, row) in check_small_start(**sides).items()}


def test_they_hold_on_data_that_no_lemma_speaks_of(sides):
    assert set(verdicts(sides).values()) == {"holds"}
    claim, row = check_small_start(**sides)["end_norm"]
    assert "ends where the limit does" in claim
    assert "the limit's less it 1.1" in row.reason


@pytest.mark.parametrize(
    ("row", "group", "name", "change"),
    [
        ("alignment", "alignment", "cosine", lambda values: values - 0.02),
        ("first_escape", "measured", "measured_time", lambda values: 1.01 * values),
        ("saddles", "measured", "measured_loss", lambda values: values + 1e-5),
        ("saddles", "measured", "measured_loss", lambda values: np.nan * values),
        ("jump_times", "measured", "measured_time", lambda values: 1.02 * values),
        ("stationary", "plateaus", "stationary_gradient", lambda values: values + 1e-3),
        ("stationary", "plateaus", "stationary_gradient", lambda values: np.nan * values),
        ("end_norm", "comparison", "half_squared_norm", lambda values: 1.001 * values),
    ],
)
def test_each_fails_where_its_measured_side_is_another(sides, row, group, name, change):
    changed = {**sides, group: sides[group].assign({name: change(sides[group][name])})}
    assert verdicts(changed)[row] != "holds"
