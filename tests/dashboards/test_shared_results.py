"""What visitors share: made once, kept up to a limit, and an error is one visitor's alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from dashboards.budget import StoppedError
from dashboards.shared_results import SharedResults


@dataclass
class Result:
    nbytes: int = 1


def test_what_thirty_visitors_ask_for_at_once_is_made_once():
    shared, gate, made = SharedResults(), threading.Event(), []

    def make():
        made.append(Result())
        gate.wait(20)
        return made[-1]

    with ThreadPoolExecutor(30) as threads:
        asked = [threads.submit(shared.get, "run", make) for _ in range(30)]
        gate.set()
        assert all(one.result(20) is made[0] for one in asked)
    assert len(made) == 1
    assert shared.peek("run") is made[0]
    assert shared.peek("another") is None


def test_those_who_waited_for_a_failure_make_it_themselves():
    shared, begun, gate = SharedResults(), threading.Event(), threading.Event()

    def fail():
        begun.set()
        gate.wait(20)
        raise StoppedError("stopped by its visitor")

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(shared.get, "run", fail)
        assert begun.wait(20)
        second = threads.submit(shared.get, "run", lambda: Result(5))
        gate.set()
        with pytest.raises(StoppedError):
            first.result(20)
        assert second.result(20) == Result(5)


def test_a_visitor_who_leaves_does_not_wait_for_another():
    shared, begun, gate = SharedResults(), threading.Event(), threading.Event()

    def make():
        begun.set()
        gate.wait(20)
        return Result()

    def gone():
        raise StoppedError("the page was closed")

    with ThreadPoolExecutor(1) as threads:
        threads.submit(shared.get, "run", make)
        assert begun.wait(20)
        with pytest.raises(StoppedError, match="closed"):
            shared.get("run", make, gone)
        gate.set()


def test_the_results_that_were_not_used_for_longest_are_forgotten():
    shared = SharedResults(limit=100)
    for number in range(5):
        shared.get(number, lambda: Result(20))
    shared.get(0, Result)
    shared.get("new", lambda: Result(20))
    assert [number for number in range(5) if shared.peek(number) is None] == [1]
    shared.get("large", lambda: Result(26))
    assert shared.peek("large") is None
