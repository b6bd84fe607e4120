"""The teacher is the network whose outputs are the labels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from catalog.schema import validate
from pipeline.configuration import DataConfig
from pipeline.data import generate_data, teacher_network


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("kind", "width"), [("gaussian_teacher", 3), ("linear_teacher", 2)])
def test_its_outputs_are_the_labels(bias, kind, width):
    own = {"teacher_width": width} if kind == "gaussian_teacher" else {}
    config = DataConfig(kind=kind, points=9, dimension=4, seed=5, bias=bias, **own)
    data, teacher = generate_data(config), validate("initial", teacher_network(config))
    w = np.exp(teacher["log_norm"].values)[:, None] * teacher["direction"].values
    a = np.exp(teacher["log_norm"].values) * teacher["output_ratio"].values
    assert w.shape == (width, 5 if bias else 4)
    assert_allclose(np.maximum(data["x"].values @ w.T, 0.0) @ a, data["y"].values, rtol=0, atol=1e-14)
    assert float(teacher["log_init_scale"]) == pytest.approx(np.log(np.sqrt(np.mean(w**2))))


def test_data_that_no_network_labelled():
    assert teacher_network(DataConfig(x=[[1.0]], y=[1.0])) is None
