"""Bringing the solver's machine code into being: on disk once, into each process when it is needed."""

from __future__ import annotations

import sys
from functools import cache
from time import perf_counter

import llvmlite.binding
import numpy as np

from pipeline.flow.code_cache import NotOnDiskError, from_disk_only
from pipeline.flow.exact.dense_output import evaluate
from pipeline.flow.exact.integration.loop import integrate
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.problem import Problem, make_problem
from pipeline.flow.exact.propagation.bernstein import SIZE
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.machine_code import LEVELS, compile_in_child, emit_entries_only

ENTRIES = ("integrate", "evaluate")
"""The kernels that Python calls; everything else is part of them."""
SHORT_LOOPS = (
    "-unroll-runtime=false", "-unroll-allow-partial=false", "-unroll-allow-peeling=false", "-unroll-threshold=60",
)  # fmt: skip
"""LLVM's options for loops over two coordinates or five points: written out eight times over for long ones, the
machine code is twice as large, a third longer in the making, and slower."""


def smallest_problem() -> tuple[Problem, Neurons]:
    """Two points, two neurons: the types of every run, and next to no work."""
    neurons = Neurons(
        np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, -1.0, 0.0]]),
        np.array([-1.0, -1.0]),
        np.array([1.0, -1.0]),
        np.array([[ON, OFF], [OFF, ON]], dtype=np.int8),
    )
    return make_problem(np.eye(2), np.array([1.0, -1.0])), neurons


def load(entry: str) -> None:
    """Bring one entry's machine code into this process: from disk, or by compiling it."""
    problem, neurons = smallest_problem()
    if entry == "integrate":
        integrate(neurons, problem, 1e-3, 1.0, 1000, np.zeros(3))
    else:
        nothing = StepRecord(np.empty(0), np.empty(0), np.empty(0), np.empty((0, SIZE, 2)), np.empty(0, np.bool_))
        evaluate(neurons, problem, nothing, np.array([0.0, 1.0]), 0, 1e-3)


@cache
def load_solver() -> None:
    """Bring the machine code into this process, compiling it if need be."""
    if not loaded_from_disk():
        compile_solver()
    for entry in ENTRIES:
        load(entry)


def loaded_from_disk() -> bool:
    """Bring the machine code of this version into this process, if it is on disk; whether it was."""
    try:
        with from_disk_only():
            for entry in ENTRIES:
                load(entry)
    except NotOnDiskError:
        return False
    return True


def compile_entries() -> None:
    """Compile every entry, in a process of its own: LLVM's options, and what is emitted, are a whole process's."""
    for option in SHORT_LOOPS:
        llvmlite.binding.set_option("", option)
    emit_entries_only(level=2)
    for entry in ENTRIES:
        load(entry)


def compile_solver() -> None:
    """Compile what of the solver is not on disk, and say so on standard error.

    One process for the entries, which share most kernels: they are typed and lowered once. At LLVM's level 1 for
    each function and 2 for all: at level 3 one program of a thousand neurons was a tenth slower, none faster.
    """
    print(
        "Compiling the solver, once (about a minute); later it comes from disk ...",
        file=sys.stderr,
        flush=True,
    )
    started = perf_counter()
    levels = dict(zip(LEVELS, ("1", "0", "0"), strict=True))
    if compile_in_child(("pipeline.flow", "entries"), levels):
        print(f"Compiled in {perf_counter() - started:.0f} s.", file=sys.stderr)
    # else whoever loads it compiles it anew, and raises what is wrong
