"""The values of an axis: as a person would have typed them, each once; what can't be one is told in one line."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import RequestError
from pipeline.sweep.grid import LARGEST, axis, bounded, canonical, flattened, takes_whole_numbers

finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(start=finite, stop=finite, num=st.integers(2, 50))
def test_evenly_spaced(start, stop, num):
    if canonical(start) == canonical(stop) or abs(start - stop) < 1e-4 * max(abs(start), abs(stop)):
        return
    values = axis("flow.slope", {"start": start, "stop": stop, "num": num}).values
    assert len(values) == num
    size = max(abs(start), abs(stop))
    step = (stop - start) / (num - 1)
    for i, value in enumerate(values):
        assert value == pytest.approx(start + i * step, abs=1e-9 * size)
        assert float(f"{value:.12g}") == value


@given(low=st.floats(1e-30, 1.0), decades=st.floats(0.5, 30.0), num=st.integers(2, 30))
def test_evenly_spaced_in_the_logarithm(low, decades, num):
    values = axis("flow.tolerance", {"start": low, "stop": low * 10**decades, "num": num, "log": True}).values
    logs = [math.log10(value) for value in values]
    for i, found in enumerate(logs):
        assert found == pytest.approx(math.log10(low) + i * decades / (num - 1), abs=1e-9)


@given(start=st.integers(1, 1000), stop=st.integers(1, 1000), num=st.integers(2, 40))
def test_whole_numbers_in_the_logarithm_are_distinct(start, stop, num):
    if start == stop:
        return
    values = axis("init.width", {"start": start, "stop": stop, "num": num, "log": True}).values
    assert all(type(value) is int for value in values)
    assert len(set(values)) == len(values) <= num
    assert (values[0], values[-1]) == (start, stop)
    assert list(values) == sorted(values, reverse=start > stop)


def test_values_as_one_would_type_them():
    assert axis("flow.slope", {"start": 0.1, "stop": 0.5, "num": 5}).values == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert axis("init.log10_scale", {"start": -2, "stop": -11, "num": 10}).values == tuple(range(-2, -12, -1))
    assert axis("flow.tolerance", {"start": 1e-3, "stop": 1e-6, "num": 4, "log": True}).values == (
        1e-3, 1e-4, 1e-5, 1e-6,
    )  # fmt: skip
    assert axis("init.seed", {"count": 3}).values == (0, 1, 2)
    assert axis("init.width", {"start": 7, "stop": 7, "num": 1}).values == (7,)


def test_which_keys_take_whole_numbers():
    whole = {"init.width", "init.seed", "data.seed", "data.points", "flow.samples", "data.positive"}
    other = {"init.log10_scale", "flow.tolerance", "data.y", "data.kind", "flow.end_time", "no.such", "init.x"}
    assert {key for key in whole | other if takes_whole_numbers(key)} == whole


def test_equal_values_have_equal_texts():
    assert canonical(2) == canonical(2.0)
    assert canonical([1, 2.0]) == canonical([1.0, 2])
    assert canonical(1) != canonical(True) != canonical("True")
    assert canonical("1") != canonical(1)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ([], 'grid."init.width" = []: at least one value is allowed'),
        ([1, 2, 1.0], 'grid."init.width": the value 1.0 stands there twice; allowed is once'),
        (3, 'grid."init.width" = 3: allowed is a list, {start, stop, num} with or without log = true, or {count}'),
        ("3", "grid.\"init.width\" = '3': allowed is a list"),
        ({"start": 1, "stop": 2}, 'grid."init.width".num is missing'),
        ({"begin": 1}, 'grid."init.width".begin is not a known key'),
        ({"star": 1}, "grid.\"init.width\".star is not a known key (did you mean 'start'?)"),
        ({"start": 1, "stop": 2, "num": 0}, "grid.init.width.num = 0: allowed is a whole number from 1 to"),
        ({"start": 1, "stop": 2, "num": 2.5}, "grid.init.width.num = 2.5: allowed is a whole number"),
        ({"start": 1, "stop": 2, "num": 10**12}, "grid.init.width.num = 1000000000000: allowed is"),
        ({"start": 1, "stop": 2, "num": 1}, "grid.init.width.num = 1: allowed is at least 2"),
        ({"start": math.nan, "stop": 2, "num": 3}, "grid.init.width.start = nan: allowed is a finite number"),
        ({"start": 1, "stop": True, "num": 3}, "grid.init.width.stop = true: allowed is a finite number"),
        ({"start": -1, "stop": 2, "num": 3, "log": True}, "grid.init.width.start = -1.0: allowed is more than 0"),
        ({"start": 1, "stop": 2, "num": 3, "log": 1}, "grid.init.width.log = 1: allowed is true or false"),
        ({"count": 3, "num": 3}, 'grid."init.width".count: allowed alone, not beside num'),
        ({"count": True}, "grid.init.width.count = true: allowed is a whole number"),
        ({"start": 2, "stop": 2, "num": 3}, "the value 2 stands there twice"),
    ],
)
def test_refused(given, line):
    with pytest.raises(RequestError) as refusal:
        axis("init.width", given)
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_number_of_cells_is_bounded_before_they_are_made():
    grid = {"init.seed": {"count": 1000}, "data.seed": list(range(1000))}
    assert bounded(grid) == 10**6
    assert bounded({"init.seed": {"count": "many"}, "init.width": 3, "flow.slope": {"num": -2}}) == 1
    with pytest.raises(RequestError, match=r"grid = 1000 x 1000 x 11 = 11,000,000 cells: at most 10,000,000"):
        bounded(grid | {"init.width": {"start": 1, "stop": 11, "num": 11}})
    assert LARGEST == 10_000_000


def test_keys_quoted_or_nested():
    table = {"init.width": [1], "init": {"start": ["balanced"], "seed": {"count": 2}}}
    expected = [("init.width", [1]), ("init.start", ["balanced"]), ("init.seed", {"count": 2})]
    assert list(flattened(table, "grid")) == expected
    with pytest.raises(RequestError, match=r"grid.title is not a known key: allowed are keys such as init.width"):
        list(flattened({"title": ["a", "b"]}, "grid"))
