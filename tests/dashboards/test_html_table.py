"""Tables as HTML: what cells say is text, numbers far from 1 are powers of ten."""

import pytest

from dashboards.html_table import Cell, Table, number_cell, numbers_html, powers, records_html


def test_whatever_a_cell_says_is_text():
    html = records_html(Table("<c>", ("<h>",), [(Cell("<script>x</script>", "a & b", 'l"'),)]))
    assert "<script>" not in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert "a &amp; b" in html
    assert 'class="l&quot;"' in html


def test_each_cell_knows_its_head_and_the_row_its_name():
    html = records_html(Table("all", ("name", "size"), [("one", "1"), (Cell("two"), "2")]))
    assert html.count('<th scope="row" role="rowheader" data-head="name">') == 2
    assert html.count('<td role="cell" data-head="size">') == 2
    assert "<caption>all</caption>" in html


def test_a_row_must_fit_its_head():
    with pytest.raises(ValueError, match="2 cells"):
        Table("", ("a", "b"), [("only one",)])


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("1.00e-1000", "1.00&nbsp;×&nbsp;10<sup>−1000</sup>"),
        ("-2.5e+06", "−2.5&nbsp;×&nbsp;10<sup>6</sup>"),
        ("1.2e+03 e-folds", "1.2&nbsp;×&nbsp;10<sup>3</sup> e-folds"),
        ("10^-0.5", "10<sup>−0.5</sup>"),
        ("-0.39", "−0.39"),
        ("0.784 e-folds", "0.784 e-folds"),
        ("one-dimensional", "one-dimensional"),
        ("", ""),
    ],
)
def test_numbers_far_from_1(text, html):
    assert powers(text) == html


def test_what_is_no_number_is_a_dash():
    assert number_cell(float("nan")).text == number_cell(float("inf")).text == "–"
    assert number_cell(0.12345, ".3f") == Cell("0.123", css_class="number")


def test_a_text_alone_heads_the_rows_below_it():
    html = records_html(Table("all", ("name", "size"), ["<part>", ("one", "1")]), "compared")
    assert '<th class="part" role="rowheader" scope="colgroup" colspan="2">&lt;part&gt;</th>' in html
    assert html.startswith('<table class="compared"')


def test_digits_are_a_plain_grid():
    html = numbers_html(Table("all", ("name", "size"), [("<one>", Cell("-1e-07")), ("two", "2")]))
    assert '<tr><th scope="row">&lt;one&gt;</th><td>-1e-07</td></tr>' in html
    assert html.count('scope="col"') == 2


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("at t₂: |wⱼ| ≤ 2 c λ^ε outside", "at t₂: |wⱼ| ≤ 2 c λ<sup>ε</sup> outside"),
        ("(≤ λ^(ε/5))", "(≤ λ<sup>ε/5</sup>)"),
        ("λ^(1 − r ε) <b>", "λ<sup>1 − r ε</sup> &lt;b&gt;"),
        ("no exponent ^ here", "no exponent ^ here"),
    ],
)
def test_exponents_of_formulas_are_raised(text, html):
    assert powers(text) == html
