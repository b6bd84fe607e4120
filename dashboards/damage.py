"""Runs and sweeps that are not as they were published: on a page, one sentence that names the damage."""

from __future__ import annotations

from contextlib import AbstractContextManager

from catalog import reading as reading_of
from dashboards.budget import StoppedError
from pipeline import RequestError


def explain_damage(run_id: str | None, shelf: str = "runs") -> AbstractContextManager[None]:
    """Do :func:`catalog.integrity.reading`, and leave alone what stops a page and what a request gets wrong."""
    found: AbstractContextManager[None] = reading_of(run_id, shelf, (RequestError, StoppedError))
    return found
