"""What the tables of a configuration are made of: their strictness, and the kinds of values that keys take."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.configuration.wording import shown
from pipeline.inputs.arguments import COUNT

UNSET = " (--set KEY= unsets a key, None in Python)"
"""What helps where a preset or a file says a key that is in the way."""


class Keys(BaseModel):
    """A table of keys: unknown ones are errors, and nothing is taken for what it is not."""

    # Strict: else `width = true` would be a width of 1, and `y = ["1"]` a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _whole(value: Any) -> Any:
    """Take 60.0 for 60 (a sweep's grid is made of floats), and leave 2.5 to be refused."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rows(value: Any) -> Any:
    """Take ``[1, 2]`` for ``[[1], [2]]``: one number is a point of one coordinate."""
    if isinstance(value, list) and value and all(isinstance(row, int | float) for row in value):
        return [[row] for row in value]
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[Whole, Field(ge=COUNT.least, le=COUNT.most)]
Seed = Annotated[Whole, Field(ge=0)]
Penalties = Annotated[
    list[Annotated[float, Field(gt=0)]],
    BeforeValidator(lambda value: value if isinstance(value, list) else [value]),
    Field(min_length=1, max_length=1000),
]
Numbers = Annotated[list[float], Field(min_length=1)]
Rows = Annotated[list[list[float]], BeforeValidator(_rows), Field(min_length=1)]


def counted(number: int, thing: str) -> str:
    """``1 label``, ``2 labels``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def uneven(key: str, rows: list[list[float]]) -> str | None:
    """What is wrong with rows that are not all of one length."""
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1 or lengths == [0]:
        return f"{key} has rows of {' and '.join(map(str, lengths))} numbers: allowed is one length of at least 1"
    return None


def misplaced(table: Keys, choice: str, meant: Mapping[str, frozenset[str]]) -> str | None:
    """What is wrong if a key says something where it means nothing.

    Parameters
    ----------
    table
        The table, whose key ``choice`` decides which others mean something.
    meant
        For each value of ``choice`` the keys that mean something with it. Keys in none of the sets always do.

    Notes
    -----
    A key that stands at its default says nothing: a resolved configuration, which spells out every default,
    is a configuration again.
    """
    chosen = getattr(table, choice)
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        places = [repr(name) for name, keys in meant.items() if key in keys]
        if places and key not in meant[chosen] and value != field.default:
            said = shown(Path(value).name if key == "file" else value)
            listed = " or ".join(filter(None, [", ".join(places[:-1]), places[-1]]))
            return f"{key} = {said}: allowed with {choice} = {listed} only, not with {chosen!r}"
    return None
