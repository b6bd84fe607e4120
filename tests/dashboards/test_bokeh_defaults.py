"""Defaults of Bokeh's models: a page is the same with Bokeh's own functions, which do more work for it."""

import json
import re

import panel as pn
import pytest
from bokeh.core.property.bases import Property
from bokeh.document import Document
from bokeh.models import Line, Slider
from bokeh.plotting import figure
from bokeh.util import serialization

from dashboards import bokeh_defaults
from dashboards.bokeh_defaults import BOKEHS, CONSTANT_TYPES, REPLACED, constant_names


@pytest.fixture(params=["ours", "bokeh's"])
def functions(request, monkeypatch):
    """Replace the functions, or put Bokeh's own back, whatever other tests have done before."""
    for place, name, function in REPLACED if request.param == "ours" else BOKEHS:
        monkeypatch.setattr(place, name, function)
    return request.param


def page():
    """Widgets, layouts, a plot with a theme and a callback, and a list that is changed later."""
    document = Document()
    drawn = figure(title="the loss", tools="pan,hover", y_axis_type="log")
    line = drawn.line([1, 2, 3], [1.0, float("nan"), 3.0], color="navy", legend_label="loss")
    line.glyph.tags.append("of the run")
    slider = pn.widgets.FloatSlider(label="Scale", end=2.0, value=1.5)
    slider.jscallback(value="line.visible = true", args={"line": line})
    row = pn.Row(pn.pane.Bokeh(drawn), pn.Card(slider, pn.widgets.Select(options=["a", "b"]), title="More"))
    row.server_doc(document)
    document.theme = "dark_minimal"
    return document


written = {}


def test_a_page_is_written_with_the_same_words(functions, monkeypatch):
    monkeypatch.setattr(serialization, "_simple_id", 1000)
    text = json.dumps(page().to_json(deferred=False), indent=1)
    # Panel counts its objects, and sends the number of an object in memory.
    written[functions] = re.sub(r"[A-Z][A-Za-z]+\d{5}|\d{12,}", "numbered", text).split("\n")
    assert written[functions] == written["ours"]


def test_a_search_finds_the_same_models_in_the_same_order(functions):
    drawn = page().roots[0]
    kinds = [type(model).__name__ for model in bokeh_defaults.bokeh.model.util.collect_models(drawn)]
    written[functions, "kinds"] = kinds
    assert kinds == written["ours", "kinds"]
    assert len(kinds) > 40


def test_no_two_objects_share_a_default_that_can_change(functions):
    first, second = Slider(), Slider()
    first.tags.append("mine")
    first.js_property_callbacks["change:value"] = []
    assert second.tags == Slider().tags == []
    assert second.js_property_callbacks == {}
    first.margin = (1, 2, 3, 4)
    assert second.margin == 5


def test_a_constant_default_is_what_bokeh_finds():
    names = constant_names(Line)
    assert {"name", "syncable"} <= names
    assert "tags" not in names
    for name in names:
        value = Line.lookup(name).property.themed_default(Line, name, None)
        assert type(value) in CONSTANT_TYPES


def test_bokeh_still_finds_defaults_again_for_each_object(monkeypatch):
    """Where this fails, Bokeh keeps them itself: ``bokeh_defaults`` can go."""
    asked = []
    find = Property.themed_default
    monkeypatch.setattr(Property, "themed_default", lambda *args: asked.append(1) or find(*args))
    for place, name, function in BOKEHS:
        monkeypatch.setattr(place, name, function)
    Slider().references()
    asked.clear()
    Slider().references()
    assert len(asked) > 10
    for place, name, function in REPLACED:
        monkeypatch.setattr(place, name, function)
    Slider().references()
    asked.clear()
    Slider().references()
    assert len(asked) < 3
