"""A sweep killed at one call after another that changes its catalog: ``python killed_sweep.py FOLDER COUNT``.

The process that has imported everything forks for each, so that a kill costs what the rest of the sweep costs.
It prints how many were killed, and ends with an error if anything was lost, damaged, or computed twice.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from catalog import open_catalog
from pipeline import load_config, run
from pipeline.sweep import load_sweep, run_sweep

GRID = """
base = "orthogonal"
trajectories = true
[set]
"flow.samples" = 20
[grid]
"init.log10_scale" = [-2, -3]
"init.width" = [8]
"""
CHANGES = frozenset({"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})


def changed(event: str, arguments: tuple, folder: str) -> str | None:
    """The path in the folder that a call is about to change, if it is one that changes something there."""
    path = os.fspath(arguments[0]) if arguments and isinstance(arguments[0], str | os.PathLike) else ""
    if isinstance(path, bytes) or not path.startswith(folder):
        return None
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    return path if writes or event in CHANGES else None


def in_a_child(work: Callable[[], None]) -> int:
    """The status of a forked process that does this work."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def sweep(folder: Path) -> dict:
    """Sweep, and what the cube says of it."""
    return run_sweep(load_sweep(folder / "mine.toml"), open_catalog(folder / "catalog")).attrs


def record(folder: Path) -> None:
    """Sweep undisturbed; write down the path of each call, and what the sweep imported."""
    found: list[str] = []

    def listen(event: str, arguments: tuple) -> None:
        path = changed(event, arguments, str(folder / "catalog"))
        if path is not None:
            found.append(path)

    sys.addaudithook(listen)
    sweep(folder)
    (folder / "calls").write_text("\n".join(found))
    (folder / "modules").write_text("\n".join(sys.modules))


def killed_at(folder: Path, number: int) -> None:
    """Sweep, and be killed before the call of that number."""
    left = iter(range(number))

    def listen(event: str, arguments: tuple) -> None:
        if changed(event, arguments, str(folder / "catalog")) is not None and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(listen)
    sweep(folder)


def go_on(folder: Path) -> None:
    """Sweep again: what was published stays as it is, and all is whole."""
    catalog = open_catalog(folder / "catalog")
    before = {run_id: catalog.manifest(run_id).created for run_id in catalog.run_ids()}
    done = len(catalog.sweeps.run_ids())
    sweep(folder)
    catalog = open_catalog(folder / "catalog")
    assert len(catalog.run_ids()) == 2
    assert len(catalog.sweeps.run_ids()) == 1 >= done
    assert {run_id: catalog.manifest(run_id).created for run_id in before} == before
    assert [finding for finding in catalog.verify() if finding.is_damage] == []
    for collection in (catalog, catalog.sweeps):
        for run_id in collection.run_ids():
            collection[run_id].load()


def main(folder: Path, count: int) -> None:
    """Kill at so many calls, evenly spread; half of them are outside of the unfinished writes, which are most."""
    (folder / "mine.toml").write_text(GRID)
    # Whatever a run needs is loaded here, not in each child; without a catalog, whose threads would not survive.
    run(load_config("orthogonal", {"flow.samples": 20, "init.width": 8}))
    assert in_a_child(lambda: record(folder)) == 0
    for name in (folder / "modules").read_text().splitlines():
        with suppress(ImportError):
            import_module(name)
    paths = (folder / "calls").read_text().splitlines()
    visible = [i for i, path in enumerate(paths) if "/staging" not in path]
    chosen = {
        numbers[(2 * i + 1) * len(numbers) // (2 * (count // 2))]
        for numbers in (visible, range(len(paths)))
        for i in range(count // 2)
    }
    for number in sorted(chosen):
        shutil.rmtree(folder / "catalog")
        status = in_a_child(lambda number=number: killed_at(folder, number))
        assert status == -signal.SIGKILL, (number, paths[number], status)
        assert in_a_child(lambda: go_on(folder)) == 0, (number, paths[number])
    print(len(chosen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
