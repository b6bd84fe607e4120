"""Batches that go wrong on a worker, where the tests' own modules are not known."""

import os

from pipeline.sweep.tasks import compute_batch


def deadly_batch(configs, data, minimum, catalog=None):
    """Kill the worker at seed 3; raise at seed 5."""
    for config in configs:
        if config.init.seed == 3:
            os._exit(9)
        if config.init.seed == 5:
            raise RuntimeError("no\nsuch luck")
    return compute_batch(configs, data, minimum, catalog)


def batch_on_a_full_disk(configs, data, minimum, catalog=None):
    """Find the disk full from seed 20 on."""
    if any(config.init.seed >= 20 for config in configs):
        raise OSError(28, "No space left on device", "/flows")
    return compute_batch(configs, data, minimum, catalog)
