"""A served catalog and a real browser: Debian's Chromium, driven by Playwright.

Where there is none and none may be installed, the browser's tests say so as skipped; .ci/run counts that as a
failure.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from served import REPOSITORY, dashboard_command

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine."""


def installed_chromium() -> str:
    """Find Debian's Chromium, or install it where that is allowed; skip where it is not."""
    found = shutil.which("chromium")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"check": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-qq", "-y", "chromium"], env=environment, **quiet)
        found = shutil.which("chromium")
    if found is None and os.environ.get("CI"):
        pytest.fail("no browser could be installed: in CI that is a failure", pytrace=False)
    if found is None:
        pytest.skip("no browser: `apt-get install chromium` as root brings Debian's")
    return found


@pytest.fixture(scope="module")  # its event loop runs while it is there: no other file's tests should meet it
def browser():
    from playwright.sync_api import sync_playwright

    executable = installed_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def servers() -> Iterator[Callable[..., str]]:
    """Start the dashboard of a catalog as a process of its own; the address is what the command says."""
    started: list[subprocess.Popen] = []

    def start(catalog: Path, *words: str, command=dashboard_command) -> str:
        command = command(catalog, *words)
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        started.append(process)
        start.last = process.pid
        found = re.search(r"http://localhost:(\d+)", process.stdout.readline())
        assert found, "the dashboard did not start"
        return f"http://127.0.0.1:{found[1]}"

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.communicate(timeout=120)


@pytest.fixture(scope="module")  # a server that no test asks any more would take the others' processor
def serve() -> Iterator[Callable[..., str]]:
    with servers() as start:
        yield start


@pytest.fixture(scope="session")
def filled_catalog(tmp_path_factory) -> Path:
    """A catalog with two runs."""
    from catalog import open_catalog
    from pipeline import load_config, run

    folder = tmp_path_factory.mktemp("served")
    catalog = open_catalog(folder)
    for overrides in ({}, {"init.width": 12, "init.log10_scale": -2.0}):
        run(load_config("orthogonal", overrides), catalog)
    return folder


@pytest.fixture(scope="session")
def served(filled_catalog) -> Iterator[str]:
    """The address of the dashboard of ``filled_catalog``."""
    with servers() as start:
        yield start(filled_catalog)


class Watched:
    """A page whose console and requests are watched."""

    def __init__(self, page, origin: str) -> None:
        self.page, self.said = page, []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self._failed(request))
        page.on("request", lambda request: self._asked(request.url, origin))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(f"{kind}: {text}")

    def _failed(self, request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):  # the page was left while something was loading
            self.said.append(f"failed: {request.url}")

    def _asked(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:", "blob:", "about:", "file:")):
            self.said.append(f"asks another host: {url}")


@pytest.fixture(scope="module")
def profile(browser):
    """Keep what a browser keeps between two visits: the scripts, megabytes of them, fetched and compiled."""
    context = browser.new_context(accept_downloads=True)
    yield context
    context.close()


@pytest.fixture
def visit(profile):
    """Open an address in a page of its own; at the end of the test its console must be empty."""
    watched = []

    def open_page(address: str, width: int = 1280, height: int = 800, ready: str = ".bk-Figure"):
        page = profile.new_page()
        page.set_viewport_size({"width": width, "height": height})
        watched.append(Watched(page, "/".join(address.split("/")[:3])))
        page.goto(address, timeout=PATIENCE)
        if ready:
            page.wait_for_selector(ready)
        return page

    yield open_page
    said = [line for one in watched for line in one.said]
    for one in watched:
        one.page.close()
    assert said == [], "\n".join(said)
