"""Bringing these kernels' machine code into being: on disk once, into each process when it is needed."""

from __future__ import annotations

import sys
from functools import cache
from time import perf_counter

import numpy as np

from pipeline.flow.code_cache import NotOnDiskError, from_disk_only
from pipeline.flow.collocation.network import Neurons, write_neurons
from pipeline.flow.collocation.points import are_apart, fill, make_points, write_slopes
from pipeline.flow.collocation.reading import Step, look, read_step
from pipeline.flow.collocation.steps import take_steps
from pipeline.flow.collocation.sweep import make_sweep_work
from pipeline.flow.collocation.tableau import gauss
from pipeline.flow.collocation.workspace import make_state, make_steps
from pipeline.flow.machine_code import compile_in_child

STAGES, FINE_STAGES = 2, 4
"""Nodes of a step; and to read within it, which by three would be right to one order less than its end."""
POINTS = make_points(2, 2, 1)
SIZES = 1, *POINTS.columns.shape[1:], 2
W, A = np.array([[1.0, 0.5]]), np.ones(1)
NEURONS = Neurons(W, A, np.zeros(1, dtype=np.int64))
"""Two points and one neuron: the types of every run, and next to no work."""
NOBODY = np.zeros((0, 3), dtype=np.int64)


def load_steps() -> None:
    """Bring the loop's machine code into this process."""
    state, record = make_state(SIZES, STAGES, 8), make_steps(1, STAGES, 1, 2, 8)
    fill(np.eye(2), np.ones(2), (1.0, 1.0), (0.0, 2.0), POINTS)
    write_slopes(np.eye(2), np.ones(2))
    are_apart(np.ones(2), 0.0)
    write_neurons((W, np.zeros(1), A), 0.0, state.network)
    take_steps(POINTS, gauss(STAGES), state, record, (1e-3, 1e-3, 1.0, 1e-3, 0.0), np.zeros(3))


def load_reading() -> None:
    """Bring that of reading into this process."""
    step = Step(*NEURONS, W, A, np.zeros((STAGES, 1, 2)), NOBODY[:, :2].copy(), 1e-3, 1, 1e-3, False)
    state, into = make_state(SIZES, FINE_STAGES, 8), (np.zeros((1, 1, 3)), NOBODY)
    read_step(POINTS, (gauss(STAGES), gauss(FINE_STAGES)), state, step, np.zeros(1), into)
    work, seen = make_sweep_work(1, 1, 2, POINTS.labels.shape[1]), (np.zeros(2), np.zeros((1, 2), dtype=np.int8))
    look(POINTS, (W, A), NOBODY, work, seen)


ENTRIES = {"steps": load_steps, "reading": load_reading}
"""The kernels that Python calls, by what they are compiled as."""


def load_all() -> None:
    """Bring all of it into this process."""
    for load in ENTRIES.values():
        load()


@cache
def load_many_points() -> None:
    """Bring the machine code into this process, from disk or by compiling it, which is said on standard error."""
    try:
        with from_disk_only():
            load_all()
    except NotOnDiskError:
        print("Compiling the solver for many points, once (a minute or two) ...", file=sys.stderr, flush=True)
        started = perf_counter()
        done = compile_in_child(("pipeline.flow.collocation",), {})
        load_all()  # what the child could not, this process compiles, and raises what is wrong
        if done:
            print(f"Compiled in {perf_counter() - started:.0f} s.", file=sys.stderr)
