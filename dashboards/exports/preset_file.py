"""A configuration as a TOML file, which ``reluflow run`` takes as a preset of one's own."""

from __future__ import annotations

from typing import Any

import tomlkit

from pipeline.configuration import RunConfig

HEAD = """\
# A configuration of reluflow. The file's name is the run's: keep it as {name}.toml.
#     reluflow run {name}.toml
"""
BESIDE = "# {table}.file: put {file} beside this file; its SHA-256 is {digest}.\n"


def write_preset(config: RunConfig) -> str:
    """Write a configuration as a preset's file, every key that has a value.

    Defaults are written too, so that the file means the same when they change. Loaded from ``NAME.toml`` it gives
    the same run identifier; a file of numbers that it names goes beside it.

    Parameters
    ----------
    config
        Whatever was loaded, overridden, or read back from a run.
    """
    values: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    name = values.pop("name")
    text = HEAD.format(name=name)
    resolved = config.resolved()
    for table in ("data", "init"):
        digest = values[table].pop("file_sha256", None)
        if digest is not None:
            # The folder is this machine's; the run is named by the content.
            values[table]["file"] = file = resolved[table]["file"]
            text += BESIDE.format(table=table, file=file, digest=digest)
    return f"{text}\n{tomlkit.dumps(values)}"
