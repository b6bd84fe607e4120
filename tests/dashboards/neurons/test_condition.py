"""Conditions on neurons: what they select, and that nothing else is ever evaluated."""

import numpy as np
import pytest

from dashboards.neurons.condition import ConditionError, evaluate

ROWS = {
    "neuron": np.arange(4),
    "log_norm": np.array([-1.0, -5.0, -2.0, np.nan]),
    "sliding": np.array([True, True, False, False]),
    "role": np.array(["positive", "other", "negative", "positive"]),
    "positive": np.array([True, False, False, True]),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log_norm > -3 and sliding", [0]),
        ("-3 < log_norm < -1.5", [2]),
        ("role == positive", [0, 3]),
        ("role != 'positive' and not sliding", [2]),
        ("positive or neuron == 2", [0, 2, 3]),
        ("neuron in (1, 3)", [1, 3]),
        ("role in [other, negative]", [1, 2]),
        ("log_norm * 2 + 1 >= -3", [0, 2]),
        ("sliding & ~positive", [1]),
        ("neuron % 2 == 1 or False and True", [1, 3]),
        ("1 < 2", [0, 1, 2, 3]),
        ("neuron not in (0, 1)", [2, 3]),
    ],
)
def test_a_condition_selects(text, expected):
    assert np.flatnonzero(evaluate(text, ROWS, 4)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no condition"),
        ("log_norm", "is no condition"),
        ("log_norm >", "is no condition"),
        ("log_nrm > 1", "there is no 'log_nrm'; close to it: log_norm"),
        ("__import__('os').system('x')", "is not allowed"),
        ("log_norm.sum() > 1", "is not allowed"),
        ("[n for n in role] == 1", "is not allowed"),
        ("9 ** 9 ** 9 > neuron", "is not allowed"),
        ("'a' * 10 == role", "is no number"),
        ("role > 3", "compares a word with a number"),
        ("neuron and sliding", "neither true nor false"),
        ("neuron in 3", "after 'in' a list"),
        ("neuron in (log_norm, 3)", "no columns"),
        ("lambda: 1", "is not allowed"),
        ("neuron is 3", "is not allowed"),
        ("(neuron := 3) > 1", "is not allowed"),
        ("neuron == 1" + " or neuron == 1" * 200, "is too long"),
        ("-" * 350 + "1 > 0", "has too many parts"),
        ("(" * 300, "is no condition"),
        ("neuron\x00 > 1", "is no condition"),
        ("neuron == 1j", "is not allowed"),
        ("neuron[0] > 1", "is not allowed"),
    ],
)
def test_what_is_no_condition_is_said_in_one_line(text, said):
    with pytest.raises(ConditionError, match="(?s)" + said.replace("(", r"\(").replace(")", r"\)")) as caught:
        evaluate(text, ROWS, 4)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400
