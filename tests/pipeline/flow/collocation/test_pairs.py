"""One pair within a step."""

import numpy as np
from witness import callable_kernel

from pipeline.flow.collocation.pairs import find_root

found = callable_kernel(find_root)


def test_a_root_is_found_between_values_of_different_signs():
    polynomial = np.array([0.06, -0.5, 1.0])  # 0.2 and 0.3
    assert abs(found(polynomial, 2, (0.0, 0.25), (0.06, -0.0025)) - 0.2) < 1e-14
    assert abs(found(polynomial, 2, (0.25, 1.0), (-0.0025, 0.56)) - 0.3) < 1e-14


def test_a_root_is_never_outside():
    """The straight line through two values of one sign is 0 at a time that may be any: 157 steps later."""
    polynomial = np.array([0.06, -0.5, 1.0])
    for values in ((0.56, 0.561), (0.561, 0.56)):
        assert 0.4 <= found(polynomial, 2, (0.4, 1.0), values) <= 1.0
