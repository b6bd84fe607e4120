"""Tab leads through every page: to each control, which has a name and is seen to have the focus, and out again."""

import pytest

pytestmark = pytest.mark.slow

FOCUSED = """() => {
  let found = document.activeElement
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
  if (!found || found === document.body) return null
  found.walked = (found.walked ?? 0) + 1
  const style = getComputedStyle(found)
  const name = found.getAttribute("aria-label") || found.title || found.labels?.[0]?.innerText || found.innerText
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
  const what = `${found.tagName.toLowerCase()}.${found.className} ${name ?? ""}`
  const seen = outlined || style.boxShadow !== "none"
  return {what, named: Boolean(name?.trim()), seen, again: found.walked > 1}
}"""
MISSED = """() => {
  const missed = []
  const walk = (root) => root.querySelectorAll("*").forEach((one) => {
    if (one.shadowRoot) walk(one.shadowRoot)
    const box = one.getBoundingClientRect()
    const stop = one.matches("a[href], button, input, select, textarea, summary, [tabindex]") && one.tabIndex >= 0
    const cell = one.matches(".tabulator-editable")  // its field has the focus
    // A plot's toolbar is there while the pointer is: its tools are gestures of the pointer.
    const shown = box.width && box.height && !one.disabled && !one.closest(".bk-Toolbar, [class*=bk-tool]")
      && one.checkVisibility({visibilityProperty: true, opacityProperty: true})
    if (stop && shown && !cell && !one.walked) missed.push(one.outerHTML.slice(0, 90))
  })
  walk(document)
  return missed
}"""
STOPS_LIMIT = 150


@pytest.mark.parametrize("path", ["flow?t=25&select=[3]", "theory", "explore", "sweeps", "catalog"])
def test_tab_leads_to_each_control(served, visit, path):
    page = visit(f"{served}/{path}", ready="body .bk-Figure, .tabulator" if path != "sweeps" else "main")
    page.wait_for_timeout(8000)  # until the last card is there
    stops = []
    for _ in range(STOPS_LIMIT):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None or stop["again"]:
            break
        stops.append(stop)
    assert len(stops) >= 8
    assert [stop["what"] for stop in stops if not stop["named"]] == []
    assert [stop["what"] for stop in stops if not stop["seen"]] == []
    assert page.evaluate(MISSED) == []
