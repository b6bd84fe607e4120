"""The newest job only, one at a time; failures and closed pages."""

import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import panel as pn
import pytest

from dashboards.computations import SupersededError, superseded
from dashboards.latest_only import LatestOnly


class Document:
    """What of a Bokeh document is used: callbacks run in a loop of their own, one after the other."""

    def __init__(self, destroyed=False):
        self.session_context = SimpleNamespace(destroyed=destroyed)
        self.lock = threading.Lock()

    def add_next_tick_callback(self, callback):
        def locked():
            with self.lock:
                callback()

        threading.Thread(target=locked).start()


@pytest.fixture
def shown(monkeypatch):
    monkeypatch.setattr("dashboards.latest_only.hold", lambda document, freeze: nullcontext())
    return []


def settled(condition):
    while not condition():  # for ever, if it never comes true: then the test times out
        time.sleep(0.005)


def latest(shown, work, **options):
    return LatestOnly(Document(), work, shown.append, lambda error: shown.append(error), **options)


def test_of_many_jobs_only_the_first_and_the_last_are_done(shown):
    begun, gate = threading.Event(), threading.Event()

    def work(job):
        begun.set()
        gate.wait(20)
        return job

    jobs = latest(shown, work)
    jobs.request(0)
    assert begun.wait(20)
    for job in range(1, 50):
        jobs.request(job)
    gate.set()
    settled(lambda: shown[-1:] == [49])
    assert shown == [0, 49]


def test_the_rest_is_done_once_nothing_newer_comes(shown):
    jobs = latest(shown, lambda job: job, rest=lambda job: f"rest of {job}", after=0.2)
    jobs.request(1)
    settled(lambda: shown == [1])
    jobs.request(2)
    settled(lambda: len(shown) == 3)
    assert shown == [1, 2, "rest of 2"]
    jobs.request(3)
    settled(lambda: shown[-1] == "rest of 3")


def test_the_document_is_searched_for_its_models_once_for_the_first_result_alone(monkeypatch):
    frozen, shown = [], []
    monkeypatch.setattr("dashboards.latest_only.hold", lambda _, freeze: nullcontext(frozen.append(freeze)))
    jobs = latest(shown, lambda job: job)
    for job in (1, 2, 3):
        jobs.request(job)
        settled(lambda job=job: shown[-1:] == [job])
    assert frozen == [True, False, False]


def test_a_long_rest_holds_up_no_newer_job_and_is_not_shown_after_it(shown):
    gate = threading.Event()

    def rest(job):
        gate.wait(20)
        return f"rest of {job}"

    jobs = latest(shown, lambda job: job, rest=rest, after=0.05)
    jobs.request(1)
    settled(lambda: jobs.refining)
    jobs.request(2)
    settled(lambda: shown == [1, 2])
    gate.set()
    settled(lambda: shown == [1, 2, "rest of 2"] and not jobs.refining)


def test_a_failure_is_told_and_the_next_job_is_done(shown):

    def work(job):
        if job == "bad":
            raise ValueError("no such run")
        return job

    jobs = latest(shown, work)
    jobs.request("bad")
    settled(lambda: len(shown) == 1)
    jobs.request("good")
    settled(lambda: len(shown) == 2)
    assert str(shown[0]) == "no such run"
    assert shown[1] == "good"


def test_a_page_that_was_closed_is_left_alone(shown):
    jobs = LatestOnly(Document(destroyed=True), lambda job: job, shown.append, shown.append)
    jobs.request(1)
    settled(lambda: not jobs.busy)
    assert shown == []


def test_a_page_that_takes_its_time_gets_the_next_job_too(shown, monkeypatch):
    monkeypatch.setattr("dashboards.latest_only.DELIVERY_SECONDS", 0.02)
    jobs = latest(shown, lambda job: job)
    with jobs.document.lock:
        jobs.request(1)
        settled(lambda: not jobs.job)
        jobs.request(2)
        time.sleep(0.2)
    settled(lambda: sorted(shown) == [1, 2])


def test_outside_a_server_everything_happens_at_once(shown):
    LatestOnly(None, lambda job: 2 * job, shown.append, shown.append, rest=lambda job: -job).request(4)
    assert shown == [8, -4]


def test_outside_a_server_a_failure_is_told_as_in_one(shown):
    LatestOnly(None, lambda job: 1 / job, shown.append, shown.append).request(0)
    assert isinstance(shown[0], ZeroDivisionError)


def test_work_knows_its_page(shown):
    jobs = latest(shown, lambda job: pn.state.curdoc)
    jobs.request(1)
    settled(lambda: shown == [jobs.document])
    assert pn.state.curdoc is None


def test_work_that_a_newer_job_makes_worthless_is_asked_to_end(shown, monkeypatch):
    monkeypatch.setattr("dashboards.latest_only.FINISH_SECONDS", 0.05)
    begun = threading.Event()

    def work(job):
        begun.set()
        if job == "long":
            settled(superseded.get())
            raise SupersededError
        return job

    jobs = latest(shown, work)
    jobs.request("long")
    assert begun.wait(20)
    jobs.request("next")
    settled(lambda: shown == ["next"])


def test_a_rest_is_asked_to_end_once_something_else_is_wanted(shown):
    ended = threading.Event()

    def rest(job):
        if job == 1:
            settled(superseded.get())
            ended.set()
            raise SupersededError
        return f"rest of {job}"

    jobs = latest(shown, lambda job: job, rest=rest, after=0.01)
    jobs.request(1)
    settled(lambda: jobs.refining)
    jobs.request(2)
    settled(lambda: shown == [1, 2, "rest of 2"])
    assert ended.is_set()


def test_twenty_pages_that_wait_hold_up_no_other(shown):
    gate = threading.Event()
    waiting = [latest(shown, lambda job: gate.wait(20)) for _ in range(20)]
    for jobs in waiting:
        jobs.request(1)
    other = latest(shown, lambda job: job)
    other.request("quick")
    settled(lambda: shown == ["quick"])
    gate.set()
    settled(lambda: len(shown) == 21)
