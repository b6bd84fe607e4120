"""Scrolling to a part of a page. An address with # does not reach it: Panel puts each part into a shadow root."""

from __future__ import annotations

import json

import panel as pn
import param

from dashboards.components import BUTTON

FIND = """
const find = (view) => view.model.name === %s ? view
  : [...(view.child_views ?? [])].map(find).find(Boolean)
const found = [...(Bokeh.index.roots ?? Object.values(Bokeh.index))].map(find).find(Boolean)
found?.el.scrollIntoView({block: "start"})
"""
"""Finds the part with a name, and scrolls to it."""


def name_part(part: pn.viewable.Viewable, name: str) -> None:
    """Name a part of a page, so that a button finds it."""
    with param.edit_constant(part):
        part.name = name


def scroll_button(label: str, name: str) -> pn.widgets.Button:
    """Make a button that scrolls to the part with a name."""
    button = pn.widgets.Button(label=label, **BUTTON | {"align": "start"}, margin=(0, 6, 4, 0))
    button.js_on_click(code=FIND % json.dumps(name))
    return button


def scroll_trigger(name: str) -> pn.widgets.TextInput:
    """Make an invisible field, at whose change of value the page scrolls to the part with a name."""
    field = pn.widgets.TextInput(label=f"Scroll to {name}", visible=False)
    field.jscallback(value=f"setTimeout(() => {{{FIND % json.dumps(name)}}}, 50)")
    return field
