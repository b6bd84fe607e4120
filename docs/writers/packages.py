"""The picture of the whole: the packages in layers, and which of them each imports."""

from __future__ import annotations

from writers import imports, layers
from writers.layers import Layer

LAYERS = (
    Layer("the command line", (("pipeline.cli", "reluflow: commands, reports, tables, progress"),)),
    Layer(
        "many runs, many readers",
        (
            ("dashboards", "pages in a browser"),
            ("pipeline.sweep", "grids of runs"),
            ("pipeline.theory", "laws over runs"),
            ("pipeline.upkeep", "repair, recompute"),
        ),
        sideways=True,
    ),
    Layer(
        "one run",
        (
            ("pipeline.workflow", "stages in a row"),
            ("pipeline.figures", "drawings"),
        ),
        sideways=True,
    ),
    Layer(
        "the stages",
        (
            ("pipeline.data", "points, labels"),
            ("pipeline.flow", "the trajectory"),
            ("pipeline.phases", "phases, kinks of h"),
            ("pipeline.minimal_norm", "the certified end"),
            ("pipeline.statements", "what holds"),
        ),
        flows=True,
    ),
    Layer("what several stages ask", (("pipeline.stationary", "stationary points: when, which, what kind"),)),
    Layer(
        "what all of them use",
        (
            ("pipeline.configuration", "what was asked for"),
            ("pipeline.network", "its algebra, its data"),
            ("pipeline.inputs", "what is taken or refused"),
        ),
        sideways=True,
    ),
    Layer("the catalog", (("catalog", "schema, publishing, manifests, verifying, sharing: imports no stage"),)),
)
"""From the top. The tests hold that a package imports from lower layers only."""


def write() -> str:
    """The picture and the table."""
    return layers.page(LAYERS, imports.packages(), "The packages of reluflow in layers; imports go down only")
