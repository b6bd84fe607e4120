"""Images of two handwritten digits, from the table that scikit-learn brings."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from pipeline.configuration import DataConfig
from pipeline.data.sources import Points
from pipeline.inputs.errors import RequestError

BRIGHTEST = 16.0
"""The largest value of a pixel in the table."""


def digit_points(config: DataConfig) -> Points:
    """The images of 8 x 8 pixels, each from 0 to 1, of two digits, labelled 1 and -1 (Alpaydin & Kaynak 1998).

    Raises
    ------
    RequestError
        If scikit-learn is not installed.
    """
    table = _table()
    first, second = config.digits
    chosen = np.isin(table.target, (first, second))
    x, y = table.data[chosen] / BRIGHTEST, np.where(table.target[chosen] == first, 1.0, -1.0)
    return x, y, list(table.feature_names)


def _table() -> Any:
    try:
        return importlib.import_module("sklearn.datasets").load_digits()
    except ImportError:
        raise RequestError(
            "data.kind = 'digits': allowed with scikit-learn installed (pip install 'reluflow[digits]')"
        ) from None
