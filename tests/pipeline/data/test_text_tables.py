"""Tables as text: where the label is, what separates the columns, and a line about each that is refused."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from pipeline.data.text_tables import read_carefully, read_plain, read_text

ONE_COLUMN = (
    "line {} has 1 column: at least 2 are allowed, coordinates and the label, between commas or semicolons or tabs"
)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("1,2,3\n4,5,6\n", ["x1", "x2"]),
        ("1,2,3\r\n4,5,6", ["x1", "x2"]),
        ("a,b,y\n1,2,3\n4,5,6\n", ["a", "b"]),
        ("a, the  width ,label\n1,2,3\n4,5,6\n", ["a", "the_width"]),
        ("y,a,b\n3,1,2\n6,4,5\n", ["a", "b"]),
        ("a, y ,b\n1,3,2\n4,6,5\n", ["a", "b"]),
        ("0,1,y\n1,2,3\n4,5,6\n", ["0", "1"]),
        ('"a,b","c ""d""",y\n1,"2",3\n4,5,6\n', ["a,b", 'c_"d"']),
        ("\ufeff1,2,3\n4,5,6\n", ["x1", "x2"]),
        ("\ufeffy,a,b\n3,1,2\n6,4,5\n", ["a", "b"]),
        ("y;a;b\r\n3;1;2\r\n6;4;5\r\n".encode("utf-16"), ["a", "b"]),  # Windows calls it Unicode text
        ("\n\n 1, 2 ,3.0\n,,\n\n4e0,5,+6\n\n", ["x1", "x2"]),
    ],
)
def test_csv(read, content, names):
    x, y, found = read("mine.csv", content)
    assert_array_equal(x, [[1.0, 2.0], [4.0, 5.0]])
    assert_array_equal(y, [3.0, 6.0])
    assert found == names


def test_csv_of_one_coordinate_and_a_capital_ending(read):
    x, y, names = read("MINE.CSV", "1,2\n")
    assert_array_equal(x, [[1.0]])
    assert_array_equal(y, [2.0])
    assert names == ["x"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "there is no line in it"),
        ("\n ,\n", "there is no line in it"),
        ("a,b,y\n", "there are no points in it"),
        ("1\n2\n", ONE_COLUMN.format(1)),
        ("a,y\n1;2\n", "line 2 has 1 columns: 2 are allowed, as in the first line"),
        ("1,2\n3,four\n", "line 2: 'four' is not a number"),
        ("1,2\n\n\n3,four\n", "line 4: 'four' is not a number"),
        ("1,2\n3,\n", "line 2: '' is not a number, a value is missing"),
        ("x,y\n1,NA\n", "line 2: 'NA' is not a number"),
        ("1_000,2\n", "line 1: '1_000' is not a number"),
        ("1,2\nnan,3\n", "line 2: 'nan' is not a finite number"),
        ("1,2\n3,-inf\n", "line 2: '-inf' is not a finite number"),
        ("1,1e999\n", "line 1: '1e999' is not a finite number"),
        ("1,2 # good\n", "line 1: '2 # good' is not a number"),
        # A slip in the first line of data must not pass for a header, else a point would be lost silently.
        ("1,2x,3\n4,5,6\n", "line 1: '2x' is not a number"),
        ("a,b,y\n1,2,3\n4,5\n", "line 3 has 2 columns: 3 are allowed, as in the first line"),
        ("a,y\n1,2,3\n4,5,6\n", "line 2 has 3 columns: 2 are allowed, as in the first line"),
        ("1,2\n3,4,5\n", "line 2 has 3 columns: 2 are allowed, as in the first line"),
        (b"1,\xff\n", "byte 3 is no text of the encoding utf-8: save it as UTF-8 (in Excel: CSV UTF-8)"),
        ('1,"' + "2" * 200_000 + '"\n', "field larger than field limit (131072)"),
    ],
)
def test_csv_that_is_refused(refusal, content, line):
    assert refusal("mine.csv", content) == line


# What the header says


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("Y,a,b\n3,1,2\n6,4,5\n", ["a", "b"]),
        ("target,x1,x2\n3,1,2\n6,4,5\n", ["x1", "x2"]),
        ("Label,a,b\n3,1,2\n6,4,5\n", ["a", "b"]),
        ("a,y [m],b\n1,3,2\n4,6,5\n", ["a", "b"]),
        ("a,b,c\n1,2,3\n4,5,6\n", ["a", "b"]),
        ("a,id,y\n1,2,3\n4,5,6\n", ["a", "id"]),  # it does not count
        # numpy.savetxt writes its header as a comment.
        ("# y,a,b\n3,1,2\n6,4,5\n", ["a", "b"]),
        ("# May, by hand,\n1,2,3\n# later:\n4,5,6\n", ["x1", "x2"]),
        ("# no header\n\na,b,y\n1,2,3\n4,5,6\n", ["a", "b"]),
    ],
)
def test_the_label_is_where_the_header_says(read, content, names):
    x, y, found = read("mine.csv", content)
    assert_array_equal(x, [[1.0, 2.0], [4.0, 5.0]])
    assert_array_equal(y, [3.0, 6.0])
    assert found == names


NAMELESS = (
    "column {} has no name: row numbers, as DataFrame.to_csv writes them? Leave them out (index=False), "
    "or name the column"
)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (",x,y\n0,1,2\n1,3,4\n", NAMELESS.format(1)),
        ("Unnamed: 0,x,y\n0,1,2\n1,3,4\n", NAMELESS.format(1)),
        ("#,x,y\n0,1,2\n1,3,4\n", NAMELESS.format(1)),
        ("x,y,\n1,2,\n", NAMELESS.format(3)),
        (
            "index,x,y\n0,1,2\n1,3,4\n",
            "the column 'index' counts the lines, and would be an input: leave it out, or rename it",
        ),
        (
            "0,1,2\n1.5,2.5,3.5\n",
            "line 1 is 0, 1, 2: a point, or the numbers of the columns? Name the columns (y is the label), "
            "or write 0.0 for 0",
        ),
        ("y,x,target\n1,2,3\n", "the columns 'y' and 'target' may both be the label: one such name is allowed"),
        ("x,y1,y2\n1,2,3\n", "the columns 'y1' and 'y2' may both be the label: one such name is allowed"),
        ("a,a,y\n1,2,3\n", "the header has the name 'a' twice: each column needs its own"),
        (
            "out,x\n1,2\n",
            "no column is called y, and the last one, 'x', has the name of an input: the label's is y",
        ),
        ("2019,temp\n1,2\n", "line 1: 'temp' is not a number"),
    ],
)
def test_a_header_that_can_not_be_followed(refusal, content, line):
    assert refusal("mine.csv", content) == line


def test_what_pandas_writes(read, refusal):
    frame = pd.DataFrame({"Y": [3.0, 6.0], "a": [1.0, 4.0], "b": [2.0, 5.0]})
    assert refusal("mine.csv", frame.to_csv()) == NAMELESS.format(1)
    x, y, names = read("mine.csv", frame.to_csv(index=False))
    assert (x.tolist(), y.tolist(), names) == ([[1.0, 2.0], [4.0, 5.0]], [3.0, 6.0], ["a", "b"])
    assert refusal("mine.csv", frame.rename(columns={"Y": 0, "a": 1, "b": 2}).to_csv(index=False))
    x, y, _ = read("mine.csv", "0,1\n1,3\n")  # two points, written alike
    assert (x.tolist(), y.tolist()) == ([[0.0], [1.0]], [1.0, 3.0])


# Semicolons, tabs, decimal commas


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.csv", "1;2,5;-3\n4e0;5;6,0\n"),
        ("mine.csv", "\ufeffa;b;y\r\n1;2,5;-3\r\n4;5;6\r\n"),
        ("mine.csv", "a;b;y\n1;2.5;-3\n4;5;6\n"),
        ("mine.csv", "1\t2,50\t-3\n4\t5\t6\n"),
        ("mine.tsv", "a\tb\ty\n1\t2.5\t-3\n4\t5\t6\n"),
        ("mine.csv", '"a;b",b,y\r1,2.5,-3\r4,5,6\r'),
    ],
)
def test_other_separators(read, name, content):
    x, y, _ = read(name, content)
    assert_array_equal(x, [[1.0, 2.5], [4.0, 5.0]])
    assert_array_equal(y, [-3.0, 6.0])


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        (
            "mine.csv",
            "a;y\n1,500;2,250\n",
            "line 2: '1,500' may be 1.500 or 1500: write a decimal point, or none",
        ),
        ("mine.csv", "1.5;2,5\n", "line 1: '2,5' is not a number"),
        ("mine.csv", '"1,500",2\n', "line 1: '1,500' is not a number"),
        (
            "mine.tsv",
            "1,2\n",
            "line 1 has 1 column: at least 2 are allowed, coordinates and the label, between tabs",
        ),
    ],
)
def test_commas_that_say_two_things(refusal, name, content, line):
    assert refusal(name, content) == line


# The fast reading of plain numbers is the careful one

CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["1", "-0.5", "+.5", "1.", "1e5", "1E-5", " 2 ", "0", "1e999", "", "-", ".", "1 2", "nan", "x", "1_0"]
    ),
    st.integers(-5, 5).map(str),
)
PLAIN = st.one_of(
    st.floats(-1e300, 1e300).map(repr), st.integers(-5, 5).map(str), st.sampled_from(["+.5", "1.", "1E-5"])
)
HEADERS = st.sampled_from(
    ["", "a,b,y\n", '"a","b","y"\n', "# a,b,y\n", "# said\n\n", "\n\n", "a,,y\n", "y,a,y\n", "\ufeffa,b,y\n"]
)


@pytest.mark.parametrize("content", [b"1 2 3\n4 5 6\n", b"# x, y\n1  2\t3\n4 5 6\n", b"1 2 3\r4 5 6"])
def test_numbers_between_blanks_are_columns(content):
    """So ``numpy.savetxt`` writes them."""
    x, y, _ = read_text(content.replace(b"\t", b" "))
    assert (x.tolist(), y.tolist()) == ([[1.0, 2.0], [4.0, 5.0]], [3.0, 6.0])


@given(
    header=HEADERS,
    rows=st.one_of(
        st.lists(st.lists(PLAIN, min_size=3, max_size=3)), st.lists(st.lists(CELLS, min_size=1, max_size=4))
    ),
    delimiter=st.sampled_from(",;\t"),
    ending=st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\n \n", "\x0b\n", "\n# more\n"]),
)
def test_the_fast_reading_is_the_careful_one(header, rows, delimiter, ending):
    text = (header + ending.join(",".join(row) for row in rows)).replace(",", delimiter)
    found = read_plain(text, ",;\t")
    if found is None:
        return
    fast, label, numbers = found
    table, same_label, same_numbers = read_carefully(text, ",;\t")
    assert (fast.header, fast.delimiter, label) == (table.header, table.delimiter, same_label)
    assert_array_equal(numbers, same_numbers, strict=True)


@pytest.mark.parametrize("header", ["", "a,b,y\n", '"a","b","y"\n', "# a,b,y\n"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_plain_numbers_are_read_fast(header, ending):
    """Cell by cell, a table of 36 MB takes four times as long and as much memory."""
    text = (header + "1,2.5,-3e-2\n" * 3).replace("\n", ending)
    table, label, numbers = read_plain(text, ",;\t")
    assert (table.header, label) == (["a", "b", "y"] if header else [], 2)
    assert_array_equal(numbers, [[1, 2.5, -0.03]] * 3)
