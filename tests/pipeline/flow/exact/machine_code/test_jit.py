"""The machine code is kept by what the source says, not by where it lies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba

from pipeline.flow.code_cache import CACHE_VARIABLE, kernel_cache
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.machine_code.jit import allocating, jitted, llvm_inlined

REPOSITORY = Path(__file__).parents[5]
LOAD = """
from pipeline.flow.code_cache import kernel_cache
from pipeline.flow.exact.integration.loop import integrate
from pipeline.flow.exact.dense_output import evaluate
from pipeline.flow.exact.build import load_solver
load_solver()
print(kernel_cache(), sum(integrate.stats.cache_hits.values()), sum(evaluate.stats.cache_hits.values()))
"""


def test_a_second_clone_finds_the_first_ones_machine_code(tmp_path):
    load_solver()
    for package in ("pipeline", "catalog"):
        shutil.copytree(
            REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,
        )  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(tmp_path), CACHE_VARIABLE: str(kernel_cache().parent)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(kernel_cache()), "1", "1"]


def test_a_kernel_is_not_written_out_because_its_caller_is():
    """Unless said, Numba takes ``forceinline`` over from the caller, down to the texts of its errors."""
    large = allocating(lambda x: x + 1.0)
    written_out = llvm_inlined(lambda x: large(x))
    kernel = jitted(lambda x: written_out(x))
    kernel.compile((numba.float64,))
    inlined = {
        name: f.overloads[(numba.float64,)].fndesc.inline
        for name, f in (("large", large), ("written_out", written_out), ("kernel", kernel))
    }
    assert inlined == {"large": False, "written_out": True, "kernel": False}
