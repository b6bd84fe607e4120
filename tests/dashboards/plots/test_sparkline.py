"""A loss as a small line."""

import re

import numpy as np
import pytest

from dashboards.plots.sparkline import HEIGHT, WIDTH, draw_sparkline


def test_the_line_falls_from_the_top_left_to_the_bottom_right():
    time = np.linspace(0.0, 10.0, 100)
    drawn = draw_sparkline(time, 0.5 * np.exp(-time))
    points = [tuple(map(float, pair)) for pair in re.findall(r"([0-9.]+),([0-9.]+)", drawn)]
    assert points[0] == (1.0, 1.0)
    assert points[-1] == (WIDTH - 1, pytest.approx(HEIGHT - 1, abs=0.2))  # t = 5.8, the loss is 0.3 % of its first
    assert 'aria-label="loss from 0.5 to 2.3e-05"' in drawn
    assert len(drawn) < 800


def test_without_a_loss_there_is_none():
    assert draw_sparkline(np.array([0.0]), np.array([1.0])) == ""
    assert draw_sparkline(np.array([0.0, 1.0]), np.zeros(2)) == ""
    assert draw_sparkline(np.array([0.0, 1.0]), np.full(2, np.nan)) == ""
