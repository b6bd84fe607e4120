"""The memory of a solver, by a process of its own."""

from types import SimpleNamespace

import numpy as np

from benchmarks.memory import of_process, table


def test_a_process_says_its_largest_size():
    found = of_process("200x2x5", "reluflow", 1e-2)
    assert found.note == ""
    assert found.peak > 5e7
    assert found.above < 0.5 * found.peak


def test_a_process_that_fails_says_why(monkeypatch):
    failed = SimpleNamespace(returncode=1, stdout="", stderr="Traceback\nKeyError: 'nobody'\n")
    monkeypatch.setattr("benchmarks.memory.subprocess.run", lambda *_, **__: failed)
    unknown = of_process("200x2x5", "nobody", 1e-2)
    assert (unknown.note, np.isnan(unknown.peak)) == ("KeyError: 'nobody'", True)
    assert table([unknown]).row_count == 1
