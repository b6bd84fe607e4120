"""Work in a second thread: beside the first one, with its error state, and given up where nobody wants it."""

import threading
import time

import numpy as np
import pytest

from pipeline.workflow.second_thread import in_second_thread

LONG = 30.0
"""Seconds after which a test has failed."""


def test_it_goes_on_while_the_first_one_works():
    begun, go_on = threading.Event(), threading.Event()

    def work():
        begun.set()
        assert go_on.wait(LONG)
        return 3

    with in_second_thread(work) as result:
        assert begun.wait(LONG)
        go_on.set()
        assert result() == 3


def test_its_error_is_the_one_s_who_asks():
    def work():
        raise ValueError("of the work")

    with pytest.raises(ValueError, match="of the work"), in_second_thread(work) as result:
        result()


def test_numpy_warns_as_in_the_first():
    with np.errstate(over="ignore"), in_second_thread(lambda: np.geterr()["over"]) as result:
        assert result() == "ignore"


def test_an_interrupt_gives_it_up_and_waits_until_it_is_gone():
    """A thread that is torn out of a library's code as Python ends crashes it."""
    ended = []

    def work():
        try:
            while True:
                time.sleep(0.001)
        finally:
            ended.append(True)

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt), in_second_thread(work):
        raise KeyboardInterrupt
    assert ended == [True]
    assert threading.active_count() == threads


def test_in_a_server_s_thread_it_is_done_when_asked_for():
    found = []

    def serve():
        with in_second_thread(threading.current_thread) as result:
            found.append(result())

    server = threading.Thread(target=serve)
    server.start()
    server.join()
    assert found == [server]
