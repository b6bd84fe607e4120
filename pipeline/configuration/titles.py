"""What a run on a preset's settings is called: the preset's name and title hold only while its data do."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.configuration.data_table import TEACHERS, DataConfig
from pipeline.configuration.keys import counted
from pipeline.configuration.tables import RunConfig

NAMES = {
    "points": "points",
    "orthonormal": "orthonormal-points",
    "nearly_orthonormal": "nearly-orthonormal-points",
    "gaussian_teacher": "gaussian-teacher",
    "linear_teacher": "linear-teacher",
    "one_neuron": "one-neuron",
    "opposite_neurons": "opposite-neurons",
    "orthonormal_neurons": "orthonormal-neurons",
    "line": "line",
    "digits": "two-digits",
}
"""For each kind of data the name of runs on it that have no file of their own; none is a preset's."""


@cache
def presets() -> dict[str, Path]:
    """The presets' files by name."""
    folder = Path(str(resources.files("pipeline") / "presets"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def called_by_its_data(config: RunConfig, preset: str, said: set[str]) -> RunConfig:
    """Name a configuration by its data, unless they are those of its preset.

    Parameters
    ----------
    config
        With the name ``preset``, and its title and description where nothing else was said.
    said
        The keys that were overridden: a title or a description among them stays.

    Returns
    -------
    RunConfig
        The same where the data are the preset's. Else it has the name of :data:`NAMES`, and a title that says what
        the data are; the description says whose settings they were.
    """
    if config.data == preset_data(preset):
        return config
    words: dict[str, Any] = {
        "title": title_of(config.data),
        "description": f"The settings of the preset {preset!r}, on other data.",
    }
    names = {"name": NAMES[config.data.kind]}
    return config.model_copy(update=names | {key: text for key, text in words.items() if key not in said})


def named_by_its_data(config: RunConfig, said: set[str]) -> RunConfig:
    """Give a configuration that has no file the name and, unless it was said, the title of its data."""
    title = {} if "title" in said else {"title": title_of(config.data)}
    return config.model_copy(update={"name": NAMES[config.data.kind]} | title)


@cache
def preset_data(name: str) -> DataConfig:
    """The data of a preset."""
    return DataConfig.model_validate(tomllib.loads(presets()[name].read_text(encoding="utf-8"))["data"])


@cache
def preset_words(name: str) -> tuple[str, str]:
    """The title and the description of a preset."""
    values = tomllib.loads(presets()[name].read_text(encoding="utf-8"))
    return values.get("title", ""), values.get("description", "")


def preset_behind(config: RunConfig) -> str | None:
    """The preset whose name, title and data a configuration has; None if they are its own."""
    if config.name not in presets() or config.data != preset_data(config.name):
        return None
    return config.name if (config.title, config.description) == preset_words(config.name) else None


def _teacher_in_words(data: DataConfig) -> str:
    neurons = counted(data.teacher_width, "neuron")
    return {
        "gaussian_teacher": f"a teacher of {neurons}",
        "linear_teacher": "a linear function",
        "one_neuron": "the neuron that they are around",
        "opposite_neurons": "two opposite neurons",
        "orthonormal_neurons": counted(data.teacher_width, "orthonormal neuron"),
        "line": f"the function {data.function}",
    }[data.kind]


def title_of(data: DataConfig) -> str:
    """What the data are, for people."""
    bias = ", with a bias" if data.bias else ""
    if data.kind == "points":
        if data.file is not None:
            return f"The points of {Path(data.file).name}{bias}"
        rows = data.x or [[]]
        return f"{counted(len(rows), 'point')} in {counted(len(rows[0]), 'dimension')}{bias}"
    if data.kind == "digits":
        return f"Images of the digits {data.digits[0]} and {data.digits[1]}{bias}"
    kind = data.kind.replace("_", " ")
    if data.kind in TEACHERS:
        gaussian = "point" if data.kind in ("one_neuron", "line") else "Gaussian point"
        points = f"{counted(data.number, gaussian)} in {counted(data.coordinates, 'dimension')}"
        noise = f" with noise of {data.noise:g}" if data.noise else ""
        return f"{points}, labelled by {_teacher_in_words(data)}{noise}{bias}"
    delta = f" (delta = {data.delta:g})" if data.kind == "nearly_orthonormal" else ""
    return f"{counted(data.number, f'{kind} point')}{delta} in {counted(data.coordinates, 'dimension')}{bias}"
