"""Runs and sweeps that are not as they were published: one sentence that names the damage, on every page.

A missing chunk reads as NaN and a flipped bit in metadata as another shape, without any error. So what is opened
is first checked against its manifest, byte by byte where that takes less time than drawing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import xarray as xr

from catalog import Catalog, CatalogError, DamagedRunError
from dashboards.budget import StoppedError
from pipeline import RequestError

MOST_VERIFIED = 300_000_000
"""Bytes of a run up to which all of it is checked before it is shown: a fifth of a second from a disk."""


def opened_whole(catalog: Catalog, run_id: str, what: str = "run") -> xr.DataTree:
    """Open a run (or a sweep, from ``catalog.sweeps``) that is as it was published.

    Parameters
    ----------
    catalog
        Where it is.
    run_id
        Its name.
    what
        What a sentence calls it.

    Raises
    ------
    DamagedRunError
        If it is damaged; the sentence names the first file that is, and what is wrong with it.
    CatalogError
        If there is none.
    """
    if catalog.manifest(run_id).size <= MOST_VERIFIED:
        findings = [one for one in catalog.verify(run_id) if one.affects_readers]
        if findings:
            first, more = findings[0], len(findings) - 1
            others = f" (and {more} more)" if more else ""
            raise DamagedRunError(
                f"{what} {run_id} is damaged: {first.path}: {first.problem.value}{others}; {advice(run_id)}"
            )
    tree: xr.DataTree = catalog[run_id]
    return tree


@contextmanager
def reading(run_id: str | None, what: str = "run") -> Iterator[None]:
    """Say of whatever a reader stumbles over within that the run is damaged; of a computed one (None) nothing.

    Raises
    ------
    DamagedRunError
    """
    try:
        yield
    except (CatalogError, RequestError, StoppedError):
        raise
    except Exception as error:
        if run_id is None:
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedRunError(f"{what} {run_id} can't be read ({reason}); {advice(run_id)}") from error


def advice(run_id: str) -> str:
    """Say how all of the damage is found."""
    return f"`reluflow verify {run_id}` names the damage"
