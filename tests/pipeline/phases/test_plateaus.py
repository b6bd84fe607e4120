"""The stationary points that the flow lingers at, in the order of their visit."""

import numpy as np
import pytest

from pipeline.phases.plateaus import LINGERING, NONE, ORIGIN, plateau_numbers


def numbers(lingers, rate=2.0, scale=1.0, largest=101):
    """Label a run that lingers where ``lingers`` is 1: its |grad L|^2/(rate L) is half, or twice, the bound."""
    loss = scale * np.geomspace(1.0, 0.1, len(lingers))
    share = np.where(np.array(lingers) == 1, 0.5, 2.0) * LINGERING
    return plateau_numbers(loss, np.sqrt(share * rate * loss), rate, scale, largest).tolist()


@pytest.mark.parametrize(
    ("lingers", "found"),
    [
        ([1, 1, 0, 0, 1, 1, 0], [2, 2, 1, 1, 3, 3, 1]),
        ([1, 0, 1, 0, 1, 0, 1], [2, 1, 3, 1, 4, 1, 5]),
        ([0, 0, 1, 1, 0, 1, 1], [1, 1, 3, 3, 1, 4, 4]),  # a large start visits no origin
        ([1, 1, 1], [2, 2, 2]),  # nothing ever moves
        ([0, 0, 0], [1, 1, 1]),
        ([0, 0, 1], [1, 1, 3]),  # stationary in the end
        ([1], [2]),
        ([0], [1]),
    ],
)
@pytest.mark.parametrize(("rate", "scale"), [(2.0, 1.0), (1e-3, 1e6), (1e9, 1e-9)])
def test_numbers(lingers, found, rate, scale):
    assert (NONE, ORIGIN) == (1, 2)
    assert numbers(lingers, rate, scale) == found


def test_an_iteration_that_ran_away_lingers_nowhere():
    """Its squared gradient is no float."""
    found = plateau_numbers(np.array([1.0, 1e240]), np.array([1.0, 1e200]), 1.0, 1.0, 101)
    assert found.tolist() == [NONE, NONE]


def test_late_plateaus_share_the_last_label():
    assert numbers([1, 0] * 4, largest=4) == [2, 1, 3, 1, 4, 1, 4, 1]
    assert max(numbers([1, 0] * 200)) == 101


def test_a_flow_that_has_arrived_lingers_nowhere():
    """Below 1e-12 of the zero network's loss what is left is a tail, however slow: no saddle."""
    loss = np.array([1.0, 1e-3, 1e-11, 1e-13, 1e-20, 0.0])
    assert plateau_numbers(loss, np.zeros(6), 1.0, 1.0, 101).tolist() == [2, 2, 2, 1, 1, 1]
    assert plateau_numbers(1e-13 * loss, np.zeros(6), 1.0, 1e-13, 101).tolist() == [2, 2, 2, 1, 1, 1]


def test_labels_that_are_all_zero():
    assert plateau_numbers(np.array([1e-20, 0.0]), np.zeros(2), 0.0, 0.0, 101).tolist() == [1, 1]
