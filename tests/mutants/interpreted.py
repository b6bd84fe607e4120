"""A plugin of pytest: the solver's kernels as the Python functions that they are written as.

``NUMBA_DISABLE_JIT`` alone does nearly that, but its functions lack ``py_func``, by which the tests reach inner
kernels. A mutant would otherwise be compiled for a minute before the first test could notice it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def njit(*given: Any, **_: Any) -> Any:
    """Stand in for ``numba.njit``, called with a function or with options."""

    def plain(function: Callable[..., Any]) -> Callable[..., Any]:
        vars(function)["py_func"] = function
        return function

    return plain(*given) if given else plain


numba.njit = njit
numba.config.DISABLE_JIT = True  # who keeps machine code on disk asks for it: there is none
