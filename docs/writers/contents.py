"""The tables of contents: the pages in their order, and those of a folder that are there."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).parents[1]

STUDY = (
    "tutorial",
    "notebook",
    "own-data",
    "questions",
    "descent",
    "mathematics",
    "theory",
    "gallery/index",
    "notebooks/*",
    "dashboard",
    "sharing",
)
USE = ("commands", "configuration", "api", "data-format", "architecture", "contributing")
PAGES = (".md", ".ipynb")


def found(entry: str) -> list[str]:
    """The pages that an entry names, without their endings; none if there are none."""
    return sorted(
        path.relative_to(DOCS).with_suffix("").as_posix() for end in PAGES for path in DOCS.glob(f"{entry}{end}")
    )


def write() -> str:
    """Two tables of contents, which only the navigation shows."""
    tables = []
    for caption, entries in (("Study", STUDY), ("Use", USE)):
        pages = "\n".join(page for entry in entries for page in found(entry))
        tables.append(f"```{{toctree}}\n:hidden:\n:maxdepth: 2\n:caption: {caption}\n\n{pages}\n```")
    return "\n\n".join(tables) + "\n"
