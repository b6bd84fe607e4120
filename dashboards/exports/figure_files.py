"""The paper's figures of a run, as the content of a file."""

from __future__ import annotations

import xarray as xr

from pipeline.figures import FIGURES, encoded, heading


def draw_figure_file(tree: xr.DataTree, name: str, file_format: str) -> bytes:
    """Draw one figure: the same bytes as ``reluflow figures`` writes.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm.
    name
        One of :data:`pipeline.figures.FIGURES`.
    file_format
        ``png`` or ``svg``.
    """
    title, source = f"{name} of {heading(tree)}", str(tree.attrs.get("id", ""))
    return encoded(FIGURES[name](tree), file_format, title=title, source=source)
