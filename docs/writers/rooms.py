"""The plan of the house, drawn from the imports by the same reading that ``tests/test_architecture.py`` checks."""

from __future__ import annotations

import importlib.util
import sys
from html import escape
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).parents[2]

FLOORS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("the command line", "none", (("pipeline.cli", "reluflow: commands, reports, tables, progress"),)),
    (
        "many runs, many readers",
        "sideways",
        (
            ("dashboards", "pages in a browser"),
            ("pipeline.sweep", "grids of runs"),
            ("pipeline.theory", "laws over runs"),
            ("pipeline.upkeep", "repair, recompute"),
        ),
    ),
    (
        "one run",
        "sideways",
        (("pipeline.workflow", "stages in a row"), ("pipeline.figures", "drawings")),
    ),
    (
        "the stages",
        "none",
        (
            ("pipeline.data", "points, labels"),
            ("pipeline.flow", "the trajectory"),
            ("pipeline.phases", "phases, saddles"),
            ("pipeline.function", "kinks of h"),
            ("pipeline.minimal_norm", "the certified end"),
            ("pipeline.statements", "what holds"),
        ),
    ),
    ("what stages ask", "none", (("pipeline.stationary", "stationary points and their kinds"),)),
    (
        "the ground",
        "sideways",
        (
            ("pipeline.configuration", "what was asked for"),
            ("pipeline.points", "what the data is"),
            ("pipeline.arguments", "numbers, checked"),
            ("pipeline.threads", "how many at once"),
            ("pipeline.network", "its algebra"),
            ("pipeline.results", "every scalar"),
            ("pipeline.stages", "who is told"),
            ("pipeline.errors", "what was wrong"),
        ),
    ),
    ("the catalog", "none", (("catalog", "schema, publishing, manifests, verifying, sharing: knows no stage"),)),
)
"""The floors of the house from the top: name, whether a room may know others of its floor, the rooms with what
each is about. A room knows rooms of lower floors only; the tests hold that against the imports."""

WIDTH, CAPTION, TALL, GAP, EDGE = 760, 20, 42, 20, 10


def plan() -> ModuleType:
    """The module that reads the imports and checks them."""
    name = "reluflow_house_plan"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPOSITORY / "tests" / "test_architecture.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def knows() -> dict[str, set[str]]:
    """Which rooms each room imports; a package's front door, which imports lazily, is no room."""
    house = plan()
    found: dict[str, set[str]] = {}
    for module, others in house.graph().items():
        room = house.room(module)
        if room != "pipeline":
            known = {house.room(other) for other in others if house.inside(other, *house.OURS)}
            found.setdefault(room, set()).update(known - {room, "pipeline"})
    return found


def box(left: float, top: float, width: float, room: str, about: str) -> str:
    """One room."""
    middle = left + width / 2
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{TALL}" rx="4" class="room"/>'
        f'<text x="{middle:.0f}" y="{top + 18:.0f}" class="name">{escape(short(room))}</text>'
        f'<text x="{middle:.0f}" y="{top + 34:.0f}" class="about">{escape(about)}</text>'
    )


def short(room: str) -> str:
    """The room's name without the house's."""
    return room.removeprefix("pipeline.")


def floor(top: float, name: str, rooms: tuple[tuple[str, str], ...]) -> str:
    """One floor: its name, its rooms, and between the stages what flows from each to the next."""
    flows = name == "the stages"
    space = 22.0 if flows else EDGE
    width = (WIDTH - 2 * EDGE - space * (len(rooms) - 1)) / len(rooms)
    parts = [
        f'<rect x="0" y="{top:.0f}" width="{WIDTH}" height="{CAPTION + TALL + EDGE}" rx="4" class="floor"/>',
        f'<text x="{EDGE}" y="{top + 14:.0f}" class="side">{escape(name)}</text>',
    ]
    for i, (room, about) in enumerate(rooms):
        left = EDGE + i * (width + space)
        parts.append(box(left, top + CAPTION, width, room, about))
        if flows and i:
            parts.append(arrow(left - space + 2, top + CAPTION + TALL / 2, space - 4))
    return "".join(parts)


def arrow(x: float, y: float, length: float, *, down: bool = False) -> str:
    """An arrow to the right, or down."""
    turn = f'transform="translate({x:.0f} {y:.0f}){" rotate(90)" if down else ""}"'
    line = f'<path d="M0 0H{length - 6:.0f}" class="flow"/>'
    return f'<g {turn}>{line}<path d="M{length - 7:.0f} -4l7 4l-7 4z" class="head"/></g>'


def drawing() -> str:
    """The house as SVG: who stands above may know who stands below, never the other way round."""
    parts, top = [], 0.0
    for name, _, rooms in FLOORS:
        if top:
            parts.append(arrow(WIDTH / 2, top - GAP + 2, GAP - 4, down=True))
        parts.append(floor(top, name, rooms))
        top += CAPTION + TALL + EDGE + GAP
    return (
        f'<svg viewBox="0 0 {WIDTH} {top - GAP:.0f}" class="house" role="img" aria-labelledby="house-title">'
        '<title id="house-title">The rooms of reluflow by floor; imports go down only</title>'
        + "".join(parts)
        + "</svg>"
    )


def write() -> str:
    """The drawing, and beneath it who imports whom, in full."""
    found = knows()
    order = [room for _, _, rooms in FLOORS for room, _ in rooms]
    imports = {room: ", ".join(short(other) for other in order if other in found.get(room, ())) for room in order}
    rows = [f"| **{short(room)}** | {known or 'nothing'} |" for room, known in imports.items()]
    table = "\n".join(["| room | imports of ours |", "|---|---|", *rows]).replace("_", "\\_")
    return f"```{{raw}} html\n{drawing()}\n```\n\n{table}\n"
