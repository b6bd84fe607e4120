"""Labelled datasets that conform to the schema: made of arrays, or validated; and their labels as words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from xarray.indexes import PandasIndex

from catalog.schema.blocks import as_type
from catalog.schema.groups import COORDINATES, STAGES
from catalog.schema.specification import Variable

LONGEST_SHARED_INDEX = 4096
"""Up to how many entries the index of a counted dimension is kept for the next run: 32 KB."""

_SPECIFIED = {group: {found.name: found for found in variables} for group, variables in STAGES.items()}


def variable(group: str, name: str) -> Variable:
    """The specification of one variable of one group.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    found = _SPECIFIED[group].get(name)
    if found is None:
        raise KeyError(f"{group}/{name}")
    return found


def flag_numbers(attributes: Mapping[str, Any]) -> dict[str, int]:
    """The number of each word of a label, from the CF attributes ``flag_values`` and ``flag_meanings``.

    Nothing for a variable that is no label, or whose attributes contradict each other.

    Raises
    ------
    ValueError
        If the attributes are no mapping.
    """
    if not isinstance(attributes, Mapping):
        raise ValueError(f"attributes is a {type(attributes).__name__}: a dictionary is allowed")
    words = str(attributes.get("flag_meanings", "")).split()
    numbers = np.atleast_1d(attributes.get("flag_values", [])).tolist()
    return dict(zip(words, numbers, strict=True)) if len(words) == len(numbers) else {}


def decode(labels: xr.DataArray | xr.Variable, missing: str | None = None) -> np.ndarray:
    """The words of labels, by their own attributes: a run in a catalog and one in memory read alike.

    Parameters
    ----------
    labels
        Of any shape.
    missing
        What stands for a number without a meaning; None: it is refused.

    Returns
    -------
    str[...]
        In the shape of ``labels``.

    Raises
    ------
    ValueError
        If a number has no meaning: a chunk was lost, and reads as the fill value.

    Examples
    --------
    >>> role = xr.Variable("neuron", [3, 1, 3], variable("phases", "role").attributes)
    >>> decode(role).tolist()
    ['other', 'positive', 'other']
    """
    if not isinstance(labels, xr.DataArray | xr.Variable):
        raise ValueError(f"labels is a {type(labels).__name__}: a DataArray with flag_meanings is allowed")
    words = {number: word for word, number in flag_numbers(labels.attrs).items()}
    numbers = np.asarray(labels.values)
    found, places = np.unique(numbers, return_inverse=True)
    lost = sorted(set(found.tolist()) - words.keys())
    if lost and missing is None:
        raise ValueError(f"{getattr(labels, 'name', None) or 'labels'} has values without a meaning: {lost}")
    return np.array([words.get(number, missing) for number in found.tolist()], dtype=str)[places].reshape(
        numbers.shape
    )


def conform(group: str, values: dict[str, Any], attributes: dict[str, Any] | None = None) -> xr.Dataset:
    """Make the labelled dataset of a stage: each array under its specified dims, type and attributes.

    Parameters
    ----------
    group
        A key of :data:`STAGES`.
    values
        The arrays by name; coordinates (``time``, ...) among them. Index coordinates that are not given
        are counted from 0.
    attributes
        Attributes of the dataset.

    Raises
    ------
    ValueError
        If a variable is missing, unknown, or of the wrong rank.
    """
    specified = _variables_of(group)
    unknown = set(values) - set(specified) - set(COORDINATES)
    missing = {name for name, spec in specified.items() if not spec.optional} - set(values)
    if unknown or missing:
        raise ValueError(f"{group}: unknown variables {sorted(unknown)}, missing {sorted(missing)}")
    variables: dict[str, xr.Variable] = {}
    for name, spec in specified.items():
        if name in values:
            array = as_type(values[name], spec.dtype)
            if array.ndim != len(spec.dims):
                raise ValueError(f"{group}/{name}: {array.ndim} dimensions, specified are {spec.dims}")
            variables[name] = xr.Variable(spec.dims, array, spec.attributes)
    sizes = {str(dim): size for v in variables.values() for dim, size in zip(v.dims, v.shape, strict=True)}
    return xr.Dataset(variables, _coordinates_of(sizes, values), attributes or {})


def _coordinates_of(sizes: dict[str, int], values: dict[str, Any]) -> xr.Coordinates:
    """Make the coordinates of dimensions of these sizes with their indexes, which xarray would make twice."""
    coordinates: dict[Any, xr.Variable] = {}
    indexes: dict[Any, PandasIndex] = {}
    for dim, size in sizes.items():
        if dim in values:
            indexes[dim] = PandasIndex(np.asarray(values[dim], dtype=COORDINATES[dim].dtype), dim)
        else:
            indexes[dim] = _counted(dim, size) if size <= LONGEST_SHARED_INDEX else _counted.__wrapped__(dim, size)
        coordinates |= indexes[dim].create_variables()
        coordinates[dim].attrs.update(COORDINATES[dim].attributes)
    return xr.Coordinates(coordinates, indexes)


def _variables_of(group: str) -> dict[str, Variable]:
    found = _SPECIFIED.get(group) if isinstance(group, str) else None
    if found is None:
        raise ValueError(f"group = {group!r}: allowed are {', '.join(_SPECIFIED)}")
    return found


@lru_cache(maxsize=256)
def _counted(dim: str, size: int) -> PandasIndex:
    """The index that counts from 0; indexes never change, so that runs of the same sizes share theirs."""
    return PandasIndex(np.arange(size, dtype=COORDINATES[dim].dtype), dim)


def validate(group: str, dataset: xr.Dataset, name: str | None = None) -> xr.Dataset:
    """Return ``dataset`` with every variable of ``group`` in its order of dimensions and its type.

    Unchanged if it has that form already, as every stage makes it. Where a dimension that is counted from 0 has no
    coordinate, it gets one.

    Parameters
    ----------
    group
        A key of :data:`STAGES`.
    dataset
        What is validated.
    name
        What the caller calls it, for the message; None: as the group is called.

    Raises
    ------
    ValueError
        If it is no Dataset; else naming the first variable that is missing, or has other dimensions or another
        kind of type.
    """
    name = group if name is None else name
    if not isinstance(dataset, xr.Dataset | xr.DataTree):  # a group of a tree has variables too
        raise ValueError(f"{name} is a {type(dataset).__name__}: a Dataset is allowed")
    variables = dataset.variables  # not dataset[name]: an array with its coordinates takes ten times as long
    changed: dict[str, xr.Variable] = {}
    for spec in _variables_of(group).values():
        found = variables.get(spec.name)
        if found is None:
            if spec.optional:
                continue
            raise ValueError(f"{name}/{spec.name} is missing: {spec.doc}")
        if found.dims != spec.dims:
            if sorted(map(str, found.dims)) != sorted(spec.dims):
                raise ValueError(f"{name}/{spec.name} has dims {found.dims}, allowed is {spec.dims}")
            found = changed[spec.name] = found.transpose(*spec.dims)
        if found.dtype != spec.dtype:
            if not np.can_cast(found.dtype, np.dtype(spec.dtype), casting="same_kind"):
                raise ValueError(f"{name}/{spec.name} is {found.dtype}, allowed is {spec.dtype}")
            changed[spec.name] = found.astype(spec.dtype)
        for dim in spec.dims:
            if dim not in variables and COORDINATES[dim].dtype != "int64":
                raise ValueError(f"{name}/{dim} is missing: {COORDINATES[dim].doc}")
    uncounted = {dim: dataset.sizes[dim] for dim in dataset.dims if dim in COORDINATES and dim not in variables}
    if not changed and not uncounted:
        return dataset
    return dataset.assign(changed).assign_coords(_coordinates_of({str(d): n for d, n in uncounted.items()}, {}))
