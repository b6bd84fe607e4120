"""The two digits: scikit-learn's table where it is installed, one line where it is not."""

import sys

import numpy as np
import pytest

from pipeline import RequestError, generate_data, load_config


def test_two_digits_are_labelled_by_their_sign():
    table = pytest.importorskip("sklearn.datasets").load_digits()
    data = generate_data(load_config("digits").data)
    assert data["x"].shape == (360, 64)
    assert (data["x"].values.min(), data["x"].values.max()) == (0.0, 1.0)
    wanted = table.target[np.isin(table.target, (0, 1))]
    np.testing.assert_array_equal(data["y"].values, np.where(wanted == 1, 1.0, -1.0))
    assert data["coord"].attrs["labels"].split()[9] == "pixel_1_1"


def test_without_the_library_one_line_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(RequestError, match=r"^data.kind = 'digits': allowed with scikit-learn installed "):
        generate_data(load_config("digits").data)


@pytest.mark.parametrize("digits", [[1, 1], [0, 10], [3]])
def test_other_digits_are_refused(digits):
    with pytest.raises(RequestError, match=r"^data\.digits"):
        load_config("digits", {"data.digits": digits})


def test_other_kinds_have_no_digits():
    with pytest.raises(RequestError, match=r"^data.digits = .*allowed with kind = 'digits' only"):
        load_config("orthonormal", {"data.digits": [1, 2]})
