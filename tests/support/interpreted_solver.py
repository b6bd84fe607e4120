"""The solver's modules a second time, with their kernels as the Python functions that they are written as.

A test of one kernel would otherwise compile it first, with all that it calls, for up to a minute. That the machine
code does the same is shown by the tests of whole flows, and by these tests with
``RELUFLOW_TEST_KERNELS=compiled``, which ``make test-all`` sets.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache, wraps
from types import ModuleType
from typing import Any
from unittest import mock

import numba
import numpy as np

from pipeline import flow
from pipeline.flow import code_cache

PACKAGE = "pipeline.flow.exact"


def interpreted(kernel: Any) -> Callable[..., Any]:
    """The Python function of a kernel, in which the kernels that it calls are Python functions too."""
    function = getattr(solver()[kernel.py_func.__module__], kernel.py_func.__name__)

    @wraps(function)
    def called(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):  # machine code does not warn either
            return function(*arguments)

    return called


@cache
def solver() -> Mapping[str, ModuleType]:
    """Import the modules of the solver again, in which nothing is compiled."""
    package = flow.exact
    names = [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]
    compiled = {name: sys.modules.pop(name) for name in names}
    try:
        with (
            mock.patch.object(numba, "njit", _as_it_is),
            mock.patch.object(code_cache, "kept", lambda function, *_, **__: function),
        ):
            for name in names:
                importlib.import_module(name)
        return {name: sys.modules.pop(name) for name in names}
    finally:
        sys.modules.update(compiled)
        flow.exact = package


def _as_it_is(**_: Any) -> Callable[[Any], Any]:
    """Stand in for ``numba.njit`` with options."""
    return lambda function: function
