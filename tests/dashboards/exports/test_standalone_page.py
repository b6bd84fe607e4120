from html.parser import HTMLParser

from bokeh.document import Document
from bokeh.io.doc import patch_curdoc
from bokeh.models import CustomJS

from dashboards.exports.standalone_page import results, statements, write_standalone_page
from dashboards.paper_notation import print_numbers
from dashboards.theme import DARK


class Addresses(HTMLParser):
    """What a page's elements ask for; the text inside a script is none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [f"{tag} {value}" for name, value in attrs if name in ("src", "href")]


def test_the_page_holds_everything_and_asks_nobody(tree, orthogonal_id):
    page = write_standalone_page(tree)
    assert len(page) < 3_000_000
    assert orthogonal_id in page
    parser = Addresses()
    parser.feed(page)
    assert parser.found == []
    assert "arXiv 2206.00939" in page


def test_nothing_comes_from_a_page_that_the_event_loop_is_busy_with(tree):
    other = Document()
    other.js_on_event("document_ready", CustomJS(code="somebody_elses()"))
    with patch_curdoc(other):
        page = write_standalone_page(tree)
    assert "somebody_elses" not in page


def test_hostile_titles_are_text(tree):
    tree.attrs |= {"title": "<script>alert(1)</script>", "id": 'x" onload="y</title><script>z'}
    page = write_standalone_page(tree, DARK)
    assert "<script>alert(1)" not in page
    assert "</title><script>z" not in page


def test_results_and_statements_are_the_runs(tree, small_catalog, orthogonal_id):
    summary = small_catalog.manifest(orthogonal_id).summary
    rows = dict(results(tree))
    assert rows["final loss"] == print_numbers(f"{summary['final_loss']:.3g}")
    assert rows["t₂"].startswith(f"{summary['t2']:.4g}")
    said = [verdict for _, verdict, *_ in statements(tree)]
    assert len(said) == 25
    claims = " ".join(claim for *_, claim in statements(tree))
    assert "λ<sup>ε/5</sup>" in claims
    assert not {"lambda", "theta", "<=", "_j"} & set(claims.split())
    assert sum("holds" in verdict for verdict in said) == list(summary.values()).count("holds") - sum(
        summary[f"assumption_{n}"] == "holds" for n in (1, 2, 3)
    )
