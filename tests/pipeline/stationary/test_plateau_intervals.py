"""When a point is entered and left: histories made by hand, of which all is known."""

import numpy as np
import pytest

from pipeline.stationary import History, Moments
from pipeline.stationary.history import crossing_time, straight
from pipeline.stationary.plateau_intervals import crossing, first_beyond


def history(loss, residual, rests=False):
    loss = np.asarray(loss, dtype=float)
    time, residual = np.arange(len(loss), dtype=float), np.asarray(residual, dtype=float)
    return History(time, loss, residual, np.ones(len(loss)), 1.0, rests)


def test_a_point_is_left_by_the_loss_or_by_a_label():
    flat = np.zeros((5, 1))
    fallen = history([1.0, 1.0, 0.8, 0.4, 0.4], flat)
    assert crossing(fallen, 0, None, 1) == pytest.approx(1.5)  # a tenth of the loss
    assert crossing(fallen, 0, 4, 1) == pytest.approx(1.3)  # a tenth of what is taken until sample 4
    assert crossing(fallen, 4, None, -1) == pytest.approx(2.9)
    assert crossing(history(np.ones(5), flat), 0, None, 1) is None
    moved = history(np.ones(4), [[1.0, 0.3], [1.0, 0.3], [0.8, 0.3], [0.0, 0.3]])
    assert crossing(moved, 0, 3, 1) == pytest.approx(1.5)
    # A label that moves little counts with 0.3 of the most; one that moves 0.4 of it with its own.
    small = history(np.ones(4), [[1.0, 0.3], [1.0, 0.28], [1.0, 0.2], [0.0, 0.2]])
    assert crossing(small, 0, 3, 1) == pytest.approx(1 + 0.01 / 0.08)
    own = history(np.ones(4), [[1.0, 0.4], [1.0, 0.4], [1.0, 0.32], [0.0, 0.0]])
    assert crossing(own, 0, 3, 1) == pytest.approx(1.5)


def test_the_first_share_beyond_decides():
    before, after = np.array([0.5, 0.0]), np.array([1.5, 4.0])
    assert first_beyond(1.0, 2.0, before, after) == pytest.approx(1.25)
    assert first_beyond(2.0, 1.0, before, after) == pytest.approx(1.75)


@pytest.mark.parametrize("reading", [False, True])
def test_what_can_be_read_between_its_instants_is_left_when_it_is(reading):
    """A loss of 1 - t^3 has lost a tenth at the cube root of 0.1; on a straight line at 0.1."""

    def read(times):
        zeros = np.zeros(len(times))
        return Moments(1.0 - times**3, zeros[:, None], zeros)

    known = read(np.arange(2.0))
    whole = History(np.arange(2.0), *known, 1.0, False, read if reading else None)
    assert crossing(whole, 0, None, 1) == pytest.approx(0.1 ** (1 / 3) if reading else 0.1, rel=1e-6)


def test_a_crossing_is_found_from_either_side():
    for outside, inside in (((0.0, 2.0), (2.0, -2.0)), ((2.0, 2.0), (0.0, -2.0))):
        sign = np.sign(inside[0] - outside[0])
        found = crossing_time(lambda t, s=sign: s * (1.0 - t), outside, inside)
        assert found == pytest.approx(1.0, rel=1e-9)
    assert straight((0.0, np.inf), (1.0, -1.0)) == 1.0
