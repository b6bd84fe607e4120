"""How much a test tries: a few in ``make test``, all in ``make test-all``, which compiles the kernels too."""

import os


def amount(few: int, all_of_them: int) -> int:
    """The number of examples, neurons or seeds that a test takes."""
    return all_of_them if os.environ.get("RELUFLOW_TEST_KERNELS") == "compiled" else few
