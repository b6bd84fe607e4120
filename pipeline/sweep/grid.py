"""The values of one swept key: a list, an evenly spaced range (also of the logarithm), or a count of seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pipeline.configuration import RunConfig
from pipeline.inputs.errors import RequestError

LARGEST = 10_000_000
"""The most cells of a sweep: a bound on what is expanded before a person sees anything."""
DIGITS = 12
"""Significant digits of a spaced value: 0.3, as one would type it, not 0.30000000000000004; a run's identity is
made of it, and powers may differ in the last digit from machine to machine."""
RANGES = {"start", "stop", "num", "log"}
PATHS = ("data.file", "init.file")


@dataclass(frozen=True)
class Axis:
    """One swept key and its values, in the grid's order.

    Attributes
    ----------
    key
        Dotted, for instance ``init.width``.
    values
        Distinct; whatever the key takes.
    """

    key: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        """Refuse an axis without values, or with one of them twice."""
        if not self.values:
            raise RequestError(f'grid."{self.key}" = []: at least one value is allowed')
        seen = set()
        for value in self.values:
            if canonical(value) in seen:
                raise RequestError(f'grid."{self.key}": the value {value!r} stands there twice; allowed is once')
            seen.add(canonical(value))


def canonical(value: Any) -> str:
    """Write a value so that equal ones are equal texts: 2 and 2.0 are, 1 and true are not."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return repr(int(value))
    return repr(value)


def axis(key: str, given: Any) -> Axis:
    """Expand what stands at one key of the grid.

    Raises
    ------
    RequestError

    Examples
    --------
    >>> axis("init.log10_scale", {"start": -2, "stop": -3, "num": 3}).values
    (-2, -2.5, -3)
    >>> axis("init.width", {"start": 4, "stop": 64, "num": 5, "log": True}).values
    (4, 8, 16, 32, 64)
    """
    if isinstance(given, list | tuple):
        return Axis(key, tuple(given))
    if not isinstance(given, Mapping):
        raise _refused(key, given, "a list, {start, stop, num} with or without log = true, or {count}")
    unknown = set(given) - (RANGES | {"count"})
    if unknown:
        word = sorted(unknown)[0]
        near = get_close_matches(word, sorted(RANGES | {"count"}), n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise RequestError(
            f'grid."{key}".{word} is not a known key{hint}: allowed are start, stop, num and log, or count'
        )
    if "count" in given:
        if set(given) != {"count"}:
            raise RequestError(
                f'grid."{key}".count: allowed alone, not beside {sorted(set(given) - {"count"})[0]}'
            )
        return Axis(key, tuple(range(_number_of(key, "count", given["count"]))))
    for word in ("start", "stop", "num"):
        if word not in given:
            raise RequestError(f'grid."{key}".{word} is missing: allowed are start, stop and num together')
    return Axis(key, _spaced(key, given))


def bounded(grid: Mapping[str, Any]) -> int:
    """Count the cells of a grid as it stands in its file, before anything is expanded.

    Raises
    ------
    RequestError
        If there are more than :data:`LARGEST`.
    """
    sizes = [_length(given) for given in grid.values()]
    cells = math.prod(sizes)
    if cells > LARGEST:
        shape = " x ".join(map(str, sizes))
        raise RequestError(f"grid = {shape} = {cells:,} cells: at most {LARGEST:,} are allowed")
    return cells


def takes_whole_numbers(key: str) -> bool:
    """Whether the configuration key takes whole numbers only."""
    annotation: Any = RunConfig
    for word in key.split("."):
        fields = getattr(annotation, "model_fields", {})
        if word not in fields:
            return False
        annotation = fields[word].annotation
    return annotation is int or any(int in (part, *get_args(part)) for part in get_args(annotation))


def flattened(table: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Walk over ``table``, whether its keys are quoted (``"init.width"``) or nested (``init.width``).

    Raises
    ------
    RequestError
        For a key that is in no table of the configuration.
    """
    for key, value in table.items():
        if "." in key:
            yield key, value
        elif isinstance(value, Mapping) and key in RunConfig.model_fields:
            yield from ((f"{key}.{word}", inner) for word, inner in value.items())
        else:
            raise RequestError(f"{name}.{key} is not a known key: allowed are keys such as init.width")


def _length(given: Any) -> int:
    """How many values this stands for; 1 where it is refused later."""
    length = given.get("num", given.get("count")) if isinstance(given, Mapping) else None
    if isinstance(given, list | tuple):
        length = len(given)
    return length if isinstance(length, int) and length > 0 else 1


def _spaced(key: str, given: Mapping[str, Any]) -> tuple[Any, ...]:
    start, stop = _finite(key, "start", given["start"]), _finite(key, "stop", given["stop"])
    num, log = _number_of(key, "num", given["num"]), given.get("log", False)
    if not isinstance(log, bool):
        raise _refused(f"{key}.log", log, "true or false", quoted=False)
    if num == 1 and start != stop:
        raise _refused(f"{key}.num", 1, "at least 2 where start and stop differ", quoted=False)
    if not log:
        return tuple(_typed(start + (stop - start) * i / max(1, num - 1)) for i in range(num))
    if not (start > 0 and stop > 0):
        raise _refused(f"{key}.start", start, "more than 0 for start and stop with log = true", quoted=False)
    shares = [i / max(1, num - 1) for i in range(num)]
    values = [start * math.exp(share * math.log(stop / start)) for share in shares]
    values[0], values[-1] = start, stop
    if takes_whole_numbers(key):
        return tuple(dict.fromkeys(round(value) for value in values))
    return tuple(_typed(value) for value in values)


def _typed(value: float) -> float | int:
    """The number that a person would have typed."""
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _finite(key: str, word: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(f"{key}.{word}", value, "a finite number", quoted=False)
    return float(value)


def _number_of(key: str, word: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise _refused(f"{key}.{word}", value, f"a whole number from 1 to {LARGEST:,}", quoted=False)
    return value


def _refused(key: str, value: Any, allowed: str, *, quoted: bool = True) -> RequestError:
    name = f'grid."{key}"' if quoted else f"grid.{key}"
    shown = repr(value) if not isinstance(value, bool) else str(value).lower()
    return RequestError(f"{name} = {shown[:60]}: allowed is {allowed}")
