"""Test points: given, in a file, or drawn with the same teacher."""

import numpy as np
import pytest

from pipeline import data_set, generate_data, load_config
from pipeline.data import teacher_network
from pipeline.inputs.errors import RequestError

X, Y = [[1.0, 2.0], [0.0, 1.0]], [1.0, -1.0]
MINE = {"data.x": X, "data.y": Y, "data.bias": True}


def test_they_stand_in_the_configuration_in_a_file_or_in_arrays(tmp_path):
    (tmp_path / "unseen.csv").write_text("u,v,y\n0.5,1,2\n3,4,5\n")
    filed = load_config(MINE | {"data.test.file": tmp_path / "unseen.csv"})
    assert filed.resolved()["data"]["test"]["file"] == "unseen.csv"
    told = load_config(MINE | {"data.test.x": [[0.5, 1.0], [3.0, 4.0]], "data.test.y": [2.0, 5.0]})
    data = generate_data(filed.data)
    assert data["test_x"].values.tolist() == [[0.5, 1.0, 1.0], [3.0, 4.0, 1.0]]
    assert generate_data(told.data).identical(data)
    assert data_set(X, Y, bias=True, test=([[0.5, 1.0], [3.0, 4.0]], [2.0, 5.0])).identical(data)
    (tmp_path / "unseen.csv").write_text("u,v,y\n0.5,1,2\n3,4,6\n")
    assert load_config(MINE | {"data.test.file": tmp_path / "unseen.csv"}).run_id("1.1") != filed.run_id("1.1")
    with pytest.raises(RequestError, match=r"data.test.file = 'unseen.csv': it was changed"):
        generate_data(filed.data)


@pytest.mark.parametrize(
    "kind", ["gaussian_teacher", "linear_teacher", "one_neuron", "opposite_neurons", "orthonormal_neurons"]
)
def test_drawn_ones_have_the_teachers_labels_without_noise(kind):
    keys = {"data.kind": kind, "data.points": 5, "data.dimension": 7, "data.noise": 0.5}
    plain, config = load_config(keys).data, load_config(keys | {"data.test.points": 9}).data
    data, teacher = generate_data(config), teacher_network(config)
    assert data[["x", "y"]].identical(generate_data(plain)[["x", "y"]])  # they move nothing
    size = np.exp(teacher["log_norm"].values)
    w, a = size[:, None] * teacher["direction"].values, size * teacher["output_ratio"].values
    expected = np.maximum(data["test_x"].values @ w.T, 0.0) @ a
    np.testing.assert_allclose(data["test_y"].values, expected, atol=1e-14)
    noise = data["y"].values - np.maximum(data["x"].values @ w.T, 0.0) @ a
    assert 0.05 < noise.std() < 1.5
    other = generate_data(load_config(keys | {"data.test.points": 9, "data.test.seed": 1}).data)
    assert not np.isin(other["test_x"].values, data["test_x"].values).any()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"data.test.seed": 3}, "data.test.x and y, or file, or points: one of these ways is allowed"),
        ({"data.test.points": 3}, "data.test.points = 3: allowed with kind = 'gaussian_teacher' or"),
        ({"data.test.point": 3}, "data.test.point is not a known key .did you mean 'points'"),
        ({"data.test.x": [[1.0, 2.0]]}, "data.test.y is missing"),
        ({"data.test": {"x": [[1.0, 2.0]], "y": [1.0, 2.0]}}, "data.test.y has 2 labels for 1 point"),
        ({"data.test.file": "none.csv"}, "data.test.file = 'none.csv': No such file"),
    ],
)
def test_what_is_no_test_is_one_line(keys, said):
    with pytest.raises(RequestError, match=said):
        load_config(MINE | keys)


def test_points_of_another_number_of_coordinates():
    with pytest.raises(RequestError, match=r"data.test has points of 1 coordinates: allowed is 2"):
        data_set(X, Y, bias=True, test=([1.0], [1.0]))
    with pytest.raises(RequestError, match="test: y has 1 label: allowed is one for each of the 2 rows"):
        data_set(X, Y, test=(X, [1.0]))
    with pytest.raises(RequestError, match=r"test: two arrays"):
        data_set(X, Y, test=X[0] + [1.0])
