"""The solvers' modules a second time, with their kernels as the Python functions that they are written as.

A test of one kernel would otherwise compile it first, with all that it calls, for up to a minute. That the machine
code does the same is shown by the tests of whole flows, and by these tests with
``RELUFLOW_TEST_KERNELS=compiled``, which ``make test-all`` sets.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pkgutil import walk_packages
from types import ModuleType
from typing import Any
from unittest import mock

import numba
import numpy as np

from pipeline import flow
from pipeline.flow import code_cache


def interpreted(kernel: Any) -> Callable[..., Any]:
    """The Python function of a kernel, in which the kernels that it calls are Python functions too."""
    module = kernel.py_func.__module__
    path = ".".join(module.split(".")[:3])  # pipeline.flow.exact, pipeline.flow.collocation
    function = getattr(package(path)[module], kernel.py_func.__name__)

    @wraps(function)
    def called(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):  # machine code does not warn either
            return function(*arguments)

    return called


@cache
def package(path: str) -> Mapping[str, ModuleType]:
    """Import the modules of a package of kernels again, in which nothing is compiled."""
    compiled = importlib.import_module(path)
    for found in walk_packages(compiled.__path__, f"{path}."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    names = [name for name in sys.modules if name == path or name.startswith(f"{path}.")]
    before = {name: sys.modules.pop(name) for name in names}
    try:
        with (
            mock.patch.object(numba, "njit", _as_it_is),
            mock.patch.object(code_cache, "kept", lambda function, *_, **__: function),
        ):
            for name in names:
                importlib.import_module(name)
        return {name: sys.modules.pop(name) for name in names}
    finally:
        sys.modules.update(before)
        setattr(flow, path.rpartition(".")[2], compiled)


def _as_it_is(**_: Any) -> Callable[[Any], Any]:
    """Stand in for ``numba.njit`` with options."""
    return lambda function: function
