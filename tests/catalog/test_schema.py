"""Labels are decoded in one place, by what the variable itself says."""

import re

import numpy as np
import pytest
import xarray as xr

from catalog.schema import decode, flag_numbers, variable

SAID = variable("phases", "role").attributes


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3, 1], ["other", "positive"]),
        ([], []),
        (2, "negative"),
        ([[1, 2], [2, 3]], [["positive", "negative"], ["negative", "other"]]),
    ],
)
def test_labels_of_any_shape_are_decoded(numbers, words):
    labels = xr.DataArray(np.array(numbers, dtype="int8"), attrs=SAID, name="role")
    found = decode(labels)
    assert found.tolist() == words
    assert found.dtype.kind == "U"


def test_a_number_without_a_meaning_is_refused_or_replaced():
    labels = xr.DataArray(np.array([1, -1], dtype="int8"), attrs=SAID, name="role")
    with pytest.raises(ValueError, match=re.escape("role has values without a meaning: [-1]")):
        decode(labels)
    assert decode(labels, missing="?").tolist() == ["positive", "?"]


def test_the_attributes_decide_and_not_the_order():
    said = {"flag_values": np.array([4, 2], dtype="int8"), "flag_meanings": "on off"}
    assert flag_numbers(said) == {"on": 4, "off": 2}
    assert decode(xr.Variable("point", [2, 4], said)).tolist() == ["off", "on"]


@pytest.mark.parametrize("said", [{}, {"flag_values": 3, "flag_meanings": "a b"}, {"units": "1"}])
def test_what_is_no_label_has_no_words(said):
    assert flag_numbers(said) == {}
