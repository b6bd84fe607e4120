"""The scripts and styles of the pages, compressed once and sent compressed: 3.5 MB are 1 MB then.

Tornado's own compression does its work again at every request, a tenth of a second for each visitor of a class.
"""

from __future__ import annotations

import gzip
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, StaticFileHandler

SUFFIXES = (".js", ".css", ".svg", ".json", ".map")
"""The files that become smaller; fonts and pictures are compressed already."""
LEAST_BYTES = 1_000
"""A smaller file is sent as it is."""


class CompressedFiles(StaticFileHandler):
    """Sends the compressed copy of a file to those who accept it, with the type and the age of the file."""

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the path of the copy; the handler's own check comes first."""
        found = super().validate_absolute_path(root, absolute_path)
        self.original = found
        if found is None or not found.endswith(SUFFIXES) or Path(found).stat().st_size < LEAST_BYTES:
            return found
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" not in self.request.headers.get("Accept-Encoding", ""):
            return found
        self.set_header("Content-Encoding", "gzip")
        return compressed_copy(found, Path(found).stat().st_mtime_ns)

    def get_content_size(self) -> int:
        """Return the size of what is sent; the handler remembers that of the file."""
        assert self.absolute_path is not None
        return Path(self.absolute_path).stat().st_size

    def get_content_type(self) -> str:
        """Return the type of the file itself."""
        copy, self.absolute_path = self.absolute_path, self.original
        try:
            return super().get_content_type()
        finally:
            self.absolute_path = copy


@cache
def folder() -> TemporaryDirectory[str]:
    """Make the folder of the copies; it is deleted with the process."""
    return TemporaryDirectory(prefix="reluflow-files-", ignore_cleanup_errors=True)


@lru_cache(maxsize=500)
def compressed_copy(path: str, _changed: int) -> str:
    """Compress a file into the folder; return the path of the copy."""
    copy = Path(folder().name) / f"{sha256(path.encode()).hexdigest()}.gz"
    copy.write_bytes(gzip.compress(Path(path).read_bytes(), compresslevel=6, mtime=0))
    return str(copy)


@cache
def compressed(handler: type[StaticFileHandler]) -> type[StaticFileHandler]:
    """Return a class of handlers that sends the same files compressed."""
    return type(f"Compressed{handler.__name__}", (CompressedFiles, handler), {})


def compress_files(application: Application) -> None:
    """Let all handlers of files of a Tornado application send compressed copies."""
    inner = application.find_handler

    def find_handler(request: HTTPServerRequest, **others: Any) -> Any:
        found: Any = inner(request, **others)
        kind = getattr(found, "handler_class", None)
        if isinstance(kind, type) and issubclass(kind, StaticFileHandler):
            found.handler_class = compressed(kind)  # type: ignore[arg-type]
        return found

    application.find_handler = find_handler  # type: ignore[method-assign]
