"""Commands that texts show: found in their code, and read by click without being run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from pipeline.cli.main import main

CODE = re.compile(r"^ *```+[^\n]*\n(.*?)^ *```+|^((?: {4}[^\n]*\n)+)|`([^`\n]+)`", flags=re.MULTILINE | re.DOTALL)
"""Fenced and indented blocks, and code within a line."""
PROMPT = re.compile(r"^(?:[$!] ?)?(?:\.venv/bin/)?(?=(?:reluflow|make)\b(?! *=))")
SHELL = ("|", ">", ">>", "&&", ";", "&")
"""Words at which a command ends for the shell."""


def commands_in(text: str) -> Iterator[list[str]]:
    """The words of each `reluflow ...` and `make ...` in a text's code."""
    for block in CODE.finditer(text):
        code = next(group for group in block.groups() if group is not None)
        for line in map(str.strip, code.splitlines()):
            if PROMPT.match(line):
                yield words_of(PROMPT.sub("", line))
            yield from map(words_of, re.findall(r"\$\((reluflow [^)]*)\)", line))


def words_of(line: str) -> list[str]:
    """The words of a command up to where the shell takes over; what stands three spaces apart explains it."""
    words = shlex.split(re.split(r"\s{3,}", line)[0], comments=True)
    ends = [i for i, word in enumerate(words) if word in SHELL]
    return words[: ends[0]] if ends else words


def complaint(words: list[str]) -> str:
    """What click says against the words of a `reluflow` command; nothing if it would run it."""
    command: click.Command = main
    context, rest = click.Context(main, info_name="reluflow"), words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]!r}"
        command, context, rest = found, click.Context(found, parent=context, info_name=rest[0]), rest[1:]
    if isinstance(command, click.Group) and not rest:
        return ""
    try:
        command.make_context(context.info_name, list(rest), parent=context.parent)
    except click.MissingParameter as error:
        return error.format_message() if rest else ""  # a text that only names the command
    except click.ClickException as error:
        return error.format_message()
    except click.exceptions.Exit:  # --help, --version
        return ""
    return ""


def text_of(path: Path) -> str:
    """A page as Markdown; of a notebook its texts, and its code fenced."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    sources = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    return "\n\n".join(f"```\n{source}\n```" if kind == "code" else source for source, kind in sources) + "\n"


def texts(repository: Path) -> list[Path]:
    """The README and every page of the manual, gallery and notebooks included, but nothing that was built."""
    docs = repository / "docs"
    pages = [path for end in ("md", "ipynb") for path in docs.rglob(f"*.{end}") if "_build" not in path.parts]
    return [repository / "README.md", *sorted(pages)]
