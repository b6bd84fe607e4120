"""Neurons over time, with some in front."""

import numpy as np
import pytest

from dashboards.plots.neuron_lines import DIMMED, PLAIN, NeuronLines, NeuronPicture
from dashboards.theme import LIGHT


@pytest.fixture(scope="module")
def part():
    time = np.linspace(0.0, 1.0, 5)
    return NeuronLines("S₊,₁", time, np.stack([time, 1 - time]), "#0072B2", "dashed", np.array([4, 9]))


def test_selected_neurons_are_in_front_and_the_others_dimmed(part):
    picture = NeuronPicture([part], ("time t", "norm"), LIGHT, xlim=(0.0, 1.0))
    drawn = picture.figure
    assert np.isnan(picture.plain[0].data_source.data["value"]).sum() == 2  # one line with a gap after each
    picture.mark([part])
    assert picture.marked.data["neuron"] == [4, 9]
    assert picture.marked.data["dash"] == ["dashed", "dashed"]
    assert picture.plain[0].glyph.line_alpha == DIMMED
    picture.mark([])
    assert picture.marked.data["neuron"] == []
    assert picture.plain[0].glyph.line_alpha == PLAIN
    assert picture.figure is drawn
