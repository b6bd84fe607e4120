"""Tuples handed on by their place: the same numbers as Python's, and every array is given back."""

import json
import os
import subprocess
import sys

KERNELS = """
import json, sys
from typing import NamedTuple
import numba, numpy as np
from numba.core.runtime.nrt import rtsys
from pipeline.flow.machine_code import emit_entries_only

class Pair(NamedTuple):
    points: np.ndarray
    weights: np.ndarray

class Work(NamedTuple):
    pair: Pair
    sums: np.ndarray
    unit: float

def compiled(**options):
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)

@compiled(_nrt=False)
def add_row(pair, k, sums):
    for c in range(pair.points.shape[1]):
        sums[c] += pair.weights[k] * pair.points[k, c]

@compiled(_nrt=False)
def add_rows(work, first):
    for k in range(first, work.pair.weights.shape[0]):
        add_row(work.pair, k, work.sums)
    return work.unit

@compiled()
def enlarged(work, times):
    unit = work.unit
    while True:
        twice = Pair(2.0 * work.pair.points, work.pair.weights.copy())
        unit += twice.points[-1].sum()
        work = Work(twice, work.sums, unit)
        times -= 1
        if times == 0:
            return work

def total(points, weights, times):
    work = Work(Pair(points, weights), np.zeros(points.shape[1]), 0.5)
    for each in range(times):
        if each > 0:
            work = enlarged(work, each)
        unit = add_rows(work, each)
    return unit + work.sums.sum(), work.sums

if __name__ == "__main__":
    points, weights = np.arange(6.0).reshape(3, 2), np.array([1.0, -2.0, 0.5])
    if sys.argv[1] == "compiled":
        emit_entries_only()
        total = numba.njit(total)
        total(points, weights, 3)
        before = rtsys.get_allocation_stats()
        value, sums = total(points, weights, 3)
        said = [value, sums.tolist()]
        del sums
        after = rtsys.get_allocation_stats()
        assert after.alloc - before.alloc == after.free - before.free > 0
        assert after.mi_alloc - before.mi_alloc == after.mi_free - before.mi_free > 0
    else:
        value, sums = total(points, weights, 3)
        said = [value, sums.tolist()]
    print(json.dumps(said))
"""


def run(script, way):
    environment = {"NUMBA_DISABLE_JIT": "1"} if way == "plain" else {"NUMBA_NRT_STATS": "1"}
    command = [sys.executable, script, way]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_numbers_are_python_s_and_every_array_is_given_back(tmp_path):
    script = tmp_path / "kernels.py"
    script.write_text(KERNELS)
    assert run(script, "compiled") == run(script, "plain")
