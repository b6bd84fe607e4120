"""What a computing process needs, imported and loaded once.

The processes are forked from the one that imports this: multiprocessing's fork server, before it has any thread.
"""

import signal
from contextlib import suppress

# A Ctrl-C is for the server, which then ends its processes.
signal.signal(signal.SIGINT, signal.SIG_IGN)

from dashboards.run_data import compute_complete  # noqa: E402
from pipeline import load_config, run  # noqa: E402

# Whatever goes wrong here goes wrong again in the first computation, which says so; the fork server must live.
with suppress(Exception):
    _config = load_config("orthogonal", {"init.width": 4, "flow.samples": 8})
    compute_complete(_config)
    run(_config)
