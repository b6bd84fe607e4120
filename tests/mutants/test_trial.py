import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.core import CORE, Module
from tests.mutants.mutation import mutants
from tests.mutants.trial import examine, passes

TOY = '''"""A toy."""


def sign(number: int = 0) -> int:
    """Say -1, 0 or 1; the 3 and the < here are words."""
    if number < 0:
        return -1
    return not (not number) and 2 - 1
'''
SHARP = "from toy import sign\ndef test_sign():\n    assert [sign(-5), sign(), sign(5)] == [-1, 0, 1]\n"
BLUNT = "from toy import sign\ndef test_sign():\n    sign\n"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def test_each_rule_makes_its_own_fault_and_only_code_has_any():
    found = {(mutant.line, mutant.before, mutant.after) for mutant in mutants(TOY, 99, 0)}
    assert found == {
        (4, "def sign: if number < 0:", "def sign: return"),
        (4, "0", "1"),
        (6, "number < 0", "number >= 0"),
        (6, "0", "1"),
        (7, "1", "2"),
        (8, "not not number and 2 - 1", "not not number or 2 - 1"),
        (8, "not not number", "not not not number"),
        (8, "not number", "not not number"),
        (8, "2 - 1", "2 + 1"),
        (8, "2", "3"),
        (8, "1", "2"),
    }
    assert all(mutant.source != TOY for mutant in mutants(TOY, 99, 0))


def test_a_seed_draws_the_same_mutants_again():
    assert mutants(TOY, 3, 1) == mutants(TOY, 3, 1)
    assert len(mutants(TOY, 3, 1)) == 3
    assert mutants(TOY, 3, 1) != mutants(TOY, 3, 2)


def test_a_mutant_is_killed_by_a_sharp_test_and_survives_a_blunt_one(folder):
    (folder / "test_sharp.py").write_text(SHARP)
    (folder / "test_blunt.py").write_text(BLUNT)
    for tests, survivors in (("test_sharp.py", 0), ("test_blunt.py", 1)):
        verdict = examine(Module("toy.py", (tests,)), folder, 1, 0)
        assert (verdict.tried, verdict.number, len(verdict.survivors)) == (True, 1, survivors)
    assert (folder / "toy.py").read_text() == TOY


def test_tests_that_fail_without_a_mutant_are_not_tried(folder):
    (folder / "test_wrong.py").write_text("def test_wrong():\n    assert False\n")
    verdict = examine(Module("toy.py", ("test_wrong.py",)), folder, 1, 0)
    assert (verdict.tried, verdict.number) == (False, 0)


def test_to_hang_is_to_be_noticed_and_a_lost_test_file_is_no_verdict(folder):
    (folder / "test_slow.py").write_text("import time\ndef test_slow():\n    time.sleep(60)\n")
    assert not passes(["test_slow.py"], folder, interpreted=False, longest=0.5)
    with pytest.raises(RuntimeError, match="status 4"):
        passes(["test_lost.py"], folder, interpreted=False)


def test_every_file_of_the_table_exists():
    named = [word for module in CORE for word in (module.path, *module.tests) if word.endswith(".py")]
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_an_unknown_module_is_one_clear_line():
    command = [sys.executable, "-m", "tests.mutants", "--only", "nowhere"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--only one of: catalog/manifest.py" in done.stderr
