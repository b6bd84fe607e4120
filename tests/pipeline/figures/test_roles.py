"""The roles of neurons in pictures: by direction where the inputs are oblique, else the paper's."""

import numpy as np
import pytest

from catalog.schema import decode
from pipeline import load_config, run
from pipeline.figures import ROLES, neuron_roles, occurring, snapshots_figure
from pipeline.figures.roles import DIRECTIONS

QUICK = {"flow.samples": 30, "flow.end_time": 100.0}


@pytest.fixture(scope="module")
def oblique():
    return {name: node.to_dataset() for name, node in run(load_config("non-orthogonal", QUICK)).children.items()}


def test_a_role_is_a_direction_at_which_neurons_grow_the_fastest_first(oblique):
    role, found = neuron_roles(oblique), oblique["alignment"]
    rate, partner, sign = (found[name].values for name in ("predicted_rate", "partner", "predicted_sign"))
    assert occurring(role) == ["up_1", "up_2", "up_3", "up_4", "other"]
    fastest = [rate[role == key].max() for key in DIRECTIONS[1]]
    assert fastest == sorted(fastest, reverse=True)
    for key in DIRECTIONS[1]:
        (number,) = np.unique(partner[role == key])
        assert (role[(partner == number) & (sign > 0)] == key).all()
    assert (rate[role == "other"] <= 0).all()


def test_neurons_of_both_signs_have_directions_of_their_own(oblique):
    """All labels with the other sign: what grew with a > 0 grows with a < 0."""
    turned = oblique["alignment"].assign(predicted_sign=-oblique["alignment"]["predicted_sign"])
    role = neuron_roles(oblique | {"alignment": turned})
    assert occurring(role) == ["down_1", "down_2", "down_3", "down_4", "other"]


def test_without_an_alignment_and_for_orthogonal_inputs_the_roles_are_the_papers(oblique):
    older = {name: group for name, group in oblique.items() if name != "alignment"}
    assert (neuron_roles(older) == decode(oblique["phases"]["role"])).all()
    orthogonal = run(load_config("orthogonal", QUICK | {"init.width": 20}))
    assert (neuron_roles(orthogonal) == decode(orthogonal["phases"]["role"])).all()
    assert set(occurring(neuron_roles(orthogonal))) <= {"positive", "negative", "other"}


def test_figure_2_lists_the_directions(oblique):
    (legend,) = snapshots_figure(oblique).legends
    said = [text.get_text() for text in legend.get_texts()]
    assert [ROLES[name].name for name in ("up_1", "up_2", "up_3", "up_4", "other")] == said[:5]


def test_in_a_plane_neurons_have_the_colours_of_their_directions():
    points = {"data.x": [[1.0, 0.2], [0.3, 1.0], [-1.0, 0.4]], "data.y": [1.0, 0.5, -1.0], "data.bias": False}
    tree = run(load_config("non-orthogonal", QUICK | points))
    names = occurring(neuron_roles(tree))
    assert {"up_1", "down_1"} <= set(names)
    (legend,) = snapshots_figure(tree).legends
    assert [text.get_text() for text in legend.get_texts()][: len(names)] == [ROLES[name].name for name in names]
