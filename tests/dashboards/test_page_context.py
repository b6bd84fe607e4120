"""What an address says is never believed."""

import pytest

from catalog import open_catalog
from dashboards.page_context import VALUE_LENGTH_LIMIT, PageContext


@pytest.fixture
def context(tmp_path):
    said, written = [], []
    made = PageContext(
        open_catalog(tmp_path), {}, say=said.append, write=lambda query: written.append(dict(query))
    )
    made.said, made.written = said, written
    return made


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("3", 3.0, None),
        ("-2.5", 0.0, "outside 0 to 10"),
        ("99", 10.0, "outside 0 to 10"),
        ("inf", 10.0, "outside 0 to 10"),
        ("nan", 7.0, "is not a number"),
        ("three", 7.0, "is not a number"),
        ("9" * 400, 10.0, "outside 0 to 10"),
    ],
)
def test_numbers_are_kept_within_their_limits(context, text, value, words):
    context.query["t"] = text
    assert context.number("t", 0, 10, 7) == value
    assert (words is None) == (context.said == [])
    assert words is None or words in context.said[0]
    assert all(len(line) < 200 for line in context.said)


def test_words_are_among_those_allowed(context):
    assert context.choice("clock", ["t", "scaled"], "t") == "t"
    context.query["clock"] = "sundial"
    assert context.choice("clock", ["t", "scaled"], "t") == "t"
    assert context.said == ["clock = 'sundial' is not known: allowed are t, scaled. Shown is t."]
    context.query["beside"] = "?"
    assert context.choice("beside", ["", "exact"], "") == ""
    assert context.said[1:] == ["beside = '?' is not known: allowed are nothing, exact. Shown is nothing."]


def test_long_values_are_cut(context):
    context.query["data.x"] = "1" * 10 * VALUE_LENGTH_LIMIT
    assert len(context.text("data.x")) == VALUE_LENGTH_LIMIT


def test_what_is_remembered_is_written(context):
    context.query["select"] = "[1]"
    context.remember(t=1.5, select=None)
    assert context.written == [{"t": "1.5"}]


def test_addresses_carry_the_looks_and_escape_what_they_say(context):
    assert context.address("flow", run="a&b=c", t=None) == "flow?run=a%26b%3Dc&theme=light"
