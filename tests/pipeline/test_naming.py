"""A plateau's name."""

import pytest

from pipeline import load_config, run
from pipeline.figures.reading import plateau_names
from pipeline.naming import plateau_name


@pytest.mark.parametrize(
    ("label", "kind", "name"),
    [
        ("origin", "strict_saddle", "origin"),
        ("origin", "local_minimum", "origin"),
        ("saddle_1", "strict_saddle", "saddle 1"),
        ("saddle_2", "local_minimum", "minimum 2"),
        ("saddle_3", "unknown", "saddle 3"),
    ],
)
def test_a_minimum_is_not_called_a_saddle(label, kind, name):
    assert plateau_name(label, kind) == name


def test_the_end_of_a_flow_that_fits_not_all_labels_is_a_minimum():
    """With nine neurons of this seed none starts towards the positive label (assumption 3)."""
    assert plateau_names(run(load_config("orthogonal", {"init.width": 9})))["saddle_1"] == "minimum 1"
    paper = run(load_config("orthogonal"))
    assert plateau_names(paper)["saddle_1"] == "saddle 1"
    assert plateau_names({"phases": paper["phases"].to_dataset()})["saddle_1"] == "saddle 1"
