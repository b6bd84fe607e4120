"""The variables of a tree, with labels, units and words from their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from catalog import flag_numbers
from dashboards.paper_notation import typeset


@dataclass(frozen=True)
class Described:
    """A variable as its attributes describe it.

    Attributes
    ----------
    path
        ``group/variable``; the group is empty for a variable of the root.
    sizes
        The lengths of its dimensions, in their order.
    title, units, comment
        Its long name in the paper's notation, its unit (empty for none), and what it means.
    words
        The words of its flags by their numbers; empty if it has none.
    """

    path: str
    sizes: Mapping[str, int]
    title: str
    units: str = ""
    comment: str = ""
    words: Mapping[int, str] = field(default_factory=dict)

    @property
    def axis_label(self) -> str:
        """The title with the unit, as on an axis."""
        return f"{self.title} [{self.units}]" if self.units else self.title


def find_array(tree: xr.DataTree, path: str) -> xr.DataArray | None:
    """Find a variable by its path; None if the tree has none such."""
    group, _, name = path.rpartition("/")
    if (group and group not in tree) or name not in tree[f"/{group}"].data_vars:
        return None
    found: xr.DataArray = tree[f"/{group}"].to_dataset()[name]
    return found


def group_names(tree: xr.DataTree) -> list[str]:
    """List the groups that have variables, by their paths without the first slash."""
    return [node.path.strip("/") for node in tree.subtree if node.data_vars]


def describe_group(tree: xr.DataTree, group: str) -> dict[str, Described]:
    """Describe the variables of a group by their names; those with the most dimensions first."""
    found = {str(name): describe(array, group, str(name)) for name, array in tree[f"/{group}"].data_vars.items()}
    return dict(sorted(found.items(), key=lambda item: -len(item[1].sizes)))


def describe(array: xr.DataArray, group: str, name: str) -> Described:
    """Describe one variable."""
    attributes = array.attrs
    units = str(attributes.get("units", ""))
    return Described(
        path=f"{group}/{name}",
        sizes={str(dim): int(size) for dim, size in array.sizes.items()},
        title=typeset(str(attributes.get("long_name") or name.replace("_", " "))),
        units="" if units == "1" else units,
        comment=typeset(str(attributes.get("comment", ""))),
        words=flag_words(attributes),
    )


def flag_words(attributes: Mapping[str, object]) -> dict[int, str]:
    """Read the words of CF flags by their numbers; empty where there are none or they do not fit together."""
    return {int(number): word.replace("_", " ") for word, number in flag_numbers(attributes).items()}


def places_along(array: xr.DataArray, dim: str) -> np.ndarray:
    """Return the coordinate of a dimension as numbers; without a coordinate of numbers, 0, 1, 2, ..."""
    if dim in array.coords and array.coords[dim].dtype.kind in "iuf":
        return np.asarray(array.coords[dim].values, dtype=np.float64)
    return np.arange(array.sizes[dim], dtype=np.float64)


def words_along(array: xr.DataArray, dim: str) -> list[str] | None:
    """Return the words of the places of a dimension: texts, flags, or the labels of its attributes.

    None where its places are plain numbers.
    """
    if dim not in array.coords:
        return None
    coordinate = array.coords[dim]
    if coordinate.dtype.kind in "UOT":
        return [str(value) for value in coordinate.values]
    flags = flag_words(coordinate.attrs)
    if flags:
        return [flags.get(int(value), str(value)) for value in coordinate.values]
    labels = coordinate.attrs.get("labels")
    found = labels.split() if isinstance(labels, str) else [str(one) for one in labels or ()]
    return found if len(found) == array.sizes[dim] else None
