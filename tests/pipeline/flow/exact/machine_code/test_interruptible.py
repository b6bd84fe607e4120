"""A kernel at work while Python listens."""

import signal
import threading
import time

import numpy as np
import pytest

from pipeline.flow.exact.machine_code.interruptible import run_interruptibly


def test_the_result_comes_back_and_who_asked_is_told_how_far_it_is():
    watch, told = np.zeros(3), []

    def work():
        watch[1], watch[2] = 0.5, 1
        while not told:  # for ever, if nobody is told: then the test times out
            time.sleep(0.01)
        return "done"

    assert run_interruptibly(work, watch, lambda now, steps: told.append((now, steps))) == "done"
    assert set(told) <= {(0.0, 0), (0.5, 0), (0.5, 1)}  # it may be asked before, or between the two numbers


def test_an_exception_comes_back_too():
    def work():
        raise ArithmeticError("in the thread")

    with pytest.raises(ArithmeticError, match="in the thread"):
        run_interruptibly(work, np.zeros(3))


def test_ctrl_c_asks_the_work_to_stop_waits_for_it_and_goes_on():
    watch, ended = np.zeros(3), []

    def work():
        while watch[0] == 0.0:
            time.sleep(0.01)
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_interruptibly(work, watch, lambda *_: signal.raise_signal(signal.SIGINT))
    assert ended == [True]


def test_in_another_thread_the_work_is_done_there():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(run_interruptibly(threading.current_thread, np.zeros(3))))
    thread.start()
    thread.join()
    assert seen == [thread]
