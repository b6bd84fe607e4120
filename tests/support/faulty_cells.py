"""Batches that go wrong on a worker, where the tests' own modules are not known."""

import os

from pipeline.sweep.stages import compute_batch


def deadly_batch(configs, data, minimum, catalog=None):
    """Kill the worker at seed 3; raise at seed 5."""
    for config in configs:
        if config.init.seed == 3:
            os._exit(9)
        if config.init.seed == 5:
            raise RuntimeError("no\nsuch luck")
    return compute_batch(configs, data, minimum, catalog)
