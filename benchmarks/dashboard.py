"""Slider to picture in a real browser: from the moment a control moves until what follows from it is painted.

A control is set in the page, as a moved handle sets it; the clock stops in the second animation frame after both
the neurons' and the loss's columns have come. Server and browser are processes of their own.
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


def measured(page: object, address: str, width: int) -> list[float]:
    """Milliseconds of each move of the scale, at one width."""
    page.goto(f"{address}/flow?init.width={width}&t=10", timeout=120_000)
    page.wait_for_function("new URL(location).searchParams.has('data.x')", timeout=120_000)
    found = []
    for move in range(MOVES):
        found.append(page.evaluate(MOVE, 24 + move % 7 + 1))
        page.wait_for_timeout(60)
    return found[WARM:]


def main() -> None:
    """Print the table."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "pipeline.cli", "dashboard", "--port", "0", "--catalog", "memory://none"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r"localhost:(\d+)", server.stdout.readline())[1]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            print("| width, 400 samples | slider to picture, median | slowest | wanted |\n|---|---|---|---|")
            for width, wanted in WANTED.items():
                found = measured(page, f"http://127.0.0.1:{port}", width)
                print(
                    f"| {width:,} | {median(found):.0f} ms | {max(found):.0f} ms | {wanted:.0f} ms |", flush=True
                )
            browser.close()
    finally:
        server.terminate()
        server.communicate()


if __name__ == "__main__":
    main()
