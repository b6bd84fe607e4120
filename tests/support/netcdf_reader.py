"""A netCDF file read in a process of its own: HDF5 may crash on a damaged one, and take the tests with it."""

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType

import netCDF4

NOTICED = (OSError, RuntimeError, KeyError, IndexError, UnicodeDecodeError)
"""What netCDF4 raises where something is wrong."""


def bytes_of(path: Path, group: str, name: str) -> bytes:
    """Read one variable."""
    with netCDF4.Dataset(path) as file:
        return file.groups[group][name][:].tobytes()


class Reader:
    """Reads files one after the other, in a process that is made anew when one has crashed it."""

    def __enter__(self) -> "Reader":
        self.process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.shutdown()

    def read(self, path: Path, group: str, name: str) -> bytes | None:
        """Read one variable; None if the file is noticed to be damaged, by an error or by a crash."""
        try:
            return self.process.submit(bytes_of, path, group, name).result()
        except BrokenProcessPool:
            self.process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            return None
        except NOTICED:
            return None
