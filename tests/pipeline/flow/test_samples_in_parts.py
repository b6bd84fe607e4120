"""Samples that are read in parts are those read at once, in memory and on disk."""

import numpy as np
import pytest

from pipeline.flow.samples_in_parts import read_in_parts

TIMES = np.linspace(0.0, 1.0, 7)
M, N, D = 3, 5, 2


def read(times, _watch):
    whole = np.arange(M * N, dtype=float).reshape(M, N)
    return {
        "activation": (np.multiply.outer(times, whole) > 3.0).astype(np.int8),
        "log_norm": np.multiply.outer(times, whole[:, 0]),
        "residual": np.multiply.outer(times, whole[0]),
        "gradient_norm": times**2,
    }


def parts(monkeypatch, at_once, in_memory):
    monkeypatch.setattr("pipeline.flow.samples_in_parts.IN_MEMORY", in_memory)
    told = []
    found = read_in_parts(read, TIMES, (M, N, D), at_once, lambda done, samples: told.append((done, samples)))
    return found, told


@pytest.mark.parametrize("at_once", [1, 400, 10**9])
def test_parts_are_the_whole(monkeypatch, at_once):
    found, told = parts(monkeypatch, at_once, 10**9)
    whole = read(TIMES, None)
    assert list(found) == list(whole)
    for name, values in whole.items():
        assert np.array_equal(found[name], values)
        assert found[name].dtype == values.dtype
    assert told[0] == (0, 7)
    assert told[-1] == (7, 7)


def test_of_too_many_the_neurons_are_on_disk(monkeypatch):
    found, _ = parts(monkeypatch, 10**9, 1)
    whole = read(TIMES, None)
    assert {name for name, values in found.items() if not isinstance(values, np.ndarray)} == {
        "activation",
        "log_norm",
    }
    for name, values in whole.items():
        assert np.array_equal(np.asarray(found[name]), values)


def test_what_is_interrupted_is_read_no_further(monkeypatch):
    first = []

    def stopped(times, watch):
        first.append(times[0])
        watch[0] = 1.0
        return read(times, watch)

    monkeypatch.setattr("pipeline.flow.samples_in_parts.run_interruptibly", lambda work, watch: work())
    assert read_in_parts(stopped, TIMES, (M, N, D), 1, None) == {}
    assert first == [0.0]
