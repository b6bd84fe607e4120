"""Disks that are small or read-only, where the system lets us mount them."""

import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def tmpfs(folder: Path, options: str):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting takes root; the limit on a file's size is tested everywhere")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
