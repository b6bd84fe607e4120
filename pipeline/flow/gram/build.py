"""Bringing these kernels' machine code into being: on disk once, into each process when it is needed."""

from __future__ import annotations

import sys
from functools import cache
from time import perf_counter

import numpy as np

from pipeline.flow.code_cache import NotOnDiskError, from_disk_only
from pipeline.flow.gram.network import make_data, make_network
from pipeline.flow.gram.reading import make_seen, read_steps
from pipeline.flow.gram.state import Aims, make_record, make_state
from pipeline.flow.gram.steps import take_steps
from pipeline.flow.gram.sweep import make_sweep
from pipeline.flow.machine_code import compile_in_child

DATA = make_data(np.eye(2), np.ones(2), 0.0)
NEURON = np.array([[1.0, 0.0, 1.0, 0.0]])
"""Two points and one neuron: the types of every run, and next to no work."""


def load_steps() -> None:
    """Bring the loop's machine code into this process."""
    state = make_state(DATA, make_network(DATA, NEURON, np.zeros(1)))
    take_steps(DATA, state, make_record(1, 2), Aims(1e-3, 1.0, 1, 0.1, 1.0, 1e-3), np.zeros(3))


def load_reading() -> None:
    """Bring that of reading into this process."""
    network = make_network(DATA, NEURON, np.zeros(1))
    asked = make_record(0, 2), np.zeros(1)
    read_steps(DATA, network, make_sweep(DATA, 1), asked, make_seen(1, network))


ENTRIES = {"steps": load_steps, "reading": load_reading}
"""The kernels that Python calls, by what they are compiled as."""


def load_all() -> None:
    """Bring all of it into this process."""
    for load in ENTRIES.values():
        load()


@cache
def load_many_patterns() -> None:
    """Bring the machine code into this process, from disk or by compiling it, which is said on standard error."""
    try:
        with from_disk_only():
            load_all()
    except NotOnDiskError:
        print("Compiling the solver for many patterns, once (a minute or two) ...", file=sys.stderr, flush=True)
        started = perf_counter()
        done = compile_in_child(("pipeline.flow.gram",), {})
        load_all()  # what the child could not, this process compiles, and raises what is wrong
        if done:
            print(f"Compiled in {perf_counter() - started:.0f} s.", file=sys.stderr)
