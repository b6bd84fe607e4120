"""How much a test tries: a few in ``make test``, all in ``make test-all``, which compiles the kernels too."""

import os
from collections.abc import Iterable
from typing import Any

import pytest


def amount(few: int, all_of_them: int) -> int:
    """The number of examples, neurons or seeds that a test takes."""
    return all_of_them if os.environ.get("RELUFLOW_TEST_KERNELS") == "compiled" else few


def with_slow(quick: Iterable[Any], slow: Iterable[Any]) -> list[Any]:
    """The values of a parameter: a few for ``make test``, and more that ``make test-all`` takes besides."""
    return [*quick, *(pytest.param(value, marks=pytest.mark.slow) for value in slow)]
