"""``python -m tests.release.lowest``: the lowest versions that pyproject.toml allows, installed and used.

A lower bound that nobody tries is a guess. The wheel is installed with ``==`` in the place of each ``>=``, for the
dependencies and for the extras that a user may want. What these bring along is pinned too, in ``lowest.txt``, or a
release of somebody else's could break CI.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from pathlib import Path
from time import perf_counter

REPOSITORY = Path(__file__).parents[2]
sys.path.append(str(REPOSITORY / "tests" / "support"))

from object_store import BUCKET, object_store  # noqa: E402
from recipes import run_recipes  # noqa: E402
from web import serving  # noqa: E402

from tests.release.__main__ import Stranger, build, call  # noqa: E402

EXTRAS = ("animate", "dashboard", "s3", "witnesses")
"""The extras of users; those of developers (test, docs, dev) have the pins."""
LOWEST = Path(__file__).with_name("lowest.txt")
"""Every version of that environment, after a change of a bound written anew in the repository's root by

    uv pip compile pyproject.toml --resolution lowest-direct --python-version 3.11 --no-header --no-annotate \\
        --extra animate --extra dashboard --extra s3 --extra witnesses --output-file tests/release/lowest.txt
"""
SWEEP = """
base = "orthogonal"
[grid]
"init.log10_scale" = [-2, -3]
"init.seed" = [0, 1]
"""
FRONT_DOOR = """
import pipeline.minimal_norm.compare, pipeline.workflow.computation, types
from pipeline import run, minimal_norm
import pipeline
modules = [name for name in pipeline.__all__ if isinstance(getattr(pipeline, name), types.ModuleType)]
assert modules == ["figures"], modules
"""


def canonical(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lower_bounds() -> dict[str, str]:
    """The lower bound of each dependency, by its name."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in EXTRAS for one in project["optional-dependencies"][extra]),
    ]
    found = {}
    for requirement in wanted:
        match = re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement)
        assert match, f"{requirement!r} is no name with a lower bound"
        found[canonical(match[1])] = match[2]
    return found


def pinned(file: Path) -> dict[str, str]:
    """The exact versions of a file of pins, by name."""
    lines = (line.partition("==") for line in file.read_text().splitlines() if "==" in line)
    return {canonical(name): version for name, _, version in lines}


def try_out(somebody: Stranger) -> None:
    """What a user does, with every dependency in use."""
    call(somebody.bin / "python", "-c", FRONT_DOOR, cwd=somebody.folder, env=somebody.environment)
    run = json.loads(somebody.does("run", "orthogonal", "--json").stdout)
    assert run["status"] == "converged", run
    assert abs(run["half_squared_norm"] - 1.3416407865) < 1e-8, run
    somebody.does("run", "orthogonal", "--set", "flow.method=diffrax:Tsit5", "--set", "flow.end_time=40")
    somebody.does("list", "--where", "width == 60")
    somebody.does("figures", run["run_id"], "--out", "figures", "--animate")
    assert len(list((somebody.folder / "figures").iterdir())) == 8
    (somebody.folder / "grid.toml").write_text(SWEEP)
    sweep = json.loads(somebody.does("sweep", "grid.toml", "--workers", "2", "--json").stdout)
    assert (sweep["computed"], sweep["failed"]) == (4, 0), sweep
    share(somebody, run["run_id"])
    look(somebody)
    assert "every byte is as it was published" in somebody.does("verify").stdout


def share(somebody: Stranger, run_id: str) -> None:
    """Export, read back with plain xarray as the README says, import, also into an object store."""
    for name in ("shared", "one.zip", "one.nc"):
        somebody.does("export", run_id, name)
    shared = somebody.folder / "shared"
    environment = somebody.environment | {"RELUFLOW_CATALOG": str(somebody.folder / "imported")}
    started = perf_counter()
    with serving(shared) as url:
        run_recipes(
            shared, somebody.bin, zip=somebody.folder / "one.zip", netcdf=somebody.folder / "one.nc",
            host=url.removeprefix("http://"), environment=environment,
        )  # fmt: skip
    print(f"{perf_counter() - started:6.2f} s  the README's recipes", flush=True)
    with object_store() as named:
        somebody.environment |= named
        somebody.does("import", "one.zip", "--catalog", f"s3://{BUCKET}/flows")


def look(somebody: Stranger) -> None:
    """Start the dashboard, and ask for each page."""
    words = [str(somebody.bin / "reluflow"), "dashboard", "--port", "0"]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen(words, cwd=somebody.folder, env=somebody.environment, **pipe)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        port = re.search(r"http://localhost:(\d+)", said)
        assert port, said
        for page in ("flow", "theory", "explore", "sweeps", "catalog"):
            with urllib.request.urlopen(f"http://localhost:{port[1]}/{page}", timeout=120) as answer:
                content = answer.read().decode()
            assert "This page can't be shown" not in content, page
            assert answer.status == 200, page
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=60)
    assert "Traceback" not in errors, errors
    print("          the dashboard's pages", flush=True)


def main() -> None:
    """Try the lowest versions under the lowest Python that is allowed: newer ones have no wheels of some."""
    python = shutil.which("python3.11") or sys.executable
    started = perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        _, wheel = build(sys.executable, place / "dist")
        somebody = Stranger(python, wheel, place, extras=f"[{','.join(EXTRAS)}]", pins=LOWEST)
        print(f"{perf_counter() - started:6.2f} s  to install the lowest versions", flush=True)
        try_out(somebody)
    print(f"{perf_counter() - started:6.2f} s  in all")


if __name__ == "__main__":
    main()
