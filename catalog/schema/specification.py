"""What one variable is: its name, dimensions, type, units and meaning, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

FILL_LABEL = -1
"""What a label or an index reads as where nothing was written. None is ever this: missing data are recognised."""

FILL_SIGN = 0
"""The same for a sign, which is +1 or -1."""


@dataclass(frozen=True)
class Variable:
    """What one variable is.

    Attributes
    ----------
    name, dims, dtype
        The public name, its dimensions in storage order, and its NumPy type.
    units
        UDUNITS text; ``"1"`` for a pure number. The paper's time has no unit of its own.
    long_name
        What a plot's axis says.
    doc
        One sentence of meaning with the paper's symbols.
    flags
        For a label: the meanings of the values 1, 2, ... in order (CF ``flag_values``/``flag_meanings``).
    optional
        A stage may leave it out (a quantity that does not exist for every data set).
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    long_name: str
    doc: str
    units: str = "1"
    flags: tuple[str, ...] = ()
    optional: bool = False

    def __post_init__(self) -> None:
        """Refuse a specification that contradicts itself."""
        if self.flags and self.dtype != "int8":
            raise ValueError(f"{self.name}: a label is int8, not {self.dtype}")
        if len(set(self.flags)) != len(self.flags) or any(" " in flag for flag in self.flags):
            raise ValueError(f"{self.name}: flag meanings are distinct single words, not {self.flags}")

    @property
    def attributes(self) -> dict[str, Any]:
        """The CF attributes of this variable, in memory and on disk."""
        # ISO 19115's word for it, which ACDD asks for. No CF standard name fits any of these quantities.
        content = "coordinate" if self.dims == (self.name,) else "modelResult"
        attributes: dict[str, Any] = {
            "long_name": self.long_name,
            "comment": self.doc,
            "coverage_content_type": content,
        }
        if self.flags:
            attributes["flag_values"] = np.arange(1, len(self.flags) + 1, dtype="int8")
            attributes["flag_meanings"] = " ".join(self.flags)
        else:
            attributes["units"] = self.units
        return attributes

    @property
    def fill_value(self) -> float | int:
        """The value that Zarr returns for a missing chunk, which is never a valid value."""
        if np.issubdtype(np.dtype(self.dtype), np.floating):
            return float("nan")
        return FILL_SIGN if self.dtype == "int8" and not self.flags else FILL_LABEL

    def flag(self, meaning: str) -> int:
        """The number that stands for ``meaning``.

        Raises
        ------
        ValueError
            If this variable has no such label.
        """
        return self.flags.index(meaning) + 1
