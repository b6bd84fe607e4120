"""The layout of a catalog: its keys, which are POSIX paths below its root in any storage.

::

    runs/<run_id>/manifest.json       written last: a run is there if and only if this file is
                 /data.zarr/          the labelled tree, Zarr v3
    sweeps/<sweep_id>/...             likewise: a cube over many runs
    cells/<base>/<digest>.json        what sweeps have computed of runs that were not kept whole: a cache
                /<sweep_id>-...claim  what a sweep is computing at this moment
    index/<collection>.json           the table of all runs: a cache, rebuilt from the manifests
    origins/<collection>/<run_id>.json where a run came from that was imported
    staging/...                       unfinished writes; no reader looks here

Standard library only: a cache hit of the command line looks a run up in 0.04 s, xarray alone takes 0.3 s.
"""

from __future__ import annotations

import re
from typing import TypeGuard

RUNS, SWEEPS = "runs", "sweeps"
COLLECTIONS = (RUNS, SWEEPS)
"""The collections of what is published: single runs, and cubes over many."""
STAGING = "staging"
INDEX = "index"
ORIGINS = "origins"
SCHEMA_VERSION = "1.2"
"""The version of the layout that a run on disk declares; it enters the run's identity."""

MANIFEST = "manifest.json"
STORE = "data.zarr"

_RUN_ID = re.compile(r"\w[\w.+-]*")
# File systems allow names of 255 bytes, and the staging folder adds up to 49: the machine, the process, random
# digits.
_LONGEST_RUN_ID = 200


def is_run_id(text: object) -> TypeGuard[str]:
    """Whether ``text`` may name a run: letters, digits, ``_ . + -``; a folder's name everywhere."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None and len(text.encode()) <= _LONGEST_RUN_ID


def run_key(run_id: str, collection: str = RUNS) -> str:
    """Return the key of the run ``run_id``, or of another member of the collection.

    Raises
    ------
    ValueError
        If ``run_id`` may not name a run (it could lead out of the catalog).
    """
    if not is_run_id(run_id):
        raise ValueError(f"run_id {run_id!r}: allowed are up to {_LONGEST_RUN_ID} letters, digits, '_.+-'")
    return f"{collection}/{run_id}"


def manifest_key(run_id: str, collection: str = RUNS) -> str:
    """Return the key of a run's manifest. The run exists if and only if this file does."""
    return f"{run_key(run_id, collection)}/{MANIFEST}"


def preset_of(run_id: str) -> str:
    """Return the part of a run's name before its hash: the preset or the file's stem."""
    return run_id.rpartition("-")[0] or run_id
