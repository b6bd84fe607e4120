"""What an address says is never believed."""

import pytest

from catalog import open_catalog
from dashboards.page_context import LONGEST, Visit


@pytest.fixture
def visit(tmp_path):
    said, written = [], []
    made = Visit(open_catalog(tmp_path), {}, say=said.append, write=lambda query: written.append(dict(query)))
    made.said, made.written = said, written
    return made


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("3", 3.0, None),
        ("-2.5", 0.0, "outside 0 to 10"),
        ("99", 10.0, "outside 0 to 10"),
        ("inf", 10.0, "outside 0 to 10"),
        ("nan", 7.0, "is no number"),
        ("three", 7.0, "is no number"),
        ("9" * 400, 10.0, "outside 0 to 10"),
    ],
)
def test_numbers_are_kept_within_their_limits(visit, text, value, words):
    visit.query["t"] = text
    assert visit.number("t", 0, 10, 7) == value
    assert (words is None) == (visit.said == [])
    assert words is None or words in visit.said[0]
    assert all(len(line) < 200 for line in visit.said)


def test_words_are_among_those_allowed(visit):
    assert visit.choice("clock", ["t", "scaled"], "t") == "t"
    visit.query["clock"] = "sundial"
    assert visit.choice("clock", ["t", "scaled"], "t") == "t"
    assert visit.said == ["clock = 'sundial' is not known: allowed are t, scaled. Shown is t."]


def test_long_values_are_cut(visit):
    visit.query["data.x"] = "1" * 10 * LONGEST
    assert len(visit.text("data.x")) == LONGEST


def test_what_is_remembered_is_written(visit):
    visit.query["select"] = "[1]"
    visit.remember(t=1.5, select=None)
    assert visit.written == [{"t": "1.5"}]


def test_addresses_carry_the_looks_and_escape_what_they_say(visit):
    assert visit.address("flow", run="a&b=c", t=None) == "flow?run=a%26b%3Dc&theme=light"
