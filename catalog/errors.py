"""What can go wrong with a catalog, each as one line that a person understands.

The command line prints ``str(error)`` and nothing else, so a message names the file or address, the reason
and, if there is one, the next step.
"""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 5
"""How many run identifiers a message lists before it says how many more there are."""
_LONGEST_SHOWN = 300
"""Characters of what was asked for that a message repeats."""


def _listed(run_ids: Sequence[str]) -> str:
    shown = ", ".join(run_ids[:_SHOWN])
    more = len(run_ids) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


class CatalogError(Exception):
    """Any request that a catalog refuses or can't fulfil; its text is one line."""

    def __str__(self) -> str:
        # KeyError, a base of UnknownRunError, would print its message in quotes.
        return " ".join(str(argument) for argument in self.args)


class CatalogUnwritableError(CatalogError):
    """The catalog can't be written: a missing permission, a read-only disk, a file where a folder belongs."""


class UnreachableError(CatalogError):
    """A server is too slow; no more requests are sent to it for a while."""


class DiskFullError(CatalogError):
    """The disk, the quota or the limit on a file's size was reached; nothing was published."""


class DamagedRunError(CatalogError):
    """The files of a run are not those that were published."""


class UnknownRunError(CatalogError, KeyError):
    """No run of this name is in the catalog.

    Parameters
    ----------
    run_id
        What was asked for.
    close_matches
        Runs that may have been meant, the closest first.
    """

    def __init__(self, run_id: str, close_matches: Sequence[str] = ()) -> None:
        hint = f"; close to it: {_listed(close_matches)}" if close_matches else ""
        shown = " ".join(repr(run_id).split())
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[: _LONGEST_SHOWN - 1]}…"
        super().__init__(f"no run {shown} in this catalog{hint}")
        self.run_id = run_id
        self.close_matches = tuple(close_matches)


class AmbiguousRunError(CatalogError):
    """A short name matches several runs.

    Parameters
    ----------
    text
        What was asked for.
    matches
        Every run that it matches.
    """

    def __init__(self, text: str, matches: Sequence[str]) -> None:
        super().__init__(f"{text!r} fits {len(matches)} runs: {_listed(matches)}")
        self.text = text
        self.matches = tuple(matches)
