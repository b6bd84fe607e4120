"""A plateau's name and its kind."""

import json

import pytest

from catalog.schema import variable
from pipeline import load_config, run
from pipeline.network.names import KINDS, STRICT_SADDLE, kind_flag, kind_in_words, plateau_name
from pipeline.workflow.summary import summarise


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("origin", "origin"),
        ("saddle_1", "plateau 1"),
        ("saddle_12", "plateau 12"),
    ],
)
def test_a_plateau_is_called_by_its_number(label, name):
    """Not a saddle, which the last one need not be: its kind stands beside it."""
    assert plateau_name(label) == name


def test_every_kind_has_its_words():
    assert tuple(KINDS) == variable("plateaus", "kind").flags
    assert kind_in_words("strict_saddle", "a neuron grows") == "strict saddle"
    assert kind_in_words("boundary_descent", "neuron 0 descends") == "not a minimum: neuron 0 descends"
    assert kind_in_words("boundary descent") == "not a minimum"
    assert kind_flag(KINDS[STRICT_SADDLE]) == STRICT_SADDLE


def test_a_second_plateau_that_is_a_minimum_is_plateau_1_with_its_kind():
    """With nine neurons of this seed none starts towards the positive label (assumption 3)."""
    tree = run(load_config("orthogonal", {"init.width": 9}))
    row = json.loads(summarise(tree)["plateau_table"])[1]
    assert (row["label"], row["name"], row["kind"]) == ("saddle_1", "plateau 1", "local_minimum")
