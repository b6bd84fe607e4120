"""The penalised minima beside a flow: what the law's cube has of both."""

import numpy as np
import pytest

from pipeline import RequestError, load_config
from pipeline.theory import minimum_law
from pipeline.theory.minimum import COUNT, minimum_configuration


def test_no_network_of_the_flow_is_below_the_border(penalties):
    """A flow at any time is a network: loss + penalty norm is at least the minimum, for each penalty."""
    for beta, value in zip(penalties["penalty"].values, penalties["value"].values, strict=True):
        assert (penalties["flow_loss"].values + beta * penalties["flow_norm"].values >= value * (1 - 1e-9)).all()


def test_the_flow_is_read_where_it_has_the_loss(penalties):
    at = penalties.sel(penalty=0.01)
    i = int(np.searchsorted(-penalties["flow_loss"].values, -float(at["loss"])))
    time, norm = penalties["flow_time"].values, penalties["flow_norm"].values
    assert time[i - 1] <= float(at["time_at_loss"]) <= time[i]
    assert norm[i - 1] <= float(at["norm_at_loss"]) <= norm[i]
    assert float(at["norm_at_loss"]) > float(at["norm"])


def test_above_the_vanishing_penalty_there_is_no_neuron(penalties):
    assert 0.1 < float(penalties["vanishing_penalty"]) < 0.2
    assert dict(zip(penalties["penalty"].values, penalties["neurons"].values, strict=True)) == {
        0.01: 3, 0.1: 2, 0.2: 0, 1e-4: 4
    }  # fmt: skip
    assert float(penalties["least_norm"]) == pytest.approx(8.203977, abs=1e-6)


def test_a_path_of_its_own_begins_just_below_it():
    keys = {"data.x": [[1.0, 0.0], [0.0, 1.0]], "data.y": [1.0, -0.5], "data.bias": False, "init.width": 4}
    law = minimum_law(load_config("orthogonal", keys))
    # Orthogonal points: the positive label alone gives the rate |D_+| = 1/2.
    assert float(law["vanishing_penalty"]) == pytest.approx(0.5)
    assert law.sizes["penalty"] == COUNT
    assert law["penalty"].values[0] == pytest.approx(0.95 * 0.5)
    # Each label is shrunk by n beta/|x_k|, as far as that is less than it.
    beta = law["penalty"].values
    np.testing.assert_allclose(law["residual"].values[:, 0], np.minimum(2 * beta, 1.0), atol=1e-7)
    np.testing.assert_allclose(law["residual"].values[:, 1], -np.minimum(2 * beta, 0.5), atol=1e-7)


def test_what_is_refused_and_what_names_the_law():
    with pytest.raises(RequestError, match="too many activation patterns"):
        minimum_law(load_config("high-dimensional"))
    one, other = (
        minimum_configuration(load_config("orthogonal", keys))
        for keys in ({"analysis.penalty": 0.1}, {"analysis.penalty": [0.1]})
    )
    assert one == other
    assert one != minimum_configuration(load_config("orthogonal", {"analysis.skip": True}))
