"""The paper's three figures, drawn from a run, and the theory's laws.

In comes the tree of a run (groups data, trajectory, phases, minimal_norm); out go Matplotlib figures and their
files. Each figure is one pure function in one file: ``timeline`` (figure 1), ``snapshots`` (figure 2; its four
``moments``, its panels in ``kinks`` for one-dimensional data, ``cosines`` for orthogonal inputs and ``polar``
for all others, chosen in ``panels``, what they draw in ``network``), ``loss`` (figure 3). ``animation`` is
figures 2 and 3 in motion (its frames in ``frames`` and ``film``, its files in ``encoding``). ``laws``,
``staircase`` and ``penalty_path`` draw the cubes of ``pipeline.theory``. ``style`` says how figures look,
``reading`` what they read, ``writing`` how they become files. Nothing here computes a result, knows the catalog or
touches pyplot. This is the only package that imports Matplotlib: import it only to draw.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from pipeline.figures.animation import ANIMATIONS, animation, frame_count, write_animations
from pipeline.figures.encoding import unavailable
from pipeline.figures.kinks import FinalFunctions, Plane
from pipeline.figures.laws import ladder_figure, threshold_figure, width_figure
from pipeline.figures.loss import loss_figure
from pipeline.figures.network import State, read_state, thinned
from pipeline.figures.penalty_path import penalty_figure
from pipeline.figures.polar import SIGNS, View, place
from pipeline.figures.reading import (
    Interval,
    Run,
    growth_sizes,
    heading,
    in_the_papers_setting,
    intervals,
    measured_times,
    one_input,
    orthogonal,
    phase_order,
    power_text,
    refuse_no_run,
    scale_text,
    shown_until,
    time_text,
)
from pipeline.figures.roles import neuron_roles, occurring
from pipeline.figures.snapshots import snapshots_figure
from pipeline.figures.staircase import staircase_figure
from pipeline.figures.style import PHASES, ROLES
from pipeline.figures.timeline import predicted_times, timeline_end, timeline_figure
from pipeline.figures.writing import FORMATS, encoded, replace_file
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import dataset, folder
from pipeline.network.names import kind_in_words, plateau_name

__all__ = [
    "ANIMATIONS",
    "FIGURES",
    "FORMATS",
    "LAWS",
    "PHASES",
    "ROLES",
    "SIGNS",
    "FinalFunctions",
    "Interval",
    "Plane",
    "Run",
    "State",
    "View",
    "animation",
    "encoded",
    "frame_count",
    "growth_sizes",
    "heading",
    "in_the_papers_setting",
    "intervals",
    "kind_in_words",
    "loss_figure",
    "measured_times",
    "neuron_roles",
    "occurring",
    "one_input",
    "orthogonal",
    "penalty_figure",
    "phase_order",
    "place",
    "plateau_name",
    "power_text",
    "predicted_times",
    "read_state",
    "scale_text",
    "shown_until",
    "snapshots_figure",
    "staircase_figure",
    "thinned",
    "time_text",
    "timeline_end",
    "timeline_figure",
    "unavailable",
    "write_animations",
    "write_figures",
    "write_law",
]

FIGURES: dict[str, Callable[[xr.DataTree], Figure]] = {
    "figure-1-timeline": timeline_figure,
    "figure-2-states": snapshots_figure,
    "figure-3-loss": loss_figure,
}
"""Each figure's file name and the function that draws it."""

LAWS: dict[str, Callable[[xr.Dataset], Figure]] = {
    "ladder": ladder_figure,
    "limit": staircase_figure,
    "minimum": penalty_figure,
    "width": width_figure,
    "threshold": threshold_figure,
}
"""What draws each law of the theory."""


def write_law(law: xr.Dataset, out: Path, *, source: str = "") -> list[Path]:
    """Write the figure of one of the theory's laws as PNG and SVG, and return the files.

    Parameters
    ----------
    law
        A cube of ``pipeline.theory``; its attribute ``law`` says which.
    out
        The folder; made if it is not there. Files of the same names are replaced, each at once and whole.
    source
        The name of the cube, kept in the files' metadata.

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    """
    law, out = dataset("law", law, "one of pipeline.theory's laws"), folder("out", out)
    which = str(law.attrs.get("law"))
    if which not in LAWS:
        raise RequestError(f"law.attrs['law'] = {which!r}: allowed are {', '.join(LAWS)}")
    out.mkdir(parents=True, exist_ok=True)
    name = f"{which}-{law.attrs['name']}" if "name" in law.attrs else which
    return _written(LAWS[which](law), out / f"theory-{name}", f"{which} law", source)


def write_figures(tree: xr.DataTree, out: Path) -> list[Path]:
    """Write every figure of :data:`FIGURES` as PNG and SVG, and return the files in that order.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm.
    out
        The folder; made if it is not there. Files of the same names are replaced, each at once and whole.

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    """
    refuse_no_run(tree)
    out = folder("out", out)
    out.mkdir(parents=True, exist_ok=True)
    source = str(tree.attrs.get("id", ""))
    return [
        path
        for name, draw in FIGURES.items()
        for path in _written(draw(tree), out / name, f"{name} of {heading(tree)}", source)
    ]


def _written(figure: Figure, stem: Path, title: str, source: str) -> list[Path]:
    """Write a figure in every format beside the others of its name."""
    paths = [stem.with_name(f"{stem.name}.{file_format}") for file_format in FORMATS]
    for path, file_format in zip(paths, FORMATS, strict=True):
        replace_file(path, encoded(figure, file_format, title=title, source=source))
    return paths
