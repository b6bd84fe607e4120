"""Damaged runs and sweeps: on a page, one sentence that names the damage."""

from __future__ import annotations

from contextlib import AbstractContextManager

from catalog import reading as reading_of
from dashboards.budget import StoppedError
from pipeline import RequestError


def explain_damage(run_id: str | None, collection: str = "runs") -> AbstractContextManager[None]:
    """Name the damage that is found while a run is read; let errors of requests and of stopped pages pass."""
    found: AbstractContextManager[None] = reading_of(run_id, collection, (RequestError, StoppedError))
    return found
