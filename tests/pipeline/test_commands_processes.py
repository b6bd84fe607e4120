"""The command line as a process: what it imports, who listens to it, and who interrupts it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog import open_catalog

COMMAND = [sys.executable, "-m", "pipeline.commands"]
REPOSITORY = Path(__file__).parents[2]


def reluflow(*words, **options):
    """Run the command in a process of its own, with Python's warnings as errors."""
    command = [sys.executable, "-W", "error", *COMMAND[1:], *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, **options)


def imported_by(*words):
    """The top-level modules in a process after this command."""
    code = (
        "import json, sys\nfrom pipeline.commands import main\n"
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
    "words", [("presets",), ("list",), ("list", "--json"), ("show", "orthonormal"), ("verify",), ("--help",)]
)
def test_a_reader_that_has_gone(words, filled):
    """``reluflow list | head -1``: no traceback, no failure."""
    reading, writing = os.pipe()
    os.close(reading)
    catalog = () if words[0] in ("presets", "--help") else ("--catalog", filled)
    done = subprocess.run([*COMMAND, *words, *catalog], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_full_standard_output(filled):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "list", "--catalog", filled], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["reluflow: the disk: No space left on device"]


# Who interrupts

INTERRUPTED = """
import importlib, os, signal, sys
import pipeline.commands
module, name, instant = sys.argv[1:4]
owner = importlib.import_module(module)
original, count = getattr(owner, name), iter(range(int(instant)))
def interrupted(*arguments, **options):
    if next(count, None) is None:
        os.kill(os.getpid(), signal.SIGINT)
    return original(*arguments, **options)
setattr(owner, name, interrupted)
pipeline.commands.main(sys.argv[4:])
"""


@pytest.mark.parametrize(
    ("module", "name", "instant"),
    [
        ("pipeline.configuration", "load_config", 0),
        ("pipeline.workflow", "label_phases", 0),  # while computing
        ("catalog.publish", "encode", 0),
        ("catalog.publish", "write_synced", 50),  # while writing
        ("catalog.publish", "write_synced", 0),
        ("catalog.staging", "is_published", 0),
    ],
)
@pytest.mark.parametrize("existing", [False, True])
def test_ctrl_c(module, name, instant, existing, filled, tmp_path, contents):
    """A real SIGINT: exit status 130, one line, and the catalog as it was."""
    import shutil

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
    assert done.stderr == "reluflow: interrupted; nothing was published\n"
    assert contents(tmp_path) == before


def test_ctrl_c_from_outside(tmp_path):
    """At instants that nobody chose: whatever was going on, nothing is half-published."""
    root = tmp_path / "catalog"
    words = ("run", "orthogonal", "--set", "init.log10_scale=-3e6", "--catalog", root)
    for delay in (0.3, 1.0):
        process = subprocess.Popen([*COMMAND, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
        if process.returncode == 0:  # it was faster
            assert len(open_catalog(root)) == 1
            break
        assert process.returncode in (130, -signal.SIGINT), errors  # the latter before Python listens
        assert output == b""
        assert not root.exists()
    assert open_catalog(root).verify() == []
