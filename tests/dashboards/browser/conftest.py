"""A server in a process of its own, and Debian's browser."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

CHROMIUM = shutil.which("chromium")
REPOSITORY = Path(__file__).parents[3]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def served():
    """Start the dashboard of a catalog; returns its address."""
    processes = []

    def serve(catalog):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "pipeline.commands",
            "dashboard",
            "--port",
            str(port),
            "--catalog",
            catalog,
        ]
        processes.append(
            subprocess.Popen([str(word) for word in command], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        )
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                with urlopen(f"{address}/flow", timeout=PATIENCE):
                    return address
            except URLError:
                time.sleep(0.2)
        raise TimeoutError("the dashboard did not start")

    yield serve
    for process in processes:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()
