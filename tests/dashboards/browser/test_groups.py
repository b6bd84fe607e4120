"""Groups of buttons in a real browser: whoever hears a page is told what they choose."""

import pytest

from catalog import open_catalog

pytestmark = pytest.mark.slow

GROUPS = """() => {
  const found = []
  const walk = (node) => {
    for (const element of node.querySelectorAll("*")) {
      if (element.matches(".bk-btn-group") && element.children.length > 1) found.push(element)
      if (element.shadowRoot) walk(element.shadowRoot)
    }
  }
  walk(document)
  return found.length
}"""
"""How many groups of buttons a page has, named or not; a button alone stands in such an element, too."""


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (
            "flow",
            {
                "Start": "balanced",
                "Unit of time": "iterations",
                "Axis of the loss": "log",
                "Height of the neurons": "linear height",
            },
        ),
        ("theory", {"Show statements": "holds", "Unit of time": "time t/"}),
        ("catalog?compare={}", {"Time": "t/", "Loss axis": "logarithmic"}),
    ],
)
def test_every_group_of_buttons_is_named_and_says_which_is_pressed(served, filled_catalog, visit, address, names):
    page = visit(f"{served}/{address.format(','.join(open_catalog(filled_catalog)))}")
    for name, button in names.items():
        group = page.get_by_role("group", name=name, exact=True)
        group.get_by_role("button", name=button).first.wait_for()
        assert group.get_by_role("button", pressed=True).count() == 1
        group.get_by_role("button", name=button).first.click()
        group.get_by_role("button", name=button, pressed=True).first.wait_for()
        assert group.get_by_role("button", pressed=True).count() == 1
    assert page.evaluate(GROUPS) == len(names)
