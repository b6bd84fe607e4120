"""Predicted partners, beside the directions of runs at the end of their alignment."""

import numpy as np
import pytest
from small_problems import general_start

from pipeline import generate_data, initialise, load_config, measure_alignment, predict_alignment, simulate
from pipeline.inputs.errors import RequestError
from pipeline.phases.alignment import NOWHERE


def aligned(seed):
    """How many neurons of a random data set, and how many of them go where it is predicted, at 1e-100."""
    data, init = general_start(seed, -100.0)
    found = measure_alignment(data, simulate(data, init, samples=200), predict_alignment(data, init))
    partner, directions = found["partner"].values, found["direction"].values
    measured = np.argmax(found["measured_direction"].values @ directions.T, axis=1)
    right = np.where(partner == NOWHERE, found["cosine"].values > 0.99, measured == partner)
    return right.sum(), len(right)


def test_partners_are_measured_where_they_are_predicted():
    right, count = np.sum([aligned(seed) for seed in range(4)], axis=0)
    assert right == count > 50


def test_neurons_whose_w_comes_to_0_are_no_exceptions():
    """|a| > |w| and a label on the other side: w is 0 after a finite time, and stays there without a direction."""
    data, init = general_start(8, start="unbalanced")
    found = measure_alignment(data, simulate(data, init, samples=200), predict_alignment(data, init))
    stopped = np.isnan(found["cosine"].values)
    assert 0 < stopped.sum() < len(stopped)
    assert (found["partner"].values[stopped] == NOWHERE).all()
    assert (np.abs(init["output_ratio"].values[stopped]) > 1.0).all()
    assert found["cosine"].values[~stopped].min() > 0.99


def test_where_the_flow_is_not_unique_nothing_is_predicted():
    """The same neurons of a leaky ReLU go on from w = 0, nobody can say where to."""
    data, init = general_start(8, start="unbalanced")
    found = predict_alignment(data, init, slope=0.1)
    lost = np.isnan(found["predicted_direction"].values).all(axis=1)
    assert 0 < lost.sum() < len(lost)
    assert (found["partner"].values[lost] == NOWHERE).all()
    measured = measure_alignment(data, simulate(data, init, samples=200, slope=0.1), found)["cosine"].values
    assert np.array_equal(np.isnan(measured), lost)
    assert measured[~lost].min() > 0.99


@pytest.mark.slow
def test_partners_in_a_hundred_data_sets():
    right, count = np.sum([aligned(seed) for seed in range(100)], axis=0)
    assert right >= 0.99 * count


@pytest.mark.parametrize("name", ["orthogonal", "orthonormal"])
def test_the_papers_sets_go_to_its_directions(name):
    """S_{+,1} goes to D_+/|D_+|, S_{-,1} to -D_-/|D_-|, and no other neuron does."""
    config = load_config(name)
    data = generate_data(config.data)
    init = initialise(data, config.init)
    found = predict_alignment(data, init)
    x, y, u = data["x"].values, data["y"].values, init["direction"].values
    for sign, growth in ((1, "growth_positive"), (-1, "growth_negative")):
        own = (u @ x[sign * y > 0].T >= 0).all(axis=1) & (init["output_ratio"].values == sign)
        (number,) = np.unique(found["partner"].values[own])
        goal = sign * data[growth].values / np.linalg.norm(data[growth].values)
        assert np.allclose(found["direction"].values[number], goal, atol=1e-12)
        assert np.allclose(found["predicted_rate"].values[own], np.linalg.norm(data[growth].values))
        others = found["partner"].values[~own & (init["output_ratio"].values == sign)]
        assert number not in others


def test_where_the_cells_are_too_many_the_neurons_find_them():
    config = load_config("high-dimensional", {"init.width": 10})
    data = generate_data(config.data)
    init = initialise(data, config.init)
    found = predict_alignment(data, init)
    assert found.attrs["complete"] == 0
    assert 1 <= found.sizes["extremal"] <= 10
    x, y = data["x"].values, data["y"].values
    value = np.maximum(found["direction"].values @ x.T, 0.0) @ y / len(y)
    assert np.allclose(value, found["value"], atol=1e-12)


def test_a_large_start_does_not_align():
    config = load_config("orthogonal", {"init.log10_scale": 1.0})
    data = generate_data(config.data)
    init = initialise(data, config.init)
    found = predict_alignment(data, init)
    with pytest.raises(RequestError, match="does not align"):
        measure_alignment(data, simulate(data, init, samples=10), found)


def test_another_residual_is_asked_for_by_its_length():
    config = load_config("orthogonal")
    data = generate_data(config.data)
    with pytest.raises(RequestError, match=r"^residual has 3 numbers: 2 are allowed, one a point$"):
        predict_alignment(data, initialise(data, config.init), residual=np.ones(3))
