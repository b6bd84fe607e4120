"""What pydantic found wrong, in one line for a person: the key, the value, what is allowed."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.configuration.data_table import DataConfig
from pipeline.configuration.held_out_table import HeldOutConfig
from pipeline.configuration.init_table import InitConfig
from pipeline.configuration.tables import AnalysisConfig, FlowConfig, RunConfig
from pipeline.configuration.wording import one_line, shown

_TABLES: dict[str, type[BaseModel]] = {
    "data": DataConfig, "init": InitConfig, "flow": FlowConfig, "analysis": AnalysisConfig,
}  # fmt: skip


_WORDS = {
    "int_type": "a whole number is allowed",
    "int_from_float": "a whole number is allowed",
    "float_type": "a number is allowed",
    "bool_type": "true or false is allowed",
    "string_type": "a text is allowed",
    "list_type": "a list or an array is allowed",
    "model_type": "a table of keys is allowed",
    "finite_number": "a finite number is allowed",
    "too_short": "at least {min_length} is allowed",
    "too_long": "at most {max_length} are allowed",
    "greater_than": "more than {gt} is allowed",
    "greater_than_equal": "at least {ge} is allowed",
    "less_than": "less than {lt} is allowed",
    "less_than_equal": "at most {le} is allowed",
    "literal_error": "allowed is {expected}",
}
"""What pydantic's kinds of errors mean to a person."""


def explain(error: ErrorDetails) -> str:
    """One line for the first thing that pydantic found wrong: the key, the value, what is allowed."""
    places = [place for place in error["loc"] if not str(place).startswith(("list[", "function-"))]
    key = ".".join(str(place) for place in places if isinstance(place, str))
    index = "".join(f"[{place}]" for place in places if isinstance(place, int))
    if error["type"] == "extra_forbidden":
        known = _keys(_table(places[:-1]))
        near = _meant(str(places[-1]), known)
        hint = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
        return one_line(f"{key} is not a known key{hint}: allowed are {', '.join(known)}")
    if error["type"] == "value_error":  # of a whole table; the message begins with the key
        return one_line(f"{key}{'.' if key else ''}{error['msg'].removeprefix('Value error, ')}")
    words = _WORDS.get(error["type"], error["msg"]).format(**error.get("ctx", {}))
    return one_line(f"{key}{index} = {shown(error['input'])}: {words}")


def _table(places: list[str | int]) -> type[BaseModel]:
    """The table that a place is in, as far as there is one."""
    if places == ["data", "test"]:
        return HeldOutConfig
    return _TABLES.get(str(places[0]), RunConfig) if places else RunConfig


def _meant(word: str, known: list[str]) -> list[str]:
    """The keys that a misspelt or misplaced one may mean: of its own table, else of any, with its name."""
    near = get_close_matches(word, known, n=1)
    if near:
        return near
    elsewhere = {name: _keys(table) for name, table in _TABLES.items()}
    closest = get_close_matches(word, {key for keys in elsewhere.values() for key in keys}, n=1)
    return [f"{name}.{key}" for name, keys in elsewhere.items() for key in keys if key in closest]


def _keys(table: type[BaseModel]) -> list[str]:
    return [name for name in table.model_fields if name not in ("name", "file_sha256")]
