"""The output at any inputs is the plain sum over the neurons, at every scale, in bounded memory."""

import tracemalloc
from math import fsum

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pipeline import data_set, predict, simulate, start, weights
from pipeline.inputs.errors import RequestError

DATA = data_set([[-1.0, 0.3], [0.5, 1.0], [2.0, -0.4]], [1.0, -1.0, 0.5], bias=True)


def plain(w, a, x, slope):
    """The sum in plain Python, exactly rounded."""
    products = [[aj * (u if u > 0 else slope * u) for aj, u in zip(a, w @ point, strict=True)] for point in x]
    return np.array([fsum(terms) for terms in products]), np.array([fsum(map(abs, terms)) for terms in products])


@pytest.mark.parametrize(
    ("log10_scale", "slope"), [(-1000.0, 0.0), (-150.0, -0.3), (-100.0, 0.0), (-3.0, 0.2), (1.0, 0.0)]
)
def test_the_output_is_the_plain_sum(log10_scale, slope):
    init = start(DATA, width=8, log10_scale=log10_scale, start="unbalanced")  # |a| is not |w|
    trajectory = simulate(DATA, init, slope=slope, samples=9)
    x = np.random.default_rng(0).standard_normal((5, 2))
    found = predict(trajectory, x)
    assert found.dims == ("time", "sample")
    for instant, time in enumerate(trajectory["time"].values):
        w, a = weights(trajectory, time)
        expected, size = plain(w, a, np.column_stack([x, np.ones(5)]), slope)
        assert (np.abs(found.values[instant] - expected) <= 2e-15 * size + 1e-307).all()
    at_data = predict(trajectory, DATA).values
    np.testing.assert_allclose(DATA["y"].values - at_data, trajectory["residual"].values, atol=2e-6)


def test_inputs_of_every_kind_and_chosen_times():
    trajectory = simulate(DATA, start(DATA, width=4), sample_times=[0.0, 5.0, 9.0])
    x = [[1.0, 2.0], [0.0, 0.0]]
    whole = predict(trajectory, x)
    assert predict(trajectory, [[1.0, 2.0, 1.0], [0.0, 0.0, 1.0]]).identical(whole)
    assert predict(trajectory, pd.DataFrame(x)).identical(whole)
    assert predict(xr.DataTree.from_dict({"trajectory": trajectory}), x).identical(whole)
    assert predict(trajectory, x, time=5.1).identical(whole[1])
    assert predict(trajectory, x, time=[0.0, 9.0]).identical(whole[[0, 2]])
    assert predict(trajectory.chunk(time=1), x).identical(whole)
    for wrong in ([1.0, 2.0], np.zeros((2, 4))):
        with pytest.raises(
            RequestError, match=r"x has (1 coordinate|4 coordinates): allowed is 3 \(or 2, without the bias\)"
        ):
            predict(trajectory, wrong)


def test_memory_is_bounded():
    """Of 3,000 inputs, 16 instants and 500 neurons all products are 192 MB; 3 MB beside the result are held."""
    samples, neurons, inputs = 16, 500, 3000
    generator = np.random.default_rng(0)
    direction = generator.standard_normal((samples, neurons, 2))
    trajectory = xr.Dataset(
        {
            "direction": (("time", "neuron", "coord"), dask.array.from_array(direction, chunks=(4, -1, -1))),
            "log_norm": (("time", "neuron"), np.zeros((samples, neurons))),
            "output_ratio": (("time", "neuron"), np.ones((samples, neurons))),
        },
        {"time": np.arange(float(samples)), "coord": [0, 1]},
    )
    tracemalloc.start()
    found = predict(trajectory, generator.standard_normal((inputs, 2)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (samples, inputs)
    assert peak < 2 * found.nbytes + 3e6
