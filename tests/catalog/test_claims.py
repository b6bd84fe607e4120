"""Claims: no two living processes take a cell, and what a dead one had taken is free."""

import json
import os
import subprocess
import sys

import pytest

from catalog import claims as claims_module
from catalog import open_catalog
from catalog.claims import SILENCE_SECONDS, Claims, claiming

CELLS = [f"base-{number:012x}" for number in range(6)]


@pytest.fixture
def storage(tmp_path):
    return open_catalog(tmp_path / "catalog").storage


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def of(storage, **more):
    return Claims(storage, "cells/base", "sweep-0", **more)


def left_by(storage, machine, process, cells=CELLS):
    said = {"machine": machine, "process": process, "beats": 1, "cells": cells, "wanted": []}
    storage.write("cells/base/sweep-0-aaaa.claim", json.dumps(said).encode())


def test_two_take_different_cells(storage):
    first, second = of(storage), of(storage)
    assert first.take(CELLS, 4) == CELLS[:4]
    assert second.take(CELLS, 4) == CELLS[4:]
    assert second.take(CELLS, 4) == []
    first.release(CELLS[:2])
    first.write()
    assert second.take(CELLS, 1) == CELLS[:1]


def test_another_sweep_is_no_concern(storage):
    assert of(storage).take(CELLS, 6) == CELLS
    assert Claims(storage, "cells/base", "sweep-1").take(CELLS, 6) == CELLS
    assert Claims(storage, "cells/other", "sweep-0").take(CELLS, 6) == CELLS


def at_once(storage, monkeypatch, instant):
    """Let a second process take cells between two steps of the first one."""
    first, second = of(storage, own_file="sweep-0-a.claim"), of(storage, own_file="sweep-0-b.claim")
    step, method = instant
    original, steps, got = getattr(Claims, method), [], []

    def interleaved(claims, *arguments):
        if claims is first:
            steps.append(method)
            if len(steps) == step:
                got.append(second.take(CELLS, 3))
        return original(claims, *arguments)

    monkeypatch.setattr(Claims, method, interleaved)
    return first.take(CELLS, 3), got[0]


@pytest.mark.parametrize("instant", [(1, "others"), (1, "write"), (2, "others"), (2, "write")])
def test_between_any_two_steps_of_one_the_other_takes_something_else(storage, monkeypatch, instant):
    """Whoever has looked and not yet written, or written and not yet looked again."""
    first, second = at_once(storage, monkeypatch, instant)
    assert set(first).isdisjoint(second)
    assert first or second


def test_of_two_that_want_the_same_the_first_by_name_gets_it(storage, monkeypatch):
    """It waits until the other one has given way."""
    first, second = of(storage, own_file="sweep-0-a.claim"), of(storage, own_file="sweep-0-b.claim")
    second.wanted = set(CELLS[2:5])
    second.write()
    first.wanted = set(CELLS[:3])
    first.write()
    assert second._lost() == {CELLS[2]}

    def gives_way(_):
        second.wanted.clear()
        second.write()

    monkeypatch.setattr(claims_module, "sleep", gives_way)
    assert first._lost() == set()


def test_who_has_gone_on_keeps_what_it_has(storage, monkeypatch):
    first, second = of(storage, own_file="sweep-0-a.claim"), of(storage, own_file="sweep-0-b.claim")
    second.wanted = {CELLS[2]}
    second.write()
    first.wanted = set(CELLS[:3])
    first.write()

    def goes_on(_):
        second.cells, second.wanted = second.wanted, set()
        second.write()

    monkeypatch.setattr(claims_module, "sleep", goes_on)
    assert first._lost() == {CELLS[2]}


def test_what_a_dead_process_of_this_machine_had_taken_is_free_at_once(storage):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    left_by(storage, claims_module.platform.node(), done.pid)
    claims = of(storage)
    assert claims.take(CELLS, 6) == CELLS
    assert storage.names("cells/base") == [claims.own_file]


def test_a_process_of_this_machine_that_lives_is_believed_until_it_is_silent(storage):
    """It may be stopped, or have the number of one that was killed long ago."""
    clock = Clock()
    left_by(storage, claims_module.platform.node(), os.getppid())
    claims = of(storage, clock=clock)
    assert claims.take(CELLS, 6) == []
    clock.seconds = SILENCE_SECONDS
    assert claims.take(CELLS, 6) == CELLS


def test_another_machine_is_dead_when_it_says_nothing_new(storage):
    clock = Clock()
    claims = of(storage, clock=clock)
    left_by(storage, "elsewhere", 1)
    assert claims.take(CELLS, 6) == []
    clock.seconds = SILENCE_SECONDS - 1
    assert claims.take(CELLS, 6) == []
    left_by(storage, "elsewhere", 2)  # it lives
    assert claims.take(CELLS, 6) == []
    clock.seconds += SILENCE_SECONDS - 1
    assert claims.take(CELLS, 6) == []
    clock.seconds += 1
    assert claims.take(CELLS, 6) == CELLS


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [], "machine": "x"}'])
def test_rubbish_claims_nothing(storage, content):
    storage.write("cells/base/sweep-0-aaaa.claim", content)
    claims = of(storage)
    claims.take(CELLS, 6)
    assert claims.cells == set(CELLS)


def test_claims_end_with_the_sweep(storage, monkeypatch):
    monkeypatch.setattr(claims_module, "BEAT_SECONDS", 0.001)

    def interrupted():
        with claiming(storage, "base", "sweep-0") as claims:
            claims.take(CELLS, 2)
            before = storage.read(f"cells/base/{claims.own_file}")
            while storage.read(f"cells/base/{claims.own_file}") == before:
                pass  # it is written anew, so that other machines know that this one lives
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert storage.names("cells/base") == []
