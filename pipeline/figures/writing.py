"""From a figure to its files: PNG and SVG, the same bytes every time, never half a file."""

from __future__ import annotations

import secrets
from io import BytesIO
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure

from pipeline.figures.style import publication_style

FORMATS = ("png", "svg")


def encoded(
    figure: Figure, file_format: str, *, title: str = "", source: str = "", dots_per_inch: float | None = None
) -> bytes:
    """Encode a figure reproducibly: no date, and the names of the SVG's elements from a fixed salt.

    Parameters
    ----------
    figure
        What to draw.
    file_format
        ``"png"`` (300 dots an inch) or ``"svg"`` (its text stays text).
    title, source
        Stored in the file's metadata: what it shows, and the run it shows.
    dots_per_inch
        Of a PNG that is not for print.
    """
    metadata = {"Title": title, "Source": source}
    if file_format == "svg":
        metadata |= {"Date": None}  # type: ignore[dict-item]
    buffer = BytesIO()
    with publication_style():
        figure.savefig(buffer, format=file_format, metadata=metadata, dpi=dots_per_inch or rcParams["savefig.dpi"])
    return buffer.getvalue()


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` under a temporary name in the same folder, then move it into place.

    Raises
    ------
    OSError
        If the folder cannot be written; what stood at ``path`` is then unchanged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
