"""The command that serves a catalog's pages, run from this checkout; and one whose threads are late."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def dashboard_command(catalog, *words, port=0):
    """The words of `reluflow dashboard` on a catalog; on any free port unless one is said, no pages made ahead."""
    command = [sys.executable, "-m", "pipeline.cli", "dashboard", "--port", str(port), "--visitors", "1"]
    return [*command, "--catalog", str(catalog), *words]


LATE = """
import sys, time
from weakref import WeakKeyDictionary
from panel.io import state
from pipeline.cli.main import command_line

class Late(WeakKeyDictionary):
    def __setitem__(self, document, loaded):
        time.sleep(1.0)
        super().__setitem__(document, loaded)

type(state)._loaded = Late()
command_line()
"""


def late_dashboard_command(catalog, *words):
    """The same on a machine so busy that Panel's thread notes a second later that a page is loaded."""
    _, _, _, *said = dashboard_command(catalog, *words)
    return [sys.executable, "-c", LATE, *said]
