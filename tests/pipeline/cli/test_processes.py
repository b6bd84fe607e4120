"""The command line as a process: what it imports, who listens to it, and who interrupts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog import open_catalog

COMMAND = [sys.executable, "-m", "pipeline.cli"]
REPOSITORY = Path(__file__).parents[3]


def reluflow(*words, **options):
    """Run the command in its own process: Python's warnings are errors, and no catalog is set from outside."""
    command = [sys.executable, "-W", "error", *COMMAND[1:], *map(str, words)]
    environment = {name: value for name, value in os.environ.items() if name != "RELUFLOW_CATALOG"}
    options = {"env": environment} | options
    return subprocess.run(command, capture_output=True, text=True, timeout=250, **options)


def imported_by(*words):
    """The top-level modules in a process after this command."""
    code = (
        "import json, sys\nfrom pipeline.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {"numpy", "xarray", "numba", "zarr", "pandas", "scipy", "matplotlib"}


def test_help_imports_nothing_heavy():
    for words in (["--help"], ["run", "--help"]):
        assert imported_by(*words) & (HEAVY | {"pydantic", "rich"}) == set()


def test_a_cache_hit_imports_nothing_heavy(filled, quick):
    for words in (("run", "orthogonal", *quick), ("run", "orthogonal", *quick, "--json"), ("show", "orthonormal")):
        assert imported_by(*words, "--catalog", filled) & HEAVY == set()
    # Only a table takes pandas; the check knows a heavy module when it sees one.
    assert imported_by("list", "--catalog", filled) & HEAVY == {"numpy", "pandas"}


def test_from_the_shell(tmp_path, quick):
    """A run, a cache hit, bad input: warnings as errors, from another folder than the repository."""
    first = reluflow("run", "orthogonal", *quick, "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["cached"] is False
    assert first.stderr == "" or first.stderr.startswith("Compil")
    again = reluflow("run", "orthogonal", *quick, cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing was computed" in again.stdout
    wrong = reluflow("run", "orthogonal", "--set", "data.x=[[1.0], [nan]]", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "reluflow: data.x[1][0] = nan: a finite number is allowed\n"
    assert len(open_catalog(tmp_path / "catalog-data")) == 1


def test_the_installed_command():
    command = Path(sys.executable).with_name("reluflow")
    done = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert done.stdout.startswith("reluflow, version ")


# Who listens


@pytest.mark.parametrize(
    "words", [("presets",), ("list",), ("list", "--json"), ("show", "orthonormal"), ("verify",)]
)
def test_a_reader_that_has_gone(words, filled):
    """``reluflow list | head -1``: no traceback, no failure."""
    reading, writing = os.pipe()
    os.close(reading)
    catalog = () if words[0] == "presets" else ("--catalog", filled)
    done = subprocess.run([*COMMAND, *words, *catalog], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_full_standard_output(filled):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "list", "--catalog", filled], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["reluflow: the disk: No space left on device"]


# Who interrupts

ONE_LINE = "reluflow: interrupted; nothing is half-published\n"

INTERRUPTED = """
import importlib, os, signal, sys
import pipeline.cli.main
from catalog.storage import new_files
new_files.flush_reaches_disk, new_files.waiting_bytes = lambda _: True, lambda: 0
module, name, instant = sys.argv[1:4]
owner = importlib.import_module(module)
original, count = getattr(owner, name), iter(range(int(instant)))
def interrupted(*arguments, **options):
    if next(count, None) is None:
        os.kill(os.getpid(), signal.SIGINT)
    return original(*arguments, **options)
setattr(owner, name, interrupted)
pipeline.cli.main.main(sys.argv[4:])
"""


@pytest.mark.parametrize(
    ("module", "name", "instant", "existing"),
    [
        ("pipeline.configuration", "load_config", 0, False),
        *(
            pytest.param(*instant, marks=pytest.mark.slow)
            for instant in (
                ("pipeline.workflow.computation", "label_phases", 0, True),  # while computing
                ("catalog.storage.new_files", "write_unflushed", 50, True),  # while writing
                ("catalog.publication", "encode", 0, False),
                ("catalog.storage.new_files", "write_unflushed", 0, False),
                ("catalog.storage.new_files", "flush_file_system", 0, True),
                ("catalog.storage.atomic", "write_synced", 0, False),
                ("catalog.storage.atomic", "sync", 0, False),
            )
        ),
    ],
)
def test_ctrl_c(module, name, instant, existing, filled, tmp_path, contents):
    """A real SIGINT: exit status 130, one line, and the catalog as it was."""
    root = tmp_path / "catalog"
    if existing:
        shutil.copytree(filled, root)
    before = contents(tmp_path)
    words = ("run", "orthogonal", "--set", "init.width=7", "--catalog", root)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, name, str(instant), *map(str, words)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    assert done.stderr == ONE_LINE
    assert contents(tmp_path) == before


def test_ctrl_c_from_outside(filled, tmp_path):
    """At instants that nobody chose: whatever was going on, nothing is half-published."""
    # `filled` has had the solver compiled: a compilation would be one line more.
    for delay in (0.0, 0.7):
        root = tmp_path / str(delay)
        process = subprocess.Popen(
            [*COMMAND, "run", "orthogonal", "--set", "flow.samples=3000", "--catalog", root],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        # However slow the machine, it listens once it loads what it computes with.
        while process.poll() is None and "numpy" not in Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=250)
        if output:  # it had said all before the signal came
            assert len(open_catalog(root)) == 1
        else:
            # If it came inside of an `exec` (an import of a dataclass), Python ends itself by the signal after
            # our exit; to a shell that is 130, too.
            assert process.returncode in (130, -signal.SIGINT)
            assert errors == ONE_LINE
            assert len(open_catalog(root)) in (0, 1)  # it may have come just after the last rename
        assert open_catalog(root).verify() == []


IN_THE_SOLVER = """
import importlib, os, subprocess
from pipeline import generate_data, initialise, load_config
solver = importlib.import_module("pipeline.flow.course")
config = load_config("orthogonal", {"init.log10_scale": -3e6})
data = generate_data(config.data)
start = initialise(data, config.init)
solver.load_solver()
integrate = solver.integrate
def while_it_runs(*arguments):
    subprocess.Popen(["sh", "-c", f"sleep 0.05; kill -INT {os.getpid()}"])
    return integrate(*arguments)
solver.integrate = while_it_runs
try:
    solver.follow_flow(data, start)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_inside_of_the_solver(filled):
    """A notebook's kernel must survive it, too."""
    done = subprocess.run([sys.executable, "-c", IN_THE_SOLVER], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
