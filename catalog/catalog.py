"""The catalog: open it, find a run, read it, list all runs.

Nothing heavy is imported before it is needed: opening a catalog and reading a manifest take the standard
library alone (a cache hit of the command line), a table takes pandas, a run takes xarray and zarr.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.arguments import refuse_below
from catalog.errors import AmbiguousRunError, CatalogError, DamagedRunError, UnknownRunError
from catalog.layout import COLLECTIONS, MANIFEST, RUNS, SWEEPS, is_run_id, manifest_key, preset_of, run_key
from catalog.manifest import Manifest, read_manifest
from catalog.origins import Origin, origin_key, read_origin
from catalog.storage import Storage, UnfinishedWrite, open_storage

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from catalog.garbage_collection import CollectedGarbage
    from catalog.verification import Finding

T = TypeVar("T")

DEFAULT = "./catalog-data"
"""Where a catalog is if nobody says where."""
_SHORTEST_HASH = 4
"""The least digits of a hash that count as a short name: ``a`` is rather the beginning of a preset's name."""
_LONGEST_NAME = 300
"""Characters of a name that is looked for."""
MOST_VERIFIED = 300_000_000
"""Bytes of a run up to which all of it is checked before a page shows it: a fifth of a second from a disk."""


def open_catalog(url: str | Path | None = None) -> Catalog:
    """Open the catalog at ``url``; one that does not exist yet is empty, and nothing is created.

    Parameters
    ----------
    url
        A path, ``file:///path``, ``s3://bucket/path`` (or that of another object store: ``gs:``, ``az:``),
        ``http://host/path`` (to read only), or ``memory://name``. None: where ``$RELUFLOW_CATALOG`` says, else
        ``./catalog-data``, as the command line does.

    Raises
    ------
    CatalogError
        For any other address, or if a file lies there.

    Examples
    --------
    >>> open_catalog("no-such-folder").run_ids()
    []
    """
    storage = open_storage(os.environ.get("RELUFLOW_CATALOG") or DEFAULT if url is None else url)
    try:
        is_file = storage.exists("")
    except (OSError, ValueError) as error:  # a name that is too long, or has a character that no name has
        reason = getattr(error, "strerror", None) or error
        raise CatalogError(f"the catalog {storage.url[:60]!r} can't be opened: {reason}") from None
    if is_file:
        raise CatalogError(f"the catalog {storage.url} is a file; allowed is a folder")
    return Catalog(storage)


def as_catalog(catalog: Catalog | str | Path | None) -> Catalog:
    """Take a catalog as it is, and open what :func:`open_catalog` takes.

    Raises
    ------
    CatalogError
        If it is neither.
    """
    if isinstance(catalog, Catalog):
        return catalog
    if catalog is None or isinstance(catalog, str | Path):
        return open_catalog(catalog)
    raise CatalogError(
        f"catalog is a {type(catalog).__name__}: allowed is a Catalog, or the address of one, as open_catalog "
        "takes it"
    )


@dataclass(frozen=True)
class Catalog:
    """The runs in one storage; a mapping from run identifiers to labelled trees.

    Attributes
    ----------
    storage
        The files of the catalog.
    collection
        Which collection this object shows: the runs, or the sweeps (see :attr:`sweeps`).
    """

    storage: Storage
    collection: str = RUNS

    @property
    def sweeps(self) -> Catalog:
        """The same catalog, showing its sweeps (cubes over many runs) instead of its runs."""
        return replace(self, collection=SWEEPS)

    def run_ids(self) -> list[str]:
        """List the published runs, in alphabetical order."""
        return [name for name in self.storage.holding(self.collection, MANIFEST) if is_run_id(name)]

    def __contains__(self, run_id: object) -> bool:
        return is_run_id(run_id) and self.storage.exists(manifest_key(run_id, self.collection))

    def __iter__(self) -> Iterator[str]:
        return iter(self.run_ids())

    def __len__(self) -> int:
        return len(self.run_ids())

    def path(self, run_id: str) -> Path | str:
        """Return the folder of a published run: a path, or an address.

        Raises
        ------
        UnknownRunError
            If there is none.
        """
        if run_id not in self:
            if not isinstance(run_id, str):
                raise UnknownRunError(run_id)
            raise UnknownRunError(run_id, difflib.get_close_matches(run_id, self.run_ids(), n=5, cutoff=0.5))
        return self.storage.address(run_key(run_id, self.collection))

    def manifest(self, run_id: str) -> Manifest:
        """Read the manifest of a run: its configuration, results, provenance and files.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If it is damaged.
        """
        self.path(run_id)
        try:
            return read_manifest(self.storage, run_id, self.collection)
        except DamagedRunError as error:
            self._refuse_if_removed(run_id, error)
            raise

    def origin(self, run_id: str) -> Origin | None:
        """Read from where a run was imported; None if it was computed in this catalog.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If its manifest is damaged.
        """
        return read_origin(self.storage, self.manifest(run_id), self.collection)

    def __getitem__(self, run_id: str) -> xr.DataTree:
        """Open a run; each array is read when it is used, and compared with the manifest then.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If it does not open. Reading it raises one too, where a file is missing or is not what was published.
        """
        import xarray as xr

        return self._read(run_id, lambda store: xr.open_datatree(store, engine="zarr", chunks=None))

    def arrays(self, run_id: str, group: str, names: Sequence[str]) -> dict[str, Any]:
        """Read some arrays of a group of a run, and nothing else of it: 4 ms, where opening a run takes 60.

        Raises
        ------
        UnknownRunError
            If there is no such run.
        DamagedRunError
            If it does not have these arrays, or one of them is not what was published.
        """
        import zarr

        def read(store: Any) -> dict[str, Any]:
            return {name: zarr.open_array(store, path=f"{group}/{name}", mode="r")[...] for name in names}

        return self._read(run_id, read)

    def _read(self, run_id: str, read: Callable[[Any], T]) -> T:
        """Read the checked store of a run; whatever strange metadata make zarr and xarray raise is damage."""
        manifest = self.manifest(run_id)
        from catalog.integrity import advice, called, checked_store

        try:
            return read(checked_store(self.storage, manifest, self.collection))
        except Exception as error:
            self._refuse_if_removed(run_id, error)
            if isinstance(error, CatalogError):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DamagedRunError(
                f"{called(self.collection)} {run_id} does not open ({reason}); {advice(run_id, self.collection)}"
            ) from error

    def whole(self, run_id: str, most: int = MOST_VERIFIED) -> xr.DataTree:
        """Verify every byte of a run, then open it.

        Parameters
        ----------
        run_id
            Its name.
        most
            Bytes of a run up to which all of it is checked; of a larger one, what is read.

        Raises
        ------
        UnknownRunError
            If there is none.
        DamagedRunError
            If it is damaged; the sentence names the first file that is, and what is wrong with it.
        """
        refuse_below("most", most, 0, "a number of bytes")
        if self.manifest(run_id).size <= most:
            from catalog.integrity import damage_of

            findings = [one for one in self.verify(run_id) if one.affects_readers]
            if findings:
                raise damage_of(run_id, findings[0].path, findings[0].problem, self.collection, len(findings) - 1)
        return self[run_id]

    def _refuse_if_removed(self, run_id: str, error: Exception) -> None:
        """Raise that a run is unknown if it can't be read because it was removed meanwhile."""
        if run_id not in self:
            raise UnknownRunError(run_id) from error

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
        if not isinstance(text, str):
            raise UnknownRunError(text)
        if len(text) > _LONGEST_NAME:  # no name is as long; nothing is like it
            raise UnknownRunError(f"{text[:40]}…")
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
        from catalog.index import refreshed
        from catalog.table import tabulate

        index = refreshed(self.storage, self.collection)
        frame = tabulate(*index.table())
        frame.attrs["damaged"] = index.damaged
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
    ) -> Path | str:
        """Publish a run in this catalog: see :func:`catalog.publication.publish`."""
        from catalog.publication import publish

        return publish(
            self.storage,
            run_id,
            tree,
            summary=summary,
            configuration=configuration,
            provenance=provenance,
            collection=self.collection,
        )

    def check_writable(self, run_id: str = "probe") -> None:
        """Check before an expensive computation whether its run could be published; nothing is left.

        Raises
        ------
        CatalogUnwritableError, DiskFullError, DamagedRunError
        """
        self.storage.check_writable(run_key(run_id, self.collection))

    def remove(self, run_id: str) -> None:
        """Remove a published run; readers who have it open lose it.

        Raises
        ------
        UnknownRunError
            If there is none.
        CatalogUnwritableError
            If the catalog can't be written.
        """
        self.path(run_id)
        self.storage.remove(run_key(run_id, self.collection))
        self.storage.remove(origin_key(run_id, self.collection))

    def reindex(self) -> None:
        """Write the indexes of runs and sweeps anew, from the manifests.

        Raises
        ------
        CatalogUnwritableError
            If the catalog can't be written.
        """
        from catalog.index import index_key, refreshed

        for collection in COLLECTIONS:
            self.storage.remove(index_key(collection))
            refreshed(self.storage, collection, worth=0)

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """Find unfinished writes: of processes at work, and of processes that were killed."""
        return self.storage.unfinished_writes()

    def collect_garbage(self, patience: float | None = None) -> CollectedGarbage:
        """Remove the unfinished writes of killed processes: see :mod:`catalog.garbage_collection`."""
        from catalog.garbage_collection import ABANDONED_SECONDS, collect_garbage

        return collect_garbage(self.storage, ABANDONED_SECONDS if patience is None else patience)

    def verify(self, run_id: str | None = None) -> list[Finding]:
        """Check every byte of one run or of all: see :func:`catalog.verification.verify`."""
        from catalog.verification import verify

        return verify(self.storage, run_id, self.collection)
