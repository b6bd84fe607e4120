"""The command that serves a catalog's pages, run from this checkout."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def dashboard_command(catalog, *words, port=0):
    """The words of `reluflow dashboard` on a catalog; on any free port unless one is said."""
    command = [sys.executable, "-m", "pipeline.commands", "dashboard", "--port", str(port)]
    return [*command, "--catalog", str(catalog), *words]
