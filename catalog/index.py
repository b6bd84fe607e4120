"""The front door: open a catalog, find a run, read it, list them all.

Nothing heavy is imported before it is needed: opening a catalog and reading a manifest take the standard
library alone (a cache hit of the command line), a table takes pandas, a run takes xarray and zarr.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import AmbiguousRunError, CatalogError, DamagedRunError, UnknownRunError
from catalog.layout import (
    RUNS,
    STORE,
    SWEEPS,
    is_published,
    is_run_id,
    locate,
    preset_of,
    published_run_ids,
    run_directory,
)
from catalog.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from catalog.verify import Finding

_SHORTEST_HASH = 4
"""Fewer digits of a hash than this are no short name: a run called ``a`` was hardly meant by its hash."""


def open_catalog(url: str | Path) -> Catalog:
    """Open the catalog at ``url``; one that does not exist yet is empty, and nothing is created.

    Parameters
    ----------
    url
        A path, or ``file:///path``.

    Raises
    ------
    CatalogError
        For any other address, or if a file lies there.

    Examples
    --------
    >>> open_catalog("no-such-folder").run_ids()
    []
    """
    root = locate(url)
    try:
        in_the_way = root.exists() and not root.is_dir()
    except OSError as error:
        raise CatalogError(f"the catalog {root} can't be read: {error.strerror}") from error
    if in_the_way:
        raise CatalogError(f"the catalog {root} is a file; allowed is a folder")
    return Catalog(root)


@dataclass(frozen=True)
class Catalog:
    """The runs in one place; a mapping from run identifiers to labelled trees.

    Attributes
    ----------
    root
        The catalog's folder, absolute.
    shelf
        What of it this object shows: the runs, or the sweeps (see :attr:`sweeps`).
    """

    root: Path
    shelf: str = RUNS

    @property
    def sweeps(self) -> Catalog:
        """The same catalog with its sweeps (cubes over many runs) in the place of its runs."""
        return replace(self, shelf=SWEEPS)

    def run_ids(self) -> list[str]:
        """Name every published run, in alphabetical order."""
        return published_run_ids(self.root, self.shelf)

    def __contains__(self, run_id: object) -> bool:
        return (
            isinstance(run_id, str)
            and is_run_id(run_id)
            and is_published(run_directory(self.root, run_id, self.shelf))
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.run_ids())

    def __len__(self) -> int:
        return len(self.run_ids())

    def path(self, run_id: str) -> Path:
        """Return the folder of a published run.

        Raises
        ------
        UnknownRunError
            If there is none.
        """
        if run_id not in self:
            raise UnknownRunError(run_id, difflib.get_close_matches(run_id, self.run_ids(), n=5, cutoff=0.5))
        return run_directory(self.root, run_id, self.shelf)

    def manifest(self, run_id: str) -> Manifest:
        """Read the manifest of a run: its configuration, results, provenance and files.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If it is damaged.
        """
        return read_manifest(self.path(run_id))

    def __getitem__(self, run_id: str) -> xr.DataTree:
        """Open a run; each array is read when it is used.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If it does not open.
        """
        store = self.path(run_id) / STORE
        import xarray as xr

        try:
            return xr.open_datatree(store, engine="zarr", chunks=None)
        except Exception as error:
            # zarr and xarray raise whatever the damaged metadata made them stumble over.
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DamagedRunError(
                f"run {run_id} does not open ({reason}); `reluflow verify {run_id}` names the damage"
            ) from error

    def resolve(self, text: str) -> str:
        """Find the one run that a short name means.

        Parameters
        ----------
        text
            A run's identifier; a preset's or file's name, if one run has it; the beginning of an identifier,
            or of its hash (4 digits or more), if one run's begins so.

        Raises
        ------
        UnknownRunError
            If none fits.
        AmbiguousRunError
            If several do.
        """
        if text in self:
            return text
        run_ids = self.run_ids()
        named = [run_id for run_id in run_ids if preset_of(run_id) == text]
        begun = [run_id for run_id in run_ids if text and run_id.startswith(text)]
        hashed = [
            run_id
            for run_id in run_ids
            if len(text) >= _SHORTEST_HASH and run_id.rpartition("-")[2].startswith(text)
        ]
        # `orthogonal` is a preset and also the beginning of `orthogonal-large-...`: a whole name goes first.
        matches = named or begun or hashed
        if not matches:
            presets = {preset_of(run_id): run_id for run_id in run_ids}
            close = difflib.get_close_matches(text, [*run_ids, *presets], n=5, cutoff=0.5)
            raise UnknownRunError(text, list(dict.fromkeys(presets.get(match, match) for match in close)))
        if len(matches) > 1:
            raise AmbiguousRunError(text, matches)
        return matches[0]

    def frame(self) -> pd.DataFrame:
        """Tabulate all runs, the oldest first: see :func:`catalog.table.tabulate` for the columns.

        Runs whose manifest is damaged are left out, so that one bad disk block does not hide the others;
        ``frame.attrs["damaged"]`` is ``{run_id: what is wrong}``.
        """
        from catalog.table import tabulate

        manifests, damaged = [], {}
        for run_id in self.run_ids():
            try:
                manifests.append(read_manifest(run_directory(self.root, run_id, self.shelf)))
            except DamagedRunError as error:
                damaged[run_id] = str(error)
            except FileNotFoundError:
                continue  # removed by another process since the listing
        frame = tabulate(manifests)
        frame.attrs["damaged"] = damaged
        return frame

    def where(self, expression: str) -> pd.DataFrame:
        """Tabulate the runs for which ``expression`` holds, such as ``"width == 60 and final_loss < 1e-9"``.

        Raises
        ------
        CatalogError
            If it is no condition on the columns.
        """
        from catalog.table import select

        return select(self.frame(), expression)

    def publish(
        self,
        run_id: str,
        tree: xr.DataTree,
        *,
        summary: Mapping[str, Any],
        configuration: Mapping[str, Any],
        provenance: Mapping[str, Any],
    ) -> Path:
        """Publish a run in this catalog: see :func:`catalog.publish.publish`."""
        from catalog.publish import publish

        return publish(
            self.root,
            run_id,
            tree,
            summary=summary,
            configuration=configuration,
            provenance=provenance,
            shelf=self.shelf,
        )

    def check_writable(self, run_id: str = "probe") -> None:
        """Find out whether a run could be published: see :func:`catalog.staging.check_writable`."""
        from catalog.staging import check_writable

        check_writable(self.root, run_id, self.shelf)

    def verify(self, run_id: str | None = None) -> list[Finding]:
        """Check every byte of one run or of all: see :func:`catalog.verify.verify`."""
        from catalog.verify import verify

        return verify(self.root, run_id, self.shelf)
