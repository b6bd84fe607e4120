"""The neurons that are selected: by their numbers, or by a condition that follows the cursor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from dashboards.neurons.columns import NeuronColumns
from dashboards.neurons.condition import ConditionError, evaluate, quoted

NUMBERS_LIMIT = 2_000
"""Neurons that are selected by their numbers, at most."""
_NUMBERS = re.compile(r"\s*\d+(\s*-\s*\d+)?(\s*[,;\s]\s*\d+(\s*-\s*\d+)?)*\s*")


@dataclass(frozen=True)
class NeuronSelection:
    """What a visitor has selected.

    Attributes
    ----------
    numbers
        The numbers of neurons.
    condition
        A condition in their place; empty for none.
    """

    numbers: tuple[int, ...] = ()
    condition: str = ""

    def __bool__(self) -> bool:
        return bool(self.numbers or self.condition)

    def find(self, groups: Mapping[str, xr.Dataset], frame: int) -> list[int]:
        """Find the neurons of a run at an instant; numbers that the run does not have are left out.

        Raises
        ------
        ConditionError
            If the condition can't be evaluated.
        """
        if self.condition:
            columns = NeuronColumns(groups, frame)
            return np.flatnonzero(evaluate(self.condition, columns, columns.count)).tolist()
        count = groups["trajectory"].sizes["neuron"]
        return [number for number in self.numbers if 0 <= number < count]

    def query(self) -> dict[str, str | None]:
        """Write the selection as parameters of an address."""
        numbers = json.dumps(self.numbers, separators=(",", ":")) if self.numbers and not self.condition else None
        return {"select": numbers, "where": self.condition or None}

    def text(self) -> str:
        """Write the selection as a person types it."""
        return self.condition or ", ".join(map(str, self.numbers))


def read_query(query: Mapping[str, str], say: Callable[[str], None] = lambda _line: None) -> NeuronSelection:
    """Read the selection from an address; what is no number is left out, and said."""
    condition = query.get("where", "").strip()
    if condition:
        return NeuronSelection(condition=condition)
    said = query.get("select", "")
    numbers, left_out = read_numbers(said)
    if left_out:
        say(f"select = {quoted(said)} is not known: allowed are numbers of neurons, [3,17].")
    return NeuronSelection(tuple(numbers))


def read_text(text: str) -> NeuronSelection:
    """Read what a person has typed: numbers and ranges (``3, 17-20``), or a condition.

    Raises
    ------
    ConditionError
        If a range has too many numbers.

    Examples
    --------
    >>> read_text("3, 17-20").numbers, read_text("sliding").condition
    ((3, 17, 18, 19, 20), 'sliding')
    """
    text = " ".join(text.split())
    if not _NUMBERS.fullmatch(text):
        return NeuronSelection(condition=text)
    found: dict[int, None] = {}
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", text):
        start, stop = int(first), int(last or first) + 1
        if len(found) + max(0, stop - start) > NUMBERS_LIMIT:
            raise ConditionError(
                f"{text[:40]!r} are more than {NUMBERS_LIMIT:,} neurons; write a condition: 'neuron < {stop}'"
            )
        found |= dict.fromkeys(range(start, stop))
    return NeuronSelection(tuple(found))


def read_numbers(text: str) -> tuple[list[int], bool]:
    """Read a list of numbers from an address; and whether something in it is not a number, and left out."""
    try:
        found: Any = json.loads(text) if text else []
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        return [], True
    numbers = [number for number in found if type(number) is int][:NUMBERS_LIMIT]
    return numbers, len(numbers) < len(found)
