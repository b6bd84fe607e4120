"""What is there already is not sent again."""

import numpy as np
import pytest
from bokeh.models import ColumnDataSource

from dashboards.plots.column_sources import columns_equal, replace_columns


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ([], [], True),
        ([], np.zeros(1), False),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0, 2.0]), np.array([1.0, 3.0]), False),
        (np.array(["a", "b"]), np.array(["a", "b"]), True),
        (np.array(["a", "b"]), np.array(["a", "c"]), False),
        ([np.zeros(2), np.zeros(3)], [np.zeros(2), np.zeros(3)], True),
        ([np.zeros(2), np.zeros(3)], [np.zeros(2)], False),
        ([np.zeros(2), np.zeros(3)], [np.zeros(2), np.ones(3)], False),
        (["red"], ["blue"], False),
    ],
)
def test_columns_are_compared_by_what_they_hold(one, other, alike):
    assert columns_equal(one, other) is alike


def test_only_what_differs_is_replaced():
    source, told = ColumnDataSource({"x": [], "y": []}), []
    source.on_change("data", lambda attribute, old, new: told.append(new))
    replace_columns(source, {"x": np.arange(3.0), "y": np.ones(3)})
    replace_columns(source, {"x": np.arange(3.0), "y": np.ones(3)})
    assert len(told) == 1
    replace_columns(source, {"x": np.arange(3.0), "y": np.zeros(3)})
    assert len(told) == 2
    replace_columns(source, {"x": np.arange(3.0)})
    assert len(told) == 3
