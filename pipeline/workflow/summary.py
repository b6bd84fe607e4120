"""Reading a run's results off its groups."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import decode, flag_numbers, variable
from catalog.schema.blocks import at_instant
from pipeline.network.names import STRICT_SADDLE, plateau_name
from pipeline.statements import LIMIT_ENDS
from pipeline.workflow.results import Value, every_result

NAMED_COORDINATES_LIMIT = 6
"""How many coordinates are named."""
PLATEAU_COLUMNS = (
    "label", "start", "end", "loss", "distance", "kind", "negative_eigenvalues", "smallest_eigenvalue",
)  # fmt: skip
"""What is said of each plateau."""
LIMIT_COLUMNS = ("limit_number", "limit_loss", "limit_start")
"""What is said of its partner in the limit."""
DIRECTIONS_LIMIT = 50
"""How many extremal directions to which neurons go are listed."""


def summarise(run: xr.DataTree | Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Every scalar result of a run (a tree, or its groups), by the name of its column in the catalog's table.

    What is not known (a minimum norm where no network fits) or does not exist (t3 if nothing is fitted) is NaN.
    Of groups that a run of schema 1.0 does not have, nothing is said.
    """
    if isinstance(run, xr.DataTree):
        run = {name: node.to_dataset() for name, node in run.children.items()}
    reader = RunReader(run)
    found = {name: result.read(reader) for name, result in every_result().items()}
    return {name: value for name, value in found.items() if value is not None}


class RunReader:
    """A run whose results are read: its groups by their names."""

    groups: Mapping[str, xr.Dataset]

    def __init__(self, groups: Mapping[str, xr.Dataset]) -> None:
        """Take the groups; those that a run of an older schema does not have may be missing."""
        self.groups = groups

    def last(self, group: str, name: str) -> float:
        """The value at the end of the run."""
        return float(self.groups[group].variables[name][-1])

    def scalar(self, group: str, name: str) -> Value | None:
        """A variable without dimensions, a label as its word; None if there is none of that name."""
        found = self.groups[group].variables.get(name)
        if found is None:
            return None
        return str(decode(found)) if flag_numbers(found.attrs) else float(found)

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """The verdict on each statement of the paper, by its name."""
        if "statements" not in self.groups:
            return {}
        table = self.groups["statements"].variables
        return dict(zip(decode(table["statement"]).tolist(), decode(table["verdict"]).tolist(), strict=True))

    def sliding_neurons(self) -> int:
        """How many neurons end on the boundary of a data point, held there from both sides."""
        (last,) = at_instant(self.groups["trajectory"], -1, "activation")
        return int((last == variable("trajectory", "activation").flag("sliding")).any(axis=1).sum())

    def dead_neurons(self) -> int:
        """How many neurons end off at every data point."""
        (last,) = at_instant(self.groups["trajectory"], -1, "activation")
        return int((last == variable("trajectory", "activation").flag("off")).all(axis=1).sum())

    def coordinate_names(self) -> str:
        """What the coordinates are called: a column too many shows there."""
        names = str(self.groups["data"].variables["coord"].attrs.get("labels", "")).split()
        return ", ".join(names[:NAMED_COORDINATES_LIMIT] + ["..."] * (len(names) > NAMED_COORDINATES_LIMIT))

    def growth_rate(self, sign: str) -> float:
        """|D_+| or |D_-|."""
        return float(np.hypot.reduce(self.groups["data"].variables[f"growth_{sign}"].values))

    def number_of_plateaus(self) -> int | None:
        """At how many stationary points the flow lingers."""
        return self.size("plateaus", "plateau_number")

    def strict_saddles(self) -> int | None:
        """How many plateaus are at a strict saddle."""
        if "plateaus" not in self.groups:
            return None
        return int((decode(self.groups["plateaus"].variables["kind"]) == STRICT_SADDLE).sum())

    def plateau_table(self) -> str | None:
        """The plateaus as a table in JSON."""
        if "plateaus" not in self.groups:
            return None
        found = self.groups["plateaus"].variables
        columns = {name: _words_or_numbers(found[name]) for name in PLATEAU_COLUMNS}
        fitted = decode(found["fitted"]) == "fitted"
        columns["name"] = [plateau_name(label) for label in columns["label"]]
        columns["labels_fitted"] = fitted.sum(axis=1).tolist()
        columns["labels"] = [fitted.shape[1]] * len(fitted)
        if "limit_number" in found:
            columns |= {name: _words_or_numbers(found[name]) for name in LIMIT_COLUMNS}
        columns["reason"] = list(np.atleast_1d(found["kind"].attrs.get("reasons", [""] * len(fitted))))
        return json.dumps([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])

    def penalised_table(self) -> str | None:
        """The penalised minima as a table in JSON; None where none was asked for."""
        found = self.groups["minimal_norm"].variables
        if "penalised_loss" not in found:
            return None
        columns = {name: found[f"penalised_{name}"].values.tolist() for name in ("loss", "norm", "lower_bound")}
        columns = {"penalty": found["penalty"].values.tolist()} | columns
        return json.dumps([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])

    def direction_table(self) -> str | None:
        """The extremal directions to which neurons go as a table in JSON, the fastest first."""
        if "alignment" not in self.groups:
            return None
        found = self.groups["alignment"].variables
        partner, rate, sign = (found[name].values for name in ("partner", "predicted_rate", "predicted_sign"))
        kinds, rows = decode(found["kind"]), []
        for number in np.unique(partner[partner >= 0]):
            own = partner == number
            counts = {word: int((own & (sign == s)).sum()) for word, s in (("positive", 1), ("negative", -1))}
            rows.append(
                {
                    "number": int(number),
                    "direction": found["direction"].values[number].tolist()[:NAMED_COORDINATES_LIMIT],
                    "value": float(found["value"].values[number]),
                    "kind": str(kinds[number]),
                    "rate": float(rate[own].max()),
                    **counts,
                }
            )
        rows.sort(key=lambda row: -row["rate"])
        return json.dumps(rows[:DIRECTIONS_LIMIT])

    def limit_table(self) -> str | None:
        """The plateaus of the limit of small starts as a table in JSON."""
        if "jumps" not in self.groups:
            return None
        found = self.groups["jumps"].variables
        names = ("tau", "loss", "half_squared_norm", "labels_fitted", "measured_tau", "measured_loss")
        columns = {name: _words_or_numbers(found[name]) for name in names}
        # Whether it was followed to its end: the last row is that of the end.
        whole = self.groups["jumps"].attrs.get("reason") in LIMIT_ENDS
        columns["followed"] = [int(whole)] * len(columns["tau"])
        return json.dumps([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])

    def size(self, group: str, dim: str) -> int | None:
        """How many there are of something; None where a run does not have the group."""
        return self.groups[group].sizes[dim] if group in self.groups else None

    def last_number(self, group: str, name: str) -> float | None:
        """A value at the end of the run; None if there is none of that name."""
        return self.last(group, name) if name in getattr(self.groups.get(group), "variables", {}) else None

    def last_count(self, group: str, name: str) -> int | None:
        """A count at the end of the run; None if there is none of that name."""
        found = self.groups[group].variables if group in self.groups else {}
        return int(self.last(group, name)) if name in found else None


def _words_or_numbers(values: xr.Variable) -> list[Any]:
    if flag_numbers(values.attrs):
        return list(decode(values).tolist())
    return [None if number != number else number for number in values.values.tolist()]
