"""The workspace of a run, which the next run gets."""

import numpy as np
import pytest
from students import labelled, student

from pipeline.flow import follow_flow
from pipeline.flow.collocation import workspace
from pipeline.flow.collocation.workspace import lent_state


def spoil(state):
    """Write into every array what no run would: NaN, and numbers of neurons and points that there are not."""
    for part in state:
        if isinstance(part, np.ndarray):
            part[...] = np.nan if part.dtype.kind == "f" else 77
        else:
            spoil(part)


@pytest.mark.parametrize("tolerance", [1e-1, 3e-3, 1e-4])
def test_what_a_run_leaves_changes_no_bit_of_the_next(monkeypatch, tolerance):
    """At each of three ways to take crossings, where neurons slide and where the steps are corrected."""
    kept = []
    monkeypatch.setattr(workspace, "_kept", kept)
    data, init = labelled(*student(200, 3, 5, 4, noise=0.3))
    first = follow_flow(data, init, end_time=200.0, tolerance=tolerance)
    assert len(kept) == 1
    spoil(kept[0][1])
    again = follow_flow(data, init, end_time=200.0, tolerance=tolerance)
    assert any(part.corrected.any() for part in first.parts)
    assert first.slid
    for one, other in zip(first.parts, again.parts, strict=True):
        assert one.time.tobytes() == other.time.tobytes()
        assert one.force.tobytes() == other.force.tobytes()
        assert one.pairs[: one.held[-1, 1]].tobytes() == other.pairs[: other.held[-1, 1]].tobytes()
    assert first.end.w.tobytes() == again.end.w.tobytes()


def test_a_workspace_is_lent_to_one_run_at_a_time(monkeypatch):
    monkeypatch.setattr(workspace, "_kept", [])
    sizes = 3, 2, 64, 64
    with lent_state(sizes, 2, 1024) as first, lent_state(sizes, 2, 1024) as second:
        assert first is not second
    with lent_state(sizes, 2, 1024) as third:
        assert third is second  # it came back first
    with lent_state((3, 2, 72, 64), 2, 1024) as other:
        assert other is not third
    with pytest.raises(KeyboardInterrupt), lent_state(sizes, 2, 1024):
        raise KeyboardInterrupt
    assert not workspace._kept


def test_a_large_workspace_is_given_back(monkeypatch):
    monkeypatch.setattr(workspace, "_kept", [])
    with lent_state((3, 2, 64, 64), 2, 200_000):
        pass
    assert not workspace._kept
