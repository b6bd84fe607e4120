"""The plan of the house, as it is drawn, is what the imports are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from writers import rooms


def upward(found: dict[str, set[str]]) -> list[str]:
    """The imports that do not go down, nor to a room of a floor whose rooms may know each other."""
    level = {room: i for i, (_, _, there) in enumerate(rooms.FLOORS) for room, _ in there}
    sideways = {i for i, (_, how, _) in enumerate(rooms.FLOORS) if how == "sideways"}
    return [
        f"{room} imports {other}"
        for room, others in found.items()
        for other in others
        if not (level[other] > level[room] or (level[other] == level[room] and level[room] in sideways))
    ]


def test_every_room_is_on_a_floor_once():
    drawn = [room for _, _, there in rooms.FLOORS for room, _ in there]
    assert sorted(drawn) == sorted(rooms.knows())


def test_imports_go_down():
    assert upward(rooms.knows()) == []


@pytest.mark.parametrize(
    ("room", "other"),
    [
        ("catalog", "pipeline.errors"),
        ("pipeline.flow", "pipeline.data"),
        ("pipeline.workflow", "pipeline.sweep"),
        ("pipeline.figures", "pipeline.cli"),
    ],
)
def test_an_import_that_goes_up_is_noticed(room, other):
    assert upward(rooms.knows() | {room: {other}}) == [f"{room} imports {other}"]


def test_the_drawing_is_well_formed_and_names_every_room():
    drawn = ElementTree.fromstring(rooms.drawing())
    names = [text.text for text in drawn.iter("text") if text.get("class") == "name"]
    assert names == [rooms.short(room) for _, _, there in rooms.FLOORS for room, _ in there]
    for box in (one for one in drawn.iter("rect") if one.get("class") == "room"):
        assert float(box.get("x")) + float(box.get("width")) <= rooms.WIDTH
