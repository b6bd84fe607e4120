"""A configuration as a TOML file, which ``reluflow run`` accepts as a preset."""

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
    """Write a configuration as a preset file, with every key that has a value.

    Defaults are written, too, so that the file means the same when they change. Loaded from ``NAME.toml`` it
    gives the same run identifier; a file of numbers that it names must be put beside it.

    Parameters
    ----------
    config
        A configuration that was loaded, overridden, or read from a run.
    """
    values: dict[str, Any] = config.model_dump(mode="json", exclude_none=True)
    name = values.pop("name")
    text = HEAD.format(name=name)
    resolved = config.resolved()
    tables = [("data", values["data"], resolved["data"]), ("init", values["init"], resolved["init"])]
    if "test" in values["data"]:
        tables.append(("data.test", values["data"]["test"], resolved["data"]["test"]))
    for table, keys, said in tables:
        digest = keys.pop("file_sha256", None)
        if digest is not None:
            # Without its folder, which is this machine's: the run identifier depends on the content alone.
            keys["file"] = file = said["file"]
            text += BESIDE.format(table=table, file=file, digest=digest)
    return f"{text}\n{tomlkit.dumps(values)}"
