"""What the README says that a command prints is what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.main import main

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def printed(catalog: Path, *words: str) -> list[str]:
    done = CliRunner().invoke(main, ["run", *words, "--catalog", str(catalog)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


def block_after(sentence: str) -> list[str]:
    """The indented lines that follow a sentence of the README."""
    lines = README[README.index(sentence) :].splitlines()[2:]
    end = next(i for i, line in enumerate(lines) if line and not line.startswith("    "))
    return [line.removeprefix("    ") for line in lines[: end - 1]]


def test_the_report_of_the_papers_experiment(tmp_path):
    """The block is what `make run`'s first command prints, line by line, from the table of the phases on."""
    block = block_after("`make run` draws it, and says:")
    said = printed(tmp_path / "catalog", "orthogonal")
    start = said.index(block[0])
    assert said[start : start + len(block)] == block
    assert len(block) == 9


@pytest.mark.parametrize(("time", "place"), [("t2", 0), ("t3", 1)])
def test_the_two_columns_at_1e_1000(tmp_path, time, place):
    said = printed(tmp_path / "catalog", "orthogonal", "--set", "init.log10_scale=-1000")
    (line,) = (line for line in said if f"{time} = " in line)
    pairs = re.findall(r"(\d+) and (\d+)", README[README.index("at 1e-1000 the two columns read") :])
    assert tuple(re.findall(r" (\d+) ", line.replace("  ", "   "))[:2]) == pairs[place]


def test_the_three_lines_in_python(tmp_path):
    """They run as they stand there, on arrays of any kind."""
    found = {"x": [[-1.0], [0.5], [2.0]], "y": [1.0, -1.0, 0.5], "x_new": [[0.0], [1.0]]}
    exec("\n".join(block_after("In Python, from arrays to an answer in three lines:")), found)
    assert found["h"].dims == ("time", "sample")
    assert found["trajectory"].sizes["neuron"] == 100
