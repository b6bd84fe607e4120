"""The plan of the house, drawn from the imports by the same reading that ``tests/test_architecture.py`` checks."""

from __future__ import annotations

import importlib.util
import sys
from html import escape
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).parents[2]

FLOORS: tuple[tuple[str, str, tuple[tuple[str, ...], ...]], ...] = (
    (
        "many runs, many readers",
        "sideways",
        (
            ("dashboards", "pages in a browser"),
            ("pipeline.sweep", "grids of runs"),
            ("pipeline.theory", "laws over runs"),
            ("pipeline.upkeep", "verify, status, gc"),
            ("pipeline.sharing_commands", "export, import"),
        ),
    ),
    ("the command line", "sideways", (("pipeline.commands", "run, list, show, figures; the options of all"),)),
    (
        "one run",
        "sideways",
        (
            ("pipeline.workflow", "the stages in a row"),
            ("pipeline.figures", "drawings"),
            ("pipeline.report", "one run in words"),
            ("pipeline.verdicts", "statements in words"),
            ("pipeline.listing", "tables"),
            ("pipeline.progress", "how far it is"),
        ),
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
            ("pipeline.statements", "the paper, measured"),
        ),
    ),
    (
        "the ground",
        "sideways",
        (
            ("pipeline.configuration", "what was asked for"),
            ("pipeline.threads", "how many at once"),
            ("pipeline.errors", "what was wrong"),
        ),
    ),
    ("the catalog", "none", (("catalog", "schema, publishing, manifests, verifying, sharing: knows no stage"),)),
)
"""The floors of the house from the top: name, whether a room may know others of its floor, the rooms with what
each is about. A room knows rooms of lower floors only; the tests hold that against the imports."""

WIDTH, LEFT, TALL, GAP, INNER = 960, 132, 62, 22, 10


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
    name = room.removeprefix("pipeline.")
    middle = left + width / 2
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{TALL - 2 * INNER}" rx="4" class="room"/>'
        f'<text x="{middle:.0f}" y="{top + 17:.0f}" class="name">{escape(name)}</text>'
        f'<text x="{middle:.0f}" y="{top + 33:.0f}" class="about">{escape(about)}</text>'
    )


def drawing() -> str:
    """The house as SVG: who stands above may know who stands below, never the other way round."""
    parts, top = [], 4.0
    for name, _, rooms in FLOORS:
        stages = name == "the stages"
        space = 20.0 if stages else 10.0
        width = (WIDTH - LEFT - space * (len(rooms) + 1)) / len(rooms)
        parts.append(f'<rect x="{LEFT}" y="{top:.0f}" width="{WIDTH - LEFT}" height="{TALL}" class="floor"/>')
        parts.append(f'<text x="{LEFT - 12}" y="{top + TALL / 2 + 4:.0f}" class="side">{escape(name)}</text>')
        for i, (room, about) in enumerate(rooms):
            left = LEFT + space + i * (width + space)
            parts.append(box(left, top + INNER, width, room, about))
            if stages and i:
                middle = top + TALL / 2
                parts.append(
                    f'<path d="M{left - space + 2:.0f} {middle:.0f}H{left - 7:.0f}" class="flow"/>'
                    f'<path d="M{left - 8:.0f} {middle - 4:.0f}l7 4l-7 4z" class="head"/>'
                )
        top += TALL + GAP
        if name != FLOORS[-1][0]:
            x, y = (LEFT + WIDTH) / 2, top - GAP
            parts.append(f'<path d="M{x:.0f} {y + 3:.0f}v{GAP - 11}" class="flow"/>')
            parts.append(f'<path d="M{x - 4:.0f} {y + GAP - 9:.0f}h8l-4 7z" class="head"/>')
    return (
        f'<svg viewBox="0 0 {WIDTH} {top - GAP + 4:.0f}" class="house" role="img" aria-labelledby="house-title">'
        '<title id="house-title">The rooms of reluflow by floor; imports go down only</title>'
        + "".join(parts)
        + "</svg>"
    )


def write() -> str:
    """The drawing, and beneath it who imports whom, in full."""
    found = knows()
    rows = [
        f"| `{room}` | {', '.join(f'`{other}`' for other in sorted(found.get(room, ()))) or 'nothing of ours'} |"
        for _, _, rooms in FLOORS
        for room, _ in rooms
    ]
    table = "\n".join(["| room | imports |", "|---|---|", *rows])
    return f"```{{raw}} html\n{drawing()}\n```\n\n{table}\n"
