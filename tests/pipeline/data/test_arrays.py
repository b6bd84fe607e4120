"""Points and labels from arrays, frames and datasets."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from pipeline import data_set, generate_data, load_config
from pipeline.inputs.errors import RequestError

X, Y = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]]), np.array([1.0, -1.0, 0.5])
FRAME = pd.DataFrame({"age in years": X[:, 0], "bmi": X[:, 1], "label": Y})


@pytest.mark.parametrize(
    ("x", "y", "names"),
    [
        (X, Y, "x1 x2"),
        (X.tolist(), Y[:, None], "x1 x2"),
        (X.astype("f4"), Y[None, :], "x1 x2"),
        (FRAME[["age in years", "bmi"]], FRAME["label"], "age_in_years bmi"),
        (FRAME, "label", "age_in_years bmi"),
        (xr.DataArray(X, dims=("who", "what"), coords={"what": ["u", "v"]}), Y, "u v"),
        (xr.Dataset({"x": (("point", "coord"), X), "y": ("point", Y)}), None, "x1 x2"),
    ],
)
def test_every_kind_of_array_is_taken(x, y, names):
    data = data_set(x, y, bias=True)
    assert data["coord"].attrs["labels"] == f"{names} bias"
    expected = generate_data(load_config({"data.x": X, "data.y": Y, "data.bias": True}).data)
    xr.testing.assert_equal(data, expected)
    assert data_set(x, y)["x"].values.tolist() == X.tolist()


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X, [1, 2], r"y has the shape \(2, 1\): allowed is one label for each of the 3 points"),
        (X, None, "y is missing"),
        (X, "label", "y = 'label' is no column of x: x is no DataFrame"),
        (FRAME, "lable", "allowed are age in years, bmi, label"),
        ([[1, 2], [3]], [1, 2], "x has rows of different lengths"),
        ([["a"]], [1], r"x has the shape \(1, 1\) and the type <U1: a table of real numbers"),
        ([[1.0, np.nan]], [1], r"x\[0\]\[1\] = nan: a finite number"),
        (np.zeros((0, 2)), [], r"x has the shape \(0, 2\)"),
        (data_set(X, Y), Y, "y: nothing is allowed"),
        (data_set(X, Y, bias=True), None, "there would be two"),
    ],
)
def test_what_is_no_data_is_refused_by_the_name_of_the_argument(x, y, said):
    with pytest.raises(RequestError, match=said):
        data_set(x, y, bias=True)


def test_arrays_where_a_configuration_is_meant():
    for wrong in ((X, Y), (data_set(X, Y),)):
        with pytest.raises(RequestError, match=r"reluflow.data_set\(x, y\)") as told:
            generate_data(*wrong)
        assert "\n" not in str(told.value)
