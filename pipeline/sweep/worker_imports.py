"""What a local worker needs, imported and loaded once: the workers are forked from the process that imports this.

Each of two workers that started from nothing took 3 s for its imports and for the solver's machine code;
forked, they are there at once and share those pages. Imported by multiprocessing's fork server, before it has
any thread.
"""

import logging
import signal
import warnings
from contextlib import suppress

# A Ctrl-C is for the command, which then ends its workers; what libraries have to say is for nobody here.
signal.signal(signal.SIGINT, signal.SIG_IGN)
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import distributed.nanny  # noqa: E402, F401 (its import is what is wanted, and only after the lines above)

from pipeline.configuration import load_config  # noqa: E402
from pipeline.sweep.tasks import compute_batch, shared_data, shared_minimum  # noqa: E402

# Whatever goes wrong here goes wrong again with the first cell, which says so; the fork server must live.
with suppress(Exception):
    _config = load_config("orthogonal", {"init.width": 4, "flow.samples": 8})
    _data = shared_data(_config)
    compute_batch([_config], _data, shared_minimum(_config, _data))
