"""From a choice to plots, one for each run: read in a thread, with the words that describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
import xarray as xr

from dashboards.html_table import Table
from dashboards.neurons.condition import ConditionError
from dashboards.paper_notation import print_numbers
from dashboards.plots.slice_heat_map import create_heat_map
from dashboards.plots.slice_plots import Axis, Lines, create_lines_plot, cue, group_lines
from dashboards.plots.slice_scales import count_lost, make_scale
from dashboards.slices.reading import CHUNKS_AT_ONCE, Slice, read_slice
from dashboards.slices.regions import inside_region
from dashboards.slices.variables import Described, describe, find_array, places_along, words_along
from dashboards.theme import Theme
from dashboards.views.explore.choice import Choice
from pipeline.figures import neuron_roles

Numbers = npt.NDArray[np.float64]

WORDS_LIMIT = 40
"""Places along an axis whose words are written; more would overlap."""
ROWS_LIMIT, COLUMNS_LIMIT = 13, 8
"""Rows and columns of the table of values."""
NEAR = 0.04
"""Largest distance of a click from a value, as a share of the plot."""
NEURON = "neuron"
"""The dimension whose places can be selected."""


@dataclass(frozen=True)
class Drawn:
    """A slice of one run as a page shows it.

    Attributes
    ----------
    element
        The plot; None for a scalar, or where there is nothing to draw.
    sentence
        What is drawn, in words.
    table
        Some of its values.
    values
        All that is drawn, for a file; None where there is nothing.
    neurons
        The selected neurons of this run.
    whole
        Where x begins and ends without a window, on its axis.
    picture
        The slice itself, which finds the neuron at a click; None where there is nothing.
    complete
        Whether a second, finer reading would draw no more.
    """

    element: hv.Overlay | None
    sentence: str
    table: Table | None = None
    values: xr.DataArray | None = None
    neurons: tuple[int, ...] = ()
    whole: tuple[float, float] = (0.0, 1.0)
    picture: Picture | None = None
    complete: bool = True


def draw_slice(tree: xr.DataTree, choice: Choice, theme: Theme, chunks: int = CHUNKS_AT_ONCE) -> Drawn:
    """Draw a choice for one run.

    Parameters
    ----------
    tree
        Lazily opened.
    choice
        What is drawn; a run that has no such variable says so.
    theme
        The page's colours.
    chunks
        Chunks of the store to read at most.

    Raises
    ------
    CatalogError, ConditionError
        If the run can't be read, or the condition can't be evaluated.
    """
    group, _, name = choice.path.rpartition("/")
    array = find_array(tree, choice.path)
    if array is None:
        return Drawn(None, f"This run has no variable {choice.path}.")
    described = describe(array, group, name)
    if not array.ndim:
        return Drawn(None, f"{described.title} = {scalar_text(array, described)}. {described.comment}")
    if missing := [dim for dim in drawn_dims(choice) if dim not in array.dims]:
        return Drawn(None, f"Here the variable {choice.path} has no dimension {missing[0]}.")
    if empty := [dim for dim, size in array.sizes.items() if size == 0]:
        return Drawn(None, f"{described.title}: this run has no {str(empty[0]).replace('_', ' ')}.")
    at = {dim: min(place, array.sizes[dim] - 1) for dim, place in choice.layout.at.items()}
    layout = type(choice.layout)(**{**vars(choice.layout), "at": at})
    neurons = selected_neurons(tree, choice)
    found = read_slice(
        array, layout, kept=neurons if layout.lines == NEURON else (), alone=choice.alone, window=choice.window,
        chunks=chunks,
    )  # fmt: skip
    picture = Picture(tree, array, described, choice, found, tuple(neurons))
    return Drawn(
        picture.map(theme) if choice.kind == "map" and layout.lines else picture.lines(theme),
        picture.sentence(), picture.table(), found.values, tuple(neurons), picture.whole(), picture,
        found.complete,
    )  # fmt: skip


def drawn_dims(choice: Choice) -> list[str]:
    """List the dimensions that a choice names."""
    layout = choice.layout
    return [dim for dim in (layout.x, layout.lines, layout.colour, *layout.at) if dim]


def scalar_text(array: xr.DataArray, described: Described) -> str:
    """Write a scalar with its unit, or as its word."""
    value = array.values.item()
    if described.words:
        return described.words.get(int(value), str(value))
    text = f"{value:.8g}" if isinstance(value, float) else f"{value}"
    return f"{text} {described.units}".strip()


def selected_neurons(tree: xr.DataTree, choice: Choice) -> list[int]:
    """Find the selected neurons of a run; a condition is evaluated at the time of the slider, else at the end."""
    if not choice.neurons or "trajectory" not in tree.children:
        return []
    names = [name for name in ("data", "trajectory", "phases") if name in tree.children]
    groups = {name: tree[name].to_dataset() for name in names}
    last = groups["trajectory"].sizes["time"] - 1
    try:
        return choice.neurons.find(groups, min(choice.layout.at.get("time", last), last))
    except KeyError as error:
        raise ConditionError(f"this run has no variable {error} for the condition") from None


@dataclass(frozen=True)
class Picture:
    """One slice, with what its plots and words need."""

    tree: xr.DataTree
    array: xr.DataArray
    described: Described
    choice: Choice
    found: Slice
    neurons: tuple[int, ...]

    def numbers(self) -> Numbers:
        """Return the values as numbers, with colours, lines and x: float64[colours, lines, places].

        Labels without a meaning, which stand for a missing chunk, are NaN.
        """
        values = np.asarray(self.found.values.values, dtype=np.float64)
        if self.described.words:
            values = np.where(np.isin(values, list(self.described.words)), values, np.nan)
        shape = (len(self.found.colours), len(self.found.lines), len(self.found.along))
        return values.reshape(shape)

    @property
    def of_neurons(self) -> bool:
        """Whether the lines, the rows or the places along x are neurons."""
        return NEURON in (self.choice.layout.lines, self.choice.layout.x)

    def places(self) -> Numbers:
        """Return the values of x."""
        return places_along(self.array, self.choice.layout.x)[self.found.along]

    def whole(self) -> tuple[float, float]:
        """Return where x begins and ends without a window, on its axis."""
        every = places_along(self.array, self.choice.layout.x)
        known = make_scale(self.choice.x_scale, every).transform(every)
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)

    def axes(self) -> tuple[Axis, Axis]:
        """Describe the axes of x and of the values."""
        values, along = self.numbers(), self.places()
        words = self.described.words
        y = Axis(self.described.axis_label, words={float(key): word for key, word in words.items()} or None)
        if words:
            seen = set(np.unique(values[np.isfinite(values)]).tolist())
            y = Axis(y.label, words={key: word for key, word in (y.words or {}).items() if key in seen} or y.words)
        else:
            y = Axis(y.label, make_scale(self.choice.y_scale, values))
        return self.axis_along(self.choice.layout.x, self.found.along, make_scale(self.choice.x_scale, along)), y

    def axis_along(self, dim: str, places: Sequence[int] | npt.NDArray[np.intp], scale: Any) -> Axis:
        """Describe the axis of a dimension."""
        words = words_along(self.array, dim)
        named = None
        if words is not None and len(places) <= WORDS_LIMIT:
            at = places_along(self.array, dim)
            named = {float(at[place]): words[place] for place in places}
        return Axis(title_of(self.array, dim), scale if named is None else make_scale("linear", []), named)

    def names(self, dim: str, places: npt.NDArray[np.intp]) -> list[str]:
        """Name the places of a dimension: ``neuron 17``, ``point 0``, ``x``."""
        words = words_along(self.array, dim) if dim else None
        at = places_along(self.array, dim) if dim else np.zeros(0)
        spoken = dim.replace("_", " ")
        return [
            "" if not dim else words[place] if words is not None else f"{spoken} {at[place]:.6g}"
            for place in places
        ]

    def marks(self, dim: str, places: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Return the numbers of the places of a dimension, or their words: what a tooltip says."""
        words = words_along(self.array, dim) if dim else None
        if words is not None:
            return np.array([words[place] for place in places])
        return places_along(self.array, dim)[places] if dim else np.zeros(len(places))

    def roles(self) -> npt.NDArray[np.str_] | None:
        """Return the roles of the lines' neurons; None if the lines are no neurons, or roles are not known."""
        if self.choice.layout.lines != NEURON or "phases" not in self.tree.children:
            return None
        phases = self.tree["phases"].to_dataset()
        if "role" not in phases or phases["role"].sizes.get(NEURON) != self.array.sizes[NEURON]:
            return None
        return np.asarray(neuron_roles(self.tree, missing="other")[self.found.lines])

    def lines(self, theme: Theme) -> hv.Overlay:
        """Draw lines or points."""
        layout, values = self.choice.layout, self.numbers()
        names = self.marks(layout.lines, self.found.lines)
        if layout.colour:
            colours = self.names(layout.colour, self.found.colours)
            groups = [Lines(colour, values[number], names, *cue(number)) for number, colour in enumerate(colours)]
        else:
            groups = group_lines(values[0], names, self.roles(), layout.lines.replace("_", " "))
        marked = None
        if layout.lines == NEURON and self.neurons and not self.choice.alone:
            rows = np.isin(self.found.lines, self.neurons)
            lines = np.concatenate(values[:, rows])
            marked = Lines("selected", lines, np.tile(names[rows], len(values)), theme.accent)
        return create_lines_plot(
            self.places(), groups, marked, self.axes(), theme, points=self.choice.kind == "points"
        )

    def map(self, theme: Theme) -> hv.Overlay:
        """Draw a heat map of the lines over x."""
        dim = self.choice.layout.lines
        across, values = self.axes()
        rows = places_along(self.array, dim)[self.found.lines]
        kept = np.isin(self.found.lines, self.neurons) if dim == NEURON and self.neurons else None
        up = self.axis_along(dim, self.found.lines, make_scale("linear", []))
        return create_heat_map(self.places(), rows, self.numbers()[0], (across, up, values), theme, marked=kept)

    def neuron_at(self, x: float, y: float, limits: tuple[float, float, float, float]) -> int | None:
        """Find the neuron at a place of the plot; None where there is none near.

        Parameters
        ----------
        x, y
            The place, on the axes.
        limits
            Left, right, bottom and top of the plot.
        """
        layout, (across, up) = self.choice.layout, self.axes()
        left, right, bottom, top = limits
        at = across.scale.transform(self.places())
        column = int(np.nanargmin(np.abs(at - x))) if np.isfinite(at).any() else 0
        if layout.lines == NEURON and self.choice.kind == "map":
            row = round(y)
            return int(self.found.lines[row]) if 0 <= row < len(self.found.lines) else None
        values = up.scale.transform(self.numbers()[:, :, column])
        away = np.abs(values - y) / (abs(top - bottom) or 1.0)
        if not np.isfinite(away).any() or np.nanmin(away) > NEAR or abs(at[column] - x) > NEAR * abs(right - left):
            return None
        if layout.x == NEURON:
            return int(self.found.along[column])
        if layout.lines != NEURON:
            return None
        return int(self.found.lines[np.unravel_index(np.nanargmin(away), away.shape)[1]])

    def neurons_in(self, region: Mapping[str, Any]) -> tuple[int, ...]:
        """List the neurons of which a drawn value is in a part of the plot, given as Bokeh says it."""
        layout, (across, up) = self.choice.layout, self.axes()
        at = across.scale.transform(self.places())
        if layout.lines == NEURON and self.choice.kind == "map":
            rows = np.arange(len(self.found.lines), dtype=float)[:, None]
            taken = inside_region(region, at[None, :], rows)[None]
        else:
            taken = inside_region(region, at[None, None, :], up.scale.transform(self.numbers()))
        if layout.x == NEURON:
            return tuple(self.found.along[taken.any(axis=(0, 1))].tolist())
        return tuple(self.found.lines[taken.any(axis=(0, 2))].tolist()) if layout.lines == NEURON else ()

    def sentence(self) -> str:
        """Say what is drawn, how much of it, and where the other dimensions are."""
        layout, found = self.choice.layout, self.found
        values = self.numbers()
        known = values[np.isfinite(values)]
        said = [f"Shown is {self.described.title} over {title_of(self.array, layout.x)}"]
        if known.size and not self.described.words:
            said.append(print_numbers(f"from {known.min():.4g} to {known.max():.4g}"))
        for dim, place in layout.at.items():
            said.append(f"at {self.place_text(dim, place)}")
        text = ", ".join(said) + "."
        dims, read = (layout.x, layout.lines, layout.colour), (found.along, found.lines, found.colours)
        for dim, size, places in zip(dims, found.sizes, read, strict=True):
            if dim and len(places) < size and not (self.choice.alone and dim == NEURON):
                text += f" Drawn are {len(places):,} of {size:,} {plural(dim)}, evenly spread."
        if lost := count_lost(make_scale(self.choice.y_scale, known), known) if not self.described.words else 0:
            text += f" {lost:,} values are 0 or negative: a logarithmic axis has no place for them, symlog has."
        if NEURON in self.array.dims and self.choice.neurons:
            text += f" Selected: {neurons_text(self.neurons)}." if self.neurons else " No neuron is selected here."
        return text

    def place_text(self, dim: str, place: int) -> str:
        """Write the place of a slider: ``time = 5.556``, ``coord bias``."""
        words = words_along(self.array, dim)
        spoken = dim.replace("_", " ")
        return f"{spoken} {words[place]}" if words else f"{spoken} = {places_along(self.array, dim)[place]:.5g}"

    def table(self) -> Table:
        """Tabulate some of the values: for screen readers, and for exact numbers."""
        layout, values = self.choice.layout, self.numbers()
        names = self.names(layout.lines, self.found.lines)
        colours = self.names(layout.colour, self.found.colours)
        heads = [f"{name} {colour}".strip() or self.described.title for colour in colours for name in names]
        flat = values.reshape(-1, values.shape[-1])
        first = (
            np.isin(self.found.lines, self.neurons) if layout.lines == NEURON else np.zeros(len(names), dtype=bool)
        )
        order = np.argsort(~np.tile(first, len(colours)), kind="stable")[:COLUMNS_LIMIT]
        chosen = np.unique(np.linspace(0, values.shape[-1] - 1, ROWS_LIMIT).astype(int))
        along = self.names(layout.x, self.found.along)
        words = self.described.words
        rows = [
            [along[place], *(words.get(int(v), "?") if words and np.isfinite(v) else number_text(v)
                             for v in flat[order, place])]
            for place in chosen
        ]  # fmt: skip
        return Table(
            f"Some values of {self.described.title}", (layout.x, *(heads[column] for column in order)), rows
        )


def number_text(value: float) -> str:
    """Write a number with five digits; a dash where there is none."""
    return f"{value:.5g}" if np.isfinite(value) else "–"


def title_of(array: xr.DataArray, dim: str) -> str:
    """Name a dimension as its coordinate does."""
    if dim not in array.coords:
        return dim.replace("_", " ")
    attributes = array.coords[dim].attrs
    units = str(attributes.get("units", "1"))
    name = str(attributes.get("long_name") or dim.replace("_", " "))
    return name if units == "1" else f"{name} [{units}]"


def plural(dim: str) -> str:
    """Name several places of a dimension."""
    words = dim.replace("_", " ")
    return "instants" if words == "time" else words if words.endswith("s") else f"{words}s"


def neurons_text(neurons: Sequence[int], most: int = 12) -> str:
    """List neurons: ``3, 17 and 5 more``."""
    listed = ", ".join(map(str, neurons[:most]))
    return listed if len(neurons) <= most else f"{listed} and {len(neurons) - most:,} more"
