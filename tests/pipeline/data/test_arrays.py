"""Points and labels from arrays, frames and datasets."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.sparse import csr_matrix

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
        (X, [1, 2], "y has 2 labels: allowed is one for each of the 3 rows of x"),
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


FRAME = pd.DataFrame([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]], columns=["u", "v"], index=["p", "q", "r"])
SERIES = pd.Series([1.0, -1.0, 0.5], index=FRAME.index)
ROWS = xr.DataArray(FRAME.to_numpy(), dims=("who", "what"))
ALIKE = {
    "objects": (FRAME.astype(object), SERIES.astype(object)),
    "nullable": (FRAME.astype("Float64"), SERIES.astype("Float64")),
    "fractions": ([[Fraction(1), 2], [3, Decimal(-4)], [Fraction(1, 2), 0.25]], SERIES),
    "an iterator": (map(list, FRAME.to_numpy()), iter(SERIES)),
    "unmasked": (np.ma.masked_array(FRAME.to_numpy(), mask=False), SERIES),
    "turned": (ROWS.T, xr.DataArray(SERIES.to_numpy(), dims="who")),
    "other dimensions": (xr.Dataset({"x": ROWS, "y": ("who", SERIES.to_numpy())}), None),
    "and turned": (xr.Dataset({"x": ROWS.T, "y": ("who", SERIES.to_numpy())}), None),
    "read-only, in Fortran's order, of another byte order": (np.asfortranarray(FRAME, dtype=">f8"), SERIES),
}


@pytest.mark.parametrize(("x", "y"), ALIKE.values(), ids=ALIKE)
def test_numbers_of_any_kind_are_the_same_points(x, y):
    if isinstance(x, np.ndarray):
        x.setflags(write=False)
    found = data_set(x, y)
    np.testing.assert_array_equal(found["x"].values, FRAME.to_numpy())
    np.testing.assert_array_equal(found["y"].values, SERIES.to_numpy())


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (FRAME, SERIES[::-1], "y has the row r where x has p: labels in the order of x are allowed"),
        (FRAME, SERIES.reset_index(drop=True), r"y has the row 0 where x has p.*y\.to_numpy\(\)"),
        (
            ROWS.assign_coords(who=[0, 1, 2]),
            xr.DataArray([1, 2, 3], [("who", [2, 1, 0])]),
            "y has the row 2 where",
        ),
        (np.ma.masked_greater(FRAME.to_numpy(), 2.5), SERIES, r"^x\[1\]\[0\] is masked: a finite number"),
        (FRAME.assign(w=[True, False, True]), SERIES, r"^x\[0\]\[2\] = True: a number is allowed"),
        (FRAME.assign(w=["a", "b", "c"]), SERIES, r"^x\[0\]\[2\] = 'a': a number is allowed"),
        (FRAME, [1.0, None, 2.0], r"^y\[1\] = None: a number is allowed"),
        (FRAME, [1.0, np.nan, 2.0], r"^y\[1\] = nan: a finite number"),
        (csr_matrix(FRAME.to_numpy()), SERIES, r"^x is of the type csr_matrix: .* x\.toarray\(\) makes one$"),
        ({"u": [1.0]}, [1.0], r"^x is of the type dict: .* pandas\.DataFrame\(x\) makes one of columns$"),
        (10**20, None, "^x is of the type int: a table of numbers is allowed$"),  # an object to NumPy
        ("mine.csv", None, r"^x has the shape \(\) .* reluflow\.run\('mine\.csv'\) reads a file$"),
        (np.ones((3, 2, 2)), SERIES, r"^x has the shape \(3, 2, 2\) .* x\.reshape\(len\(x\), -1\) makes"),
        (FRAME, SERIES > 0, r"^y has the shape \(3,\) and the type bool: .* 2\.0 \* y - 1\.0 makes 1 and -1"),
        (
            FRAME,
            ["cat", "dog", "cat"],
            r"^y has the shape \(3,\) .* 2\.0 \* \(numpy\.array\(y\) == 'cat'\) - 1\.0",
        ),
        (FRAME, ["1", "-1", "1"], r"numpy\.array\(y, dtype=float\) makes one of texts$"),
        (FRAME, [1.0, 2.0], "^y has 2 labels: allowed is one for each of the 3 rows of x, which are the points$"),
        (FRAME, np.eye(3), r"^y has the shape \(3, 3\): allowed is one label for each"),
        (FRAME.set_axis(["u", "u"], axis=1), SERIES, r"^x has the name 'u' twice: .* none \(x\.to_numpy\(\)\)$"),
        (FRAME.set_axis(["u", " "], axis=1), SERIES, "^x has no name for column 2: different names"),
        (None, SERIES, "^x is of the type NoneType"),
    ],
)
def test_what_could_be_taken_for_other_points_is_refused(x, y, said):
    with pytest.raises(RequestError, match=said):
        data_set(x, y)


def test_test_points_have_the_order_of_their_labels_too():
    with pytest.raises(RequestError, match=r"^test: y has the row r where x has p"):
        data_set(FRAME, SERIES, test=(FRAME, SERIES[::-1]))
