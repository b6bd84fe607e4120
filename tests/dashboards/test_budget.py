"""Computations in processes: whose turn it is, how they end, and what comes back."""

import gc
import os
import threading
import time
import weakref

import pytest

import dashboards.budget
from catalog import UnknownRunError
from dashboards.budget import Budget, StoppedError, TurnQueue
from dashboards.processes import Worker, tell
from pipeline import RequestError


class Visitor:
    pass


def settled(condition):
    while not condition():  # for ever, if it never comes true: then the test times out
        time.sleep(0.005)


def twice(number):
    tell(f"Doubling {number}")
    return 2 * number


def process_of(_):
    return os.getpid()


def rest_for_ever():
    threading.Event().wait()


def refuse(kind):
    raise kind("no such run")


def vanish():
    os._exit(3)


@pytest.fixture
def budget():
    made = Budget(2)
    yield made
    for worker in made.idle:
        worker.end()


def computed(budget, function, *args, visitor=None, wanted=lambda: None, report=lambda words: None):
    return budget.compute(visitor or Visitor(), function, args, wanted, report)


def test_a_result_comes_back_and_what_is_said_meanwhile(budget):
    heard = []
    assert computed(budget, twice, 21, report=heard.append) == 42
    assert heard == ["Doubling 21"]
    assert computed(budget, process_of, None) != os.getpid()


def test_a_visitor_s_next_computation_goes_to_the_same_process(budget):
    visitor = Visitor()
    first = computed(budget, process_of, 0, visitor=visitor)
    assert computed(budget, process_of, 0, visitor=visitor) == first
    budget.forget(visitor)
    assert computed(budget, process_of, 0, visitor=visitor) != first


@pytest.mark.parametrize("kind", [RequestError, UnknownRunError, OSError])
def test_a_failure_arrives_as_what_it_is(budget, kind):
    with pytest.raises(Exception, match="no such run") as raised:
        computed(budget, refuse, kind)
    assert isinstance(raised.value, kind.__mro__[1] if kind is UnknownRunError else kind)
    assert any("in refuse" in note for note in raised.value.__notes__)


def test_a_process_that_ends_by_itself_is_a_failure_and_the_next_one_computes(budget):
    visitor = Visitor()
    with pytest.raises(RuntimeError, match="exit status 3"):
        computed(budget, vanish, visitor=visitor)
    assert computed(budget, twice, 1, visitor=visitor) == 2


def test_what_is_not_wanted_any_more_is_ended_in_the_middle(budget, monkeypatch):
    ended, stop = [], threading.Event()
    monkeypatch.setattr(Worker, "end", lambda worker, end=Worker.end: (ended.append(worker), end(worker)))

    def wanted():
        if stop.is_set():
            raise StoppedError("enough")

    threading.Timer(0.3, stop.set).start()
    with pytest.raises(StoppedError, match="enough"):
        computed(budget, rest_for_ever, wanted=wanted)
    assert not ended[0].alive
    assert not budget.quick.running


def test_what_takes_too_long_is_ended_and_says_where_there_is_no_limit(budget, monkeypatch):
    monkeypatch.setattr(dashboards.budget, "QUICK_SECONDS", 0.1)
    monkeypatch.setattr(dashboards.budget, "TIME_LIMIT_SECONDS", 0.2)
    with pytest.raises(StoppedError, match="`reluflow run` has no limit"):
        computed(budget, rest_for_ever)
    assert not budget.quick.running
    assert not budget.long.running


def test_many_long_computations_let_a_quick_one_pass(budget, monkeypatch):
    """As with four pages of `high-dimensional`, and a fifth visitor."""
    monkeypatch.setattr(dashboards.budget, "QUICK_SECONDS", 0.2)
    stop, stopped, waiting = threading.Event(), [], []

    def wanted():
        if stop.is_set():
            raise StoppedError

    def long():
        with pytest.raises(StoppedError):
            computed(budget, time.sleep, 1e6, wanted=wanted, report=waiting.append)
        stopped.append(1)

    for _ in range(4):
        threading.Thread(target=long, daemon=True).start()
    settled(lambda: sum(budget.long.running.values()) == 2 and len(budget.long.waiting) == 2)
    monkeypatch.setattr(
        dashboards.budget, "QUICK_SECONDS", 60.0
    )  # a process that nobody has forked takes its time to start
    assert computed(budget, abs, -4) == 4
    assert waiting == ["Waiting for the computations of other visitors"] * 2
    stop.set()
    settled(lambda: len(stopped) == 4)
    assert not budget.long.waiting


def test_turns_go_to_whoever_has_least_under_way_and_has_waited_longest():
    lane, greedy, other = TurnQueue(2, 2), Visitor(), Visitor()
    turns, threads = [], []
    assert lane.take_at_once(greedy)
    assert lane.take_at_once(greedy)
    for visitor in (greedy, other, other):
        before = len(lane.waiting)
        threads.append(
            threading.Thread(
                target=lambda visitor=visitor: (lane.take(visitor, lambda: None), turns.append(visitor))
            )
        )
        threads[-1].start()
        settled(lambda before=before: len(lane.waiting) == before + 1)
    assert not lane.take_at_once(other)
    lane.leave(greedy)
    settled(lambda: turns == [other])
    lane.leave(greedy)
    settled(lambda: turns == [other, greedy])
    lane.leave(greedy)
    settled(lambda: turns == [other, greedy, other])
    for thread in threads:
        thread.join()


def test_one_visitor_never_has_all_of_a_lane():
    lane, greedy = TurnQueue(2, 1), Visitor()
    assert lane.take_at_once(greedy)
    assert not lane.take_at_once(greedy)
    assert lane.take_at_once(Visitor())


def test_a_visitor_is_not_kept_by_the_process_that_computed_for_him(budget):
    visitor = Visitor()
    computed(budget, abs, -1, visitor=visitor)
    known = weakref.ref(visitor)
    del visitor
    gc.collect()
    assert known() is None
    assert len(budget.idle) == 1
