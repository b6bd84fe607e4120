"""What a person waits for in a real browser: a first page, a slider's picture, and a selection.

A page counts from its request, by a browser that has the scripts, until the second animation frame in which its
picture is there. A control is set in the page, as a moved handle sets it; the clock stops in the second animation
frame after both the neurons' and the loss's columns have come. Neurons are selected as a click selects them; the
clock stops in the second animation frame after their lines over time and the list of them have come, and once more
when the last plot of a neuron's life is there. Server and browser are processes of their own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from statistics import median

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
WANTED = {60: 100.0, 10_000: 300.0}
"""Milliseconds, by the width."""
MOVES = 25
"""Of which the first few, when code is loaded, are not counted."""
WARM = 5
SELECTIONS = 12
READY = "new URL(location).searchParams.has('data.x')"
"""The page has written its address: what it shows is complete."""

MOVE = """(index) => new Promise((resolve) => {
  const models = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  const columns = (source) => source.data instanceof Map ? Object.fromEntries(source.data) : source.data
  const sources = models.filter((model) => model.type === "ColumnDataSource")
  const neurons = sources.find((source) => columns(source).kink)
  const loss = sources.find((source) => columns(source).log10_loss && typeof columns(source).t[0] === "number"
    && columns(source).t.length > 30)
  const slider = models.find((model) => String(model.title ?? "").startsWith("Scale"))
  let left = 2
  const began = performance.now()
  const came = () => {
    if (--left === 0) {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)))
    }
  }
  const told = {}
  neurons.properties.data.change.connect(() => { if (!told.n) { told.n = true; came() } })
  loss.properties.data.change.connect(() => { if (!told.l) { told.l = true; came() } })
  slider.value = index
})"""


PAGE_WANTED, SELECTION_WANTED = 2000.0, 150.0
"""Milliseconds."""
PAGES = 6
"""Pages that are opened, one after the other; the first one finds no script in the browser."""

SHOWN = """() => new Promise((resolve) => {
  const there = () => {
    const models = (window.Bokeh?.documents ?? []).flatMap((document) => [...document._all_models.values()])
    const column = (source, name) => (source.data instanceof Map ? source.data.get(name) : source.data[name])
    const sources = models.filter((model) => model.type === "ColumnDataSource")
    const filled = sources.some((source) => column(source, "kink")?.length > 0)
    return filled && models.some((model) => model.type === "Figure" && model.inner_width > 0)
  }
  const look = () => there()
    ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
    : requestAnimationFrame(look)
  look()
})"""

SELECT = """(index) => new Promise((resolve) => {
  const models = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  const column = (source, name) => (source.data instanceof Map ? source.data.get(name) : source.data[name])
  const sources = models.filter((model) => model.type === "ColumnDataSource")
  const neurons = sources.find((source) => column(source, "kink"))
  const lines = sources.find((source) => column(source, "dash") && column(source, "cosine"))
  const number = column(neurons, "neuron")[index]
  const began = performance.now()
  let marked = null
  const passed = () => performance.now() - began
  const painted = (then) => requestAnimationFrame(() => requestAnimationFrame(() => then(passed())))
  const all = () => [...Bokeh.documents[0]._all_models.values()]
  const listed = () => all().some((model) => String(model.text ?? "").includes(`Selected: ${number}.`))
  const look = () => {
    if (marked === null && listed() && String(column(lines, "neuron")) === String(number)) {
      marked = 0
      painted((time) => { marked = time })
    }
    const whole = all().some((model) =>
      String(model.text ?? "").includes(`Neuron ${number}: direction`))
    if (marked && whole) {
      painted((time) => resolve([marked, time]))
    } else {
      requestAnimationFrame(look)
    }
  }
  neurons.selected.indices = [index]
  look()
})"""


def opened(context: object, address: str) -> list[float]:
    """Milliseconds from the request of each page to its picture."""
    found = []
    for _ in range(PAGES):
        page = context.new_page()
        page.goto(f"{address}/flow", timeout=120_000, wait_until="commit")
        found.append(page.evaluate(SHOWN))
        page.wait_for_function(READY, timeout=120_000)
        page.close()
    return found


def moved(page: object) -> list[float]:
    """Milliseconds of each move of the scale."""
    found = []
    for move in range(MOVES):
        found.append(page.evaluate(MOVE, 24 + move % 7 + 1))
        page.wait_for_timeout(60)
    return found[WARM:]


def selected(page: object) -> list[tuple[float, float]]:
    """Milliseconds of each selection of a neuron: until it is marked everywhere, and until its life is drawn."""
    page.wait_for_timeout(3000)  # the complete run has come
    found = []
    for move in range(SELECTIONS + 1):
        found.append(page.evaluate(SELECT, move))
        page.wait_for_timeout(300)
    return found[1:]


def row(what: str, times: list[float], wanted: float) -> None:
    """Print a line of the table."""
    wish = f"{wanted:.0f} ms" if wanted else ""
    print(f"| {what} | {median(times):.0f} ms | {max(times):.0f} ms | {wish} |", flush=True)


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "pipeline.cli", "dashboard", "--port", "0", "--catalog", "memory://none"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r"localhost:(\d+)", server.stdout.readline())[1]
        address = f"http://127.0.0.1:{port}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            print("| | median | slowest | wanted |\n|---|---|---|---|")
            first, *warm = opened(context, address)
            row("first page of the server and the browser", [first], 0.0)
            row("first page, scripts in the browser", warm, PAGE_WANTED)
            page = context.new_page()
            for width, wanted in WANTED.items():
                page.goto(f"{address}/flow?init.width={width}&t=10", timeout=120_000)
                page.wait_for_function(READY, timeout=120_000)
                row(f"slider to picture, width {width:,}", moved(page), wanted)
                marked, drawn = zip(*selected(page), strict=True)
                row(f"a selection marked everywhere, width {width:,}", list(marked), SELECTION_WANTED)
                row(f"the life of the selected neuron, width {width:,}", list(drawn), 0.0)
            browser.close()
    finally:
        server.terminate()
        server.communicate()


if __name__ == "__main__":
    main()
