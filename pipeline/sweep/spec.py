"""What a sweep is asked to be: its file read, its grid expanded, every mistake in it one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.configuration import DATA_FILES, RunConfig, presets, read_toml, run_name
from pipeline.inputs.arguments import shown
from pipeline.inputs.errors import RequestError
from pipeline.sweep.grid import PATHS, Axis, axis, bounded, flattened

KEYS = ("base", "set", "trajectories", "title", "description", "grid")


@dataclass(frozen=True)
class SweepSpec:
    """A base and a grid over its keys.

    Attributes
    ----------
    name
        The readable part of the sweep's identity: its file's stem.
    base
        A preset's name, or the path of a TOML, CSV or npz file.
    axes
        The swept keys with their values, in the grid's order.
    settings
        Dotted overrides of the base, the same for every cell.
    trajectories
        Whether each cell's run is published too.
    title, description
        For people.
    """

    name: str
    base: str | Path
    axes: tuple[Axis, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    trajectories: bool = False
    title: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a grid that is empty, too large, or at odds with the settings."""
        if not self.axes:
            raise RequestError("grid is missing: at least one key with its values is allowed")
        bounded({one.key: one.values for one in self.axes})
        for one in self.axes:
            if one.key in self.settings:
                raise RequestError(f"{one.key} is set and swept: allowed is one of the two")

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each axis."""
        return tuple(len(one.values) for one in self.axes)


def shipped_sweeps() -> dict[str, Path]:
    """The files of the sweeps that come with reluflow, by name."""
    folder = Path(str(resources.files("pipeline.sweep") / "examples"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_sweep(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> SweepSpec:
    """Read a sweep's file, or a shipped one by its name.

    Parameters
    ----------
    name_or_path
        The TOML file: ``base``, ``[grid]``, and optionally ``[set]``, ``trajectories``, ``title``,
        ``description``.
    overrides
        Dotted keys of the base that go before those of ``[set]``.

    Raises
    ------
    RequestError

    Examples
    --------
    >>> load_sweep("scale-width-seed").shape
    (9, 6, 20)
    """
    if not isinstance(name_or_path, str | Path):
        raise RequestError(
            f"name_or_path = {shown(name_or_path)}: a shipped sweep's name, or the path of a TOML file, is allowed"
        )
    overrides = {} if overrides is None else overrides
    if not isinstance(overrides, Mapping):
        raise RequestError(f"overrides = {shown(overrides)}: a dictionary of keys is allowed")
    path = _found(name_or_path)
    values = read_toml(path)
    _check(values, path)
    base = values["base"]
    settings = dict(flattened(values.get("set", {}), "set"))
    axes = dict(flattened(values["grid"], "grid"))
    bounded(axes)
    for key in PATHS:  # beside the sweep's file, as a configuration's files are beside it
        if isinstance(settings.get(key), str):
            settings[key] = str(path.parent / settings[key])
        if isinstance(axes.get(key), list):
            axes[key] = [str(path.parent / file) if isinstance(file, str) else file for file in axes[key]]
    return SweepSpec(
        name=run_name(path.stem),
        base=path.parent / base if base not in presets() and base.endswith((".toml", *DATA_FILES)) else base,
        axes=tuple(axis(key, given) for key, given in axes.items()),
        settings=settings | dict(overrides),
        trajectories=values.get("trajectories", False),
        title=values.get("title", ""),
        description=values.get("description", ""),
    )


def _found(name_or_path: str | Path) -> Path:
    shipped = shipped_sweeps()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    path = Path(name_or_path)
    try:
        if path.is_file() or (path.exists() and path.suffix == ".toml"):
            return path  # what is no regular file is refused when it is read
    except OSError as error:  # a name that is too long
        raise RequestError(f"{str(name_or_path)[:60]}: {error.strerror or error}") from None
    if path.suffix == ".toml":
        raise RequestError(f"{name_or_path}: there is no such file")
    if str(name_or_path) in presets():
        raise RequestError(
            f"{name_or_path} is a preset: allowed is a sweep, which can have it for its base; "
            f"`reluflow run {name_or_path}` computes it"
        )
    raise RequestError(
        f"sweep = {str(name_or_path)!r} is not known: allowed are {', '.join(shipped)}, or the path of a TOML file"
    )


def _check(values: Mapping[str, Any], path: Path) -> None:
    """Refuse unknown keys, missing ones and wrong types."""
    if "grid" not in values and "base" not in values and RunConfig.model_fields.keys() & values.keys() - set(KEYS):
        raise RequestError(
            f"{path} is a run, it has no grid: allowed is a sweep; `reluflow run {path}` computes it"
        )
    for key, value in values.items():
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise RequestError(f"{key} is not a known key of a sweep{hint}: allowed are {', '.join(KEYS)}")
        kind, allowed = {
            "trajectories": (bool, "true or false is allowed"),
            "set": (dict, "a table of keys is allowed"),
            "grid": (dict, "a table of keys with their values is allowed"),
        }.get(key, (str, "a text is allowed"))
        if not isinstance(value, kind):
            raise RequestError(f"{key} = {str(value)[:60]!r}: {allowed}")
    if "base" not in values:
        raise RequestError("base is missing: allowed are a preset's name and the path of a TOML file")
    if not values.get("grid"):
        raise RequestError("grid is missing: at least one key with its values is allowed")
