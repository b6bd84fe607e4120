"""The trees that the Explore page draws: published runs, computed presets, and the files of the command line."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import xarray as xr

from dashboards.damage import explain_damage
from dashboards.page_context import PageContext
from dashboards.run_selection import RunSelection, open_tree, select_preset
from dashboards.slices.variables import group_names
from pipeline import RequestError
from pipeline.configuration import presets

RUN, PRESET, FILE, CHANGED = "run:", "preset:", "file:", "changed:"
"""The beginnings of the keys of sources."""
OPEN_LIMIT = 8
"""Trees that a page keeps open."""


def open_file(path: str | Path) -> xr.DataTree:
    """Open a netCDF file or a Zarr store, lazily.

    Parameters
    ----------
    path
        ``*.nc`` is netCDF, everything else Zarr: a folder or a zip.

    Raises
    ------
    RequestError
        If there is no such file, or it holds no variables.
    """
    path = Path(path)
    if not path.exists():
        raise RequestError(f"{path} is not there; allowed are a netCDF file (*.nc) and a Zarr store")
    engine = "netcdf4" if path.suffix in (".nc", ".nc4", ".cdf", ".h5") else "zarr"
    try:
        tree: xr.DataTree = xr.open_datatree(path, engine=engine, chunks=None)
    except Exception as error:  # each engine has its own errors, down to those of the C libraries
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{path} does not open ({reason}); allowed are netCDF (*.nc) and Zarr") from error
    if not group_names(tree):
        raise RequestError(f"{path} has no variables; allowed is a file with the groups of a run")
    return tree


@dataclass
class Sources:
    """The trees of one visitor, each opened once.

    Attributes
    ----------
    context
        The visitor's.
    changed
        A selection of another page that is no published run and no preset as it is; None if there is none.
    """

    context: PageContext
    changed: RunSelection | None = None
    _open: dict[str, xr.DataTree] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def key_of(self, selection: RunSelection) -> str:
        """Return the key of a selection, and remember it if it is a changed one."""
        if selection.run_id is not None:
            return RUN + selection.run_id
        if selection.source is None and selection.preset and not selection.overrides:
            return PRESET + selection.preset
        self.changed = selection
        return CHANGED

    def options(self, run_ids: list[str]) -> dict[str, str]:
        """List the keys by what a person reads."""
        found = {} if self.changed is None else {self.name(CHANGED): CHANGED}
        found |= {f"file {name}": FILE + name for name in self.context.files}
        found |= {run_id: RUN + run_id for run_id in run_ids}
        return found | {f"{name} (preset)": PRESET + name for name in presets()}

    def name(self, key: str) -> str:
        """Name a source for a title."""
        if key == CHANGED:
            return "" if self.changed is None else f"{self.changed.config.name}, changed"
        return key.partition(":")[2]

    def open(self, key: str) -> xr.DataTree:
        """Open a tree, or compute its run; called in a thread.

        Raises
        ------
        CatalogError, RequestError
            If it can't be opened or computed.
        """
        with self._lock:
            if key not in self._open:
                if len(self._open) >= OPEN_LIMIT:
                    self._open.pop(next(iter(self._open)))
                self._open[key] = self._opened(key)
            return self._open[key]

    def _opened(self, key: str) -> xr.DataTree:
        name = key.partition(":")[2]
        if key.startswith(FILE):
            return open_file(known_file(self.context.files, name))
        if key.startswith(RUN):
            # Not `whole`: each chunk is checked when it is read, so that a run of gigabytes opens at once.
            with explain_damage(name):
                tree: xr.DataTree = self.context.catalog[name]
                return tree
        if key == CHANGED and self.changed is not None:
            return open_tree(self.changed, self.context)
        return open_tree(select_preset(name), self.context)


def known_file(files: Mapping[str, str], name: str) -> str:
    """Return the path of a file that the dashboard was started with.

    Raises
    ------
    RequestError
        If it was not.
    """
    if name not in files:
        listed = ", ".join(files) or "none: start the dashboard with --data FILE"
        raise RequestError(f"{name!r} is no file of this dashboard; allowed are {listed}")
    return files[name]


def name_files(paths: Iterable[str]) -> dict[str, str]:
    """Name files by the last part of their paths; they are opened once, so that a wrong one is refused at once.

    Raises
    ------
    RequestError
        If one can't be opened, or two have one name.
    """
    found: dict[str, str] = {}
    for path in paths:
        name = Path(path).resolve().name.replace(",", "_")
        if name in found:
            raise RequestError(f"{path}: another file is called {name} too; allowed are different names")
        open_file(path).close()
        found[name] = str(Path(path).resolve())
    return found
