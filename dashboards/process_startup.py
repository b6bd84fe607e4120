"""Imports and loads once what a computing process needs.

The processes are forked from the one that imports this module: multiprocessing's fork server, before it has
threads.
"""

import signal
from contextlib import suppress

# Ctrl-C is for the server, which then ends its processes.
signal.signal(signal.SIGINT, signal.SIG_IGN)

from dashboards.run_data import compute_complete  # noqa: E402
from pipeline import load_config, run  # noqa: E402

# An error here occurs again in the first computation, which reports it; the fork server must not end.
with suppress(Exception):
    _config = load_config("orthogonal", {"init.width": 4, "flow.samples": 8})
    compute_complete(_config)
    run(_config)
