"""The linear algebra library has one thread where its matrices are small, and what it had before afterwards."""

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  its library is one of those that the fixture gives two threads
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline import data_set
from pipeline.minimal_norm import minimum
from pipeline.network.threads import SMALL, one_thread


def threads() -> set[int]:
    """How many threads the linear algebra libraries of this process have."""
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def more_threads():
    """Give the libraries two threads as on a machine of two cores, those at least that take them."""
    with threadpool_limits(limits=2, user_api="blas"):
        found = threads()
        assert 2 in found
        yield found


def test_where_the_library_is_used_it_has_one_thread(more_threads):
    with one_thread(SMALL + 1):
        assert threads() == {1}
    assert threads() == more_threads


def test_the_first_of_two_to_end_leaves_the_other_its_limit(more_threads):
    """As two threads of a server have it: they begin one after the other, and end in the same order."""
    one, other = one_thread(SMALL + 1), one_thread(SMALL + 1)
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert threads() == {1}
    other.__exit__(None, None, None)
    assert threads() == more_threads


def test_for_few_points_nobody_looks_through_the_libraries(more_threads):
    with one_thread(SMALL):
        assert threads() == more_threads


def test_the_minimum_norm_takes_one_thread(monkeypatch):
    """With two, 110 points in 110 dimensions took seven times the processor time."""
    found = []
    monkeypatch.setattr(minimum, "least_norm", lambda *_: found.append(threads()) or "not asked for here")
    generator = np.random.default_rng(0)
    minimum.minimal_norm(data_set(generator.standard_normal((SMALL + 4, 3)), generator.standard_normal(SMALL + 4)))
    assert found == [{1}]
