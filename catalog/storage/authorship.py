"""The author of an unfinished write: its name contains the machine and the process.

A lock of ``flock`` is known to the kernel that granted it, and on many network disks to no other. A folder that
another machine is writing seems unlocked here. Its name tells that this machine can't know.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# No run's name has an @. The host is cut, or a long name of a run would leave no room for it.
_NAME = re.compile(
    r"(?P<what>.+)@(?P<machine>(?P<host>[A-Za-z0-9.-]{1,20})-[0-9a-f]{8})-\d+-[0-9a-f]{8}(\.partial)?"
)
# How names ended before they said the machine: in a catalog, and of an export.
_UNSIGNED = re.compile(r"-\d+-[0-9a-f]{8}$|-[0-9a-f]{8}\.partial$")


@dataclass(frozen=True)
class Authorship:
    """What the name of an unfinished write says.

    Attributes
    ----------
    what
        The name that it is to get.
    host
        The name of the machine that writes it; empty if it is not said.
    is_here
        Whether that is this machine, and not since it was last started.
    """

    what: str
    host: str
    is_here: bool


@cache
def this_machine() -> str:
    """Return this machine's name with eight digits of its kernel's start: several machines may have one name."""
    started = ""
    with suppress(OSError):
        started = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:20] or "unnamed"
    return f"{host}-{started if re.fullmatch('[0-9a-f]{8}', started) else '0' * 8}"


def signed_name(what: str) -> str:
    """Make a name for the unfinished write of ``what`` that no other process on any machine uses."""
    return f"{what}@{this_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def authorship_of(name: str) -> Authorship:
    """Read a name that :func:`signed_name` has made, here or elsewhere, now or in an older version."""
    found = _NAME.fullmatch(name)
    if found is None:
        return Authorship(_UNSIGNED.sub("", name), "", is_here=False)
    return Authorship(found["what"], found["host"], found["machine"] == this_machine())
