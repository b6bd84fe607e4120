"""What a page costs the server, in counts: seconds depend on the machine, and on what else it does.

A page of the flow was 4.1 million function calls before this was counted, and a move of a slider 80,000.
"""

import cProfile
import pstats

import pytest
from bokeh.document import Document
from bokeh.protocol import Protocol
from panel.io.state import set_curdoc

from dashboards.bokeh_defaults import REPLACED
from dashboards.page_context import PageContext
from dashboards.views.flow.page import FlowPage

# What Panel 1.9.4 asks of pandas for its table of points.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option"),
]

MODELS_LIMIT = 640
CALLS_LIMIT = 1_650_000
"""For the page of a run that the server has in memory, with its document as JSON."""
MOVE_LIMIT = 18_500
"""For a move of a slider to a run that another visitor has asked for, with the message to the browser."""


def calls(work):
    """Count the function calls of some work."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


@pytest.fixture
def open_page(small_catalog, run_data_of, monkeypatch):
    for place, name, ours in REPLACED:
        monkeypatch.setattr(place, name, ours)
    monkeypatch.setenv("BOKEH_PERFORM_ERROR_DIAGNOSTICS", "no")
    run = run_data_of()

    def open_page():
        document = Document()
        with set_curdoc(document):
            page = FlowPage(PageContext(small_catalog, {}, shared=lambda _: run))
            with document.models.freeze():
                document.add_root(page.layout.get_root(document))
        assert Protocol().create("PULL-DOC-REPLY", "", document).content_json
        return page, document

    open_page()  # imports, and what is found once for each class
    return open_page


def test_a_page_stays_small(open_page):
    found = []
    assert calls(lambda: found.append(open_page())) < CALLS_LIMIT
    assert len(found[0][1].models) < MODELS_LIMIT


def test_a_move_of_a_slider_stays_small(open_page, run_data_of):
    page, document = open_page()
    other, events = run_data_of(init__log10_scale=-7.0), []
    runs = [page.plots.drawing.run, other] * 3
    document.on_change(events.append)

    def move():
        with set_curdoc(document):
            page.show((page.selection, runs.pop()))
        assert Protocol().create("PATCH-DOC", events).content_json
        events.clear()

    move()
    move()
    assert calls(move) < MOVE_LIMIT
