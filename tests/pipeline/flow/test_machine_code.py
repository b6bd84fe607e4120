"""A process that only compiles: it emits what Python calls, and nothing of what only kernels call."""

import json
import subprocess
import sys

import pytest

from pipeline.flow import machine_code
from pipeline.flow.machine_code import emit_entries_only

KERNELS = """
import json, sys
from contextlib import nullcontext
from pathlib import Path
import numba, numpy as np
from pipeline.flow.code_cache import from_disk_only, kept
from pipeline.flow.machine_code import emit_entries_only

@numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def square(x, k):
    return x[k] * x[k]

def total(x):
    shares = np.zeros(x.shape[0])
    for k in range(x.shape[0]):
        shares[k] = square(x, k)
    return shares.sum()

entry = kept(total, Path(sys.argv[2]))
if sys.argv[1] in ("entries", "again"):
    emit_entries_only()
with from_disk_only() if sys.argv[1] == "disk" else nullcontext():
    value = entry(np.arange(4.0))
said = {"value": value}
if sys.argv[1] not in ("disk", "again"):
    emitted = entry.targetctx.codegen()._engine.is_symbol_defined
    for name, function in (("entry", entry), ("kernel", square)):
        [found] = function.overloads.values()
        said[name] = emitted(found.fndesc.mangled_name)
print(json.dumps(said))
"""


def run(script, way, folder):
    folder.mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run([sys.executable, script, way, folder], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_entry_alone_is_emitted_and_is_found_on_disk(tmp_path):
    script = tmp_path / "kernels.py"
    script.write_text(KERNELS)
    compiled = run(script, "entries", tmp_path / "entries")
    assert compiled == {"value": 14.0, "entry": True, "kernel": False}
    assert run(script, "disk", tmp_path / "entries") == {"value": 14.0}


def test_a_process_that_compiles_runs_what_is_on_disk_already(tmp_path):
    """It ended by a segmentation fault, and whoever had asked it compiled all, in as long again."""
    script = tmp_path / "kernels.py"
    script.write_text(KERNELS)
    run(script, "entries", tmp_path / "entries")
    assert run(script, "again", tmp_path / "entries") == {"value": 14.0}


@pytest.mark.parametrize("kind, name", machine_code.REPLACED)
def test_another_numba_compiles_as_it_does(kind, name, monkeypatch):
    generator = machine_code.cpu_target.target_context.codegen()
    before = generator._library_class
    monkeypatch.setattr(machine_code, "REPLACED", [(kind, f"{name}_that_was_renamed")])
    emit_entries_only()
    assert generator._library_class is before


@pytest.mark.parametrize("levels, found", [({}, {}), ({"NUMBA_OPT": "2"}, {"NUMBA_OPT": "2"})])
def test_machine_code_for_everybody_does_not_depend_on_the_levels_of_this_process(
    levels, found, tmp_path, monkeypatch
):
    """It did: what a test had compiled first was up to twice as slow for every later run."""
    (tmp_path / "compiler.py").write_text(
        "import json, os, pathlib\n"
        "found = {name: value for name, value in os.environ.items() if name.startswith('NUMBA_')}\n"
        "pathlib.Path(__file__).with_name('found').write_text(json.dumps(found))\n"
    )
    monkeypatch.chdir(tmp_path)
    for name in machine_code.LEVELS:
        monkeypatch.setenv(name, "0")
    assert machine_code.compile_in_child(("compiler",), levels)
    assert json.loads((tmp_path / "found").read_text()) == found
    assert not machine_code.compile_in_child(("no_such_module",), {})
