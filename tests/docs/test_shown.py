"""No text shows a command, an option, a preset, a make target or a file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shown import commands_in, complaint, text_of, texts, words_of
from writers.commands import paragraphs, walk

from pipeline.configuration import presets
from pipeline.sweep import shipped_sweeps

REPOSITORY = Path(__file__).parents[2]
PAGES = texts(REPOSITORY)
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), flags=re.MULTILINE))


def wrong(words: list[str]) -> str:
    """What is wrong with a command that a text shows; nothing if it is right."""
    if words[0] == "make":
        unknown = [word for word in words[1:] if word not in TARGETS and "=" not in word and word[0] not in "-"]
        return f"no target {', '.join(unknown)}" if unknown else ""
    if words[1:2] in (["run"], ["sweep"]) and len(words) > 2:
        known = presets() if words[1] == "run" else shipped_sweeps()
        name = words[2]
        if not (name in known or name.endswith((".toml", ".csv")) or name.split("|")[0].isupper()):
            return f"no {words[1]} {name!r}"
    return complaint(words)


@pytest.mark.parametrize("page", PAGES, ids=[path.relative_to(REPOSITORY).as_posix() for path in PAGES])
def test_every_command_shown_would_run(page):
    found = [(" ".join(words), wrong(words)) for words in commands_in(text_of(page))]
    assert [(line, why) for line, why in found if why] == []


def test_the_readme_shows_its_commands():
    """Else the test above might find nothing to be wrong."""
    shown = {words[1] for words in commands_in(text_of(REPOSITORY / "README.md")) if len(words) > 1}
    assert {"run", "presets", "sweep", "dashboard", "export", "verify", "bench", "docs", "setup"} <= shown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("reluflow rum orthogonal", "no command 'rum'"),
        ("reluflow run orthogonal --sets a=b", "No such option"),
        ("reluflow run orthogonals", "no run 'orthogonals'"),
        ("reluflow sweep scale-width", "no sweep 'scale-width'"),
        ("reluflow figures orthogonal", "Missing option"),
        ("reluflow export orthogonal a.zip --format tar", "Invalid value"),
        ("reluflow theory ladders", "no command 'ladders'"),
        ("make runs", "no target runs"),
        ("reluflow run orthogonal --set init.width=3 | less", ""),
        ("reluflow list --where 'width == 60'    # a comment", ""),
        ("reluflow show RUN --statements", ""),
        ("make -j2 run CATALOG=here", ""),
    ],
)
def test_a_wrong_command_is_noticed(line, why):
    assert (why in wrong(words_of(line))) if why else wrong(words_of(line)) == ""


@pytest.mark.parametrize(("name", "command"), list(walk()), ids=[name for name, _ in walk()])
def test_every_command_has_examples_that_would_run(name, command):
    said, examples = paragraphs(command)
    assert len(said[0]) > 10
    shown = [words for line in examples for words in commands_in(f"    {line}\n")]
    assert shown, f"{name} --help shows no example"
    assert [(words, wrong(words)) for words in shown if wrong(words)] == []
    assert all(" ".join(words).startswith(name) for words in shown)


def test_the_folders_that_the_readme_names_are_there():
    text = (REPOSITORY / "README.md").read_text()
    for folder in re.findall(r"(?:^    | {3,})([a-z]+/) {2,}", text, flags=re.MULTILINE):
        assert (REPOSITORY / folder).is_dir(), folder
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (REPOSITORY / picture).is_file(), picture
    assert len(text.splitlines()) < 150
