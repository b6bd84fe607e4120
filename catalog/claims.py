"""Claims on cells: equal sweeps that run at the same time share their cells.

Each process writes one file, ``cells/<name>/<sweep_id>-<random>.claim``, that names the cells which it has
claimed and not recorded yet. The storage only has to write and read whole files, as an object store does. A
process that wants cells first writes which; then it reads what others want, and of two processes the first by
file name gets a cell. If the storage shows a file late, a cell may be computed twice, and the two records are
equal.

A killed process leaves its file behind. On the same machine its process number tells that it is gone; on
another one its file does not change any more, which a live process writes anew every few seconds. Clocks are
not compared.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog.cell_cache import CELLS
from catalog.errors import CatalogError

if TYPE_CHECKING:
    from catalog.storage import Storage

ENDING = ".claim"
BEAT_SECONDS = 10.0
"""Between two times at which a process writes its claims."""
SILENCE_SECONDS = 60.0
"""After which a process that has not written its claims counts as gone: killed, or stopped."""

POLLS, POLL_SECONDS = 100, 0.02
"""How often, and at which interval, the first by name checks whether the other process has given up its wish."""


class OtherClaims(NamedTuple):
    """The cells that another process has claimed, and those that it wants."""

    cells: set[str]
    wanted: set[str]


@dataclass
class Claims:
    """The claims of this process and of others on the cells of one sweep.

    Attributes
    ----------
    storage
        The catalog's.
    folder, own_file
        The folder of the claims, and the name of this process's file.
    sweep_id
        The sweep's identifier, with which the files' names begin.
    clock
        Seconds, of this process.
    cells, wanted
        The cells that this process has claimed and not recorded, and those that it wants.
    """

    storage: Storage
    folder: str
    sweep_id: str
    clock: Callable[[], float] = monotonic
    cells: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    own_file: str = ""
    _heard: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _beats: int = 0

    def __post_init__(self) -> None:
        """Choose a name that no other process has."""
        self.own_file = self.own_file or f"{self.sweep_id}-{secrets.token_hex(8)}{ENDING}"

    def others(self) -> dict[str, OtherClaims]:
        """Read the claims of other live processes, by file name; files of processes that ended are removed."""
        found = {}
        for file in self.storage.names(self.folder):
            if file == self.own_file or not (file.startswith(f"{self.sweep_id}-") and file.endswith(ENDING)):
                continue
            try:
                content = self.storage.read(f"{self.folder}/{file}")
                said = json.loads(content)
                theirs = OtherClaims(set(map(str, said["cells"])), set(map(str, said["wanted"])))
                alive = self._lives(file, content, said)
            except OSError:  # it has ended since the listing
                continue
            except (ValueError, KeyError, TypeError):
                alive = False
            if alive:
                found[file] = theirs
            else:
                with suppress(CatalogError):
                    self.storage.remove(f"{self.folder}/{file}")
        return found

    def _lives(self, file: str, content: bytes, said: dict[str, Any]) -> bool:
        if said["machine"] == platform.node() and not _runs(int(said["process"])):
            return False
        heard = self._heard.get(file)
        if heard is None or heard[0] != content:
            self._heard[file] = content, self.clock()
            return True
        return self.clock() - heard[1] < SILENCE_SECONDS

    def take(self, cells: Collection[str], most: int) -> list[str]:
        """Claim the first cells that no process has claimed, at most so many.

        Raises
        ------
        CatalogUnwritableError, DiskFullError
        """
        taken = self.cells.union(*(cells for theirs in self.others().values() for cells in theirs))
        with self._lock:
            self.wanted = set(islice((cell for cell in cells if cell not in taken), most))
        if not self.wanted:
            return []
        self.write()
        lost = self._lost()
        with self._lock:
            got = [cell for cell in cells if cell in self.wanted - lost]
            self.cells |= set(got)
            self.wanted = set()
        self.write()
        return got

    def _lost(self) -> set[str]:
        """Return the wanted cells that another process gets.

        Each of two has said what it wants before it looks, so that one of them at least sees the other. It gives
        way if it is the second by name, or the other has gone on already; until that is known it waits.
        """
        lost = set[str]()
        for _ in range(POLLS):
            contested = set[str]()
            for file, theirs in self.others().items():
                lost |= self.wanted & theirs.cells
                if file < self.own_file:
                    lost |= self.wanted & theirs.wanted
                else:
                    contested |= self.wanted & theirs.wanted
            if contested <= lost:
                break
            sleep(POLL_SECONDS)
        return lost

    def release(self, cells: Iterable[str]) -> None:
        """Give up the claims on cells that are recorded; the file shows it the next time it is written."""
        with self._lock:
            self.cells -= set(cells)

    def write(self) -> None:
        """Write the claims for other processes.

        Raises
        ------
        CatalogUnwritableError, DiskFullError
        """
        with self._lock:
            self._beats += 1
            said: dict[str, Any] = {"machine": platform.node(), "process": os.getpid(), "beats": self._beats}
            said |= {"cells": sorted(self.cells), "wanted": sorted(self.wanted)}
            content = json.dumps(said).encode()
            self.storage.write(f"{self.folder}/{self.own_file}", content)

    def withdraw(self) -> None:
        """Remove all claims."""
        with self._lock, suppress(CatalogError):
            self.storage.remove(f"{self.folder}/{self.own_file}")


@contextmanager
def claiming(storage: Storage, name: str, sweep_id: str) -> Iterator[Claims]:
    """Claim cells of a sweep over the base ``name``, and renew the claims until the end."""
    claims = Claims(storage, f"{CELLS}/{name}", sweep_id)
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            if claims.cells:
                with suppress(CatalogError):  # the sweep itself finds out
                    claims.write()

    thread = threading.Thread(target=beat, name="claims", daemon=True)
    thread.start()
    try:
        yield claims
    finally:
        ended.set()
        thread.join()
        claims.withdraw()


def _runs(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is somebody else's
        return True
    return True
