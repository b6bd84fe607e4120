"""What a shell is told when somebody presses the tabulator."""

from __future__ import annotations

import pytest

from pipeline.cli.completion import SHELLS


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_the_command(reluflow, shell):
    done = reluflow("completion", shell)
    assert done.exit_code == 0
    assert f"_RELUFLOW_COMPLETE={shell}_complete" in done.stdout


def test_a_shell_that_is_not_known_is_refused(reluflow):
    done = reluflow("completion", "tcsh")
    assert done.exit_code == 2
    assert "bash" in done.stderr


def completed(reluflow, line, **environment):
    """The words that bash would offer."""
    words = line.split(" ")
    asked = {"_RELUFLOW_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return [row.split(",")[1] for row in reluflow(**asked, **environment).stdout.splitlines() if row]


def test_commands_presets_and_options_are_completed(reluflow):
    assert completed(reluflow, "reluflow the") == ["theory"]
    assert {"orthogonal", "orthonormal"} < set(completed(reluflow, "reluflow run ortho"))
    assert completed(reluflow, "reluflow theory ladder small") == ["small-width", "small"]
    assert "--where" in completed(reluflow, "reluflow list --w")


def test_runs_are_completed(reluflow, filled):
    found = completed(reluflow, "reluflow show orthog", RELUFLOW_CATALOG=str(filled))
    assert len(found) == 2
    assert all(name.startswith("orthogonal-") for name in found)
    assert completed(reluflow, f"reluflow verify --catalog {filled} orthon")[0].startswith("orthonormal-")


def test_without_a_catalog_nothing_is_offered_and_nothing_said(reluflow):
    assert completed(reluflow, "reluflow show o") == []
    assert completed(reluflow, "reluflow show o", RELUFLOW_CATALOG="nowhere://at/all") == []
