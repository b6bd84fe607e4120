"""The command line's pages, from click's own commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from pipeline.cli.main import main
from writers.schema import escape


def walk(command: click.Command = main, name: str = "reluflow") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before what is in them."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None, word
            yield from walk(found, f"{name} {word}")


def commented(line: str) -> str:
    """An example with what is said beside it as the shell's comment.

    Examples
    --------
    >>> commented("reluflow gc       tidies up")
    'reluflow gc    # tidies up'
    """
    return re.sub(r"(\S)\s{3,}(\S)", r"\1    # \2", line)


def paragraphs(command: click.Command) -> tuple[list[str], list[str]]:
    """What a command's help says, and the lines of its examples."""
    said, examples = [], []
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b\nExamples:"):
            examples = [commented(line.strip()) for line in paragraph.splitlines()[2:]]
        else:
            said.append(" ".join(paragraph.split()))
    return said, examples


def section(name: str, command: click.Command) -> str:
    """One command: its usage, what it does, examples, options."""
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    usage = " ".join(command.collect_usage_pieces(context))
    said, examples = paragraphs(command)
    parts = [f"## `{name}`", f"```text\n{name} {usage}\n```", *map(escape, said)]
    if examples:
        parts.append("```console\n" + "\n".join(f"$ {line}" for line in examples) + "\n```")
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    rows = [
        "| `{}` | {} |".format(option.replace("|", "\\|"), escape(help)) for option, help in filter(None, records)
    ]
    parts.append("\n".join(["| option | what it does |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def write() -> str:
    """A section a command, in the order of ``reluflow --help``."""
    return "\n\n".join(section(name, command) for name, command in walk()) + "\n"
