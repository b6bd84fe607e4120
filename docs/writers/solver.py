"""The picture of the solver: its folders and modules in layers, and which of them each imports."""

from __future__ import annotations

from writers import imports, layers
from writers.layers import Layer

LAYERS = (
    Layer("what is compiled", (("build", "every entry point, compiled once"),)),
    Layer(
        "from the start to the end",
        (("integration", "the loop over steps"), ("dense_output", "the network at any instant")),
    ),
    Layer(
        "one step",
        (
            ("corrector", "residual and groups, until they agree"),
            ("events", "where a neuron's pattern changes"),
            ("step_record", "what is kept of each step"),
        ),
    ),
    Layer("the path of a neuron", (("propagation", "closed forms under a given residual"),)),
    Layer("the network", (("network", "points, activation, groups of one pattern"),)),
    Layer("machine code", (("machine_code", "how a kernel is compiled and interrupted"),)),
)
"""From the top. The tests hold that a part imports from lower layers only."""


def write() -> str:
    """The picture and the table."""
    return layers.page(LAYERS, imports.solver_parts(), "The parts of the solver in layers; imports go down only")
